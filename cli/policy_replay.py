"""`klyuchar policy replay`: a workstation's history judged again under other limits.

Exit codes: 0 nothing would be otherwise, 3 something would; as everywhere otherwise.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.dates import here
from cli.terminal import out
from cli.vocabulary import LEVELS
from domain.errors import Wrong
from domain.names import named
from domain.settings import fill, read, whole_number
from domain.text import Text

if TYPE_CHECKING:
    from agent.snapshot import SnapshotFile
    from cli.replaying import Difference, Replay
    from domain.verdict import Verdict

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

DIFFERS = 3


def add(parts: Commands) -> None:
    """Add the command to `klyuchar policy`."""
    parser = parts.add_parser(
        "replay", help="что было бы при других пределах (history under other limits)"
    )
    parser.add_argument(
        "journal", type=Path, metavar="ЖУРНАЛ", help="каталог журнала (the journal's directory)"
    )
    parser.add_argument(
        "--policy",
        required=True,
        metavar="ФАЙЛ",
        help="TOML с пределами в [agent] (TOML with limits in [agent])",
    )
    parser.add_argument(
        "--snapshot",
        type=Path,
        metavar="ФАЙЛ",
        help="снимок журнала учёта, по которому судили (the ledger's snapshot judged on)",
    )
    parser.set_defaults(run=_replay)


def _replay(args: argparse.Namespace) -> int:
    from cli.replaying import Replay
    from cli.wording import printable
    from journal.decode import decode
    from journal.reader import read as read_lines

    given = limits_in(args.policy)
    _expect_whole(args.journal)
    replay = Replay(given=given, snapshot=_snapshot(args))
    count = 0
    for line in read_lines(args.journal):
        for difference in replay.fold(decode(line.raw)):
            count += 1
            out(printable(_told(difference, args.language)), indent="    ")
    for text in _summary(replay, count):
        out(text.in_language(args.language), indent="    ")
    return DIFFERS if count else 0


def limits_in(path: str) -> dict[str, int]:
    """The limits that a file names in its table [agent]; what else the agent knows may stand there
    too, so that a whole klyuchar.toml can be tried. Raises Unfit."""
    from agent.settings import AgentSettings

    others = {each.name for each in fields(AgentSettings)}

    def made(document: dict[str, Any]) -> dict[str, int]:
        table = document.get("agent")
        if isinstance(table, dict):
            table = {
                name: value for name, value in table.items() if name in _NAMES or name not in others
            }
        filled = fill(Limits, table, "[agent]")
        return {name: getattr(filled, name) for name in _NAMES if name in (table or {})}

    given = read(path, made, Text(ru="Пределы", en="Limits"))
    if not given:
        raise Wrong(
            Text(
                ru=f"В {path} нет ни одного предела: нужны {', '.join(_NAMES)} в таблице [agent].",
                en=f"{path} names no limit: {', '.join(_NAMES)} in the table [agent] are meant.",
            )
        )
    return given


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits that rules look at, as `agent.settings` has them."""

    snapshot_warn_s: int = whole_number(24 * 3600, 60, 366 * 24 * 3600)
    snapshot_deny_s: int = whole_number(7 * 24 * 3600, 60, 366 * 24 * 3600)
    key_ending_days: int = whole_number(30, 0, 366)


_NAMES = tuple(each.name for each in fields(Limits))


def _expect_whole(directory: Path) -> None:
    """A journal that was changed tells no history."""
    from journal.segments import segments
    from journal.verify import verify

    if not segments(directory):
        raise Wrong(
            Text(
                ru=f"В каталоге {directory} нет журнала.", en=f"There is no journal in {directory}."
            )
        )
    breach = verify(directory, public_key=None).breach
    if breach is not None:
        raise Wrong(
            Text(
                ru=f"ЖУРНАЛ НАРУШЕН, судить по нему нельзя: запись № {breach.seq}: "
                f"{breach.what.ru}. Подробнее: klyuchar journal verify.",
                en=f"THE JOURNAL IS BROKEN and tells no history: record No. {breach.seq}: "
                f"{breach.what.en}. More: klyuchar journal verify.",
            )
        )


def _snapshot(args: argparse.Namespace) -> SnapshotFile | None:
    """The snapshot named, signed by the ledger that this workstation is enrolled at."""
    from agent.settings import load
    from agent.snapshot import SnapshotFile

    if args.snapshot is None:
        return None
    enrolment = json.loads(load(args.settings).agent.enrolment.read_bytes())
    return SnapshotFile.open(args.snapshot, bytes.fromhex(enrolment["ledger_key"]))


def _told(difference: Difference, language: str) -> str:
    record, judged = difference.record, difference.judged
    it = named(judged.carrier) if judged.carrier else Text(ru="Неопознанный", en="Unidentified")
    was, would_be = _level(judged.verdict, language), _level(difference.would_be, language)
    at, name = here(record.time, language), it.in_language(language)
    return f"№ {record.seq} {at} {name}: {was} → {would_be}"


def _level(verdict: Verdict, language: str) -> str:
    deciding = verdict.deciding
    rules = ", ".join(finding.rule for finding in verdict.findings)
    return f"{LEVELS[deciding.level].in_language(language)} ({rules})"


def _summary(replay: Replay, count: int) -> list[Text]:
    told = [
        Text(
            ru=f"Различий: {count}. Пересужено по всем правилам: {replay.whole}; только по "
            f"возрасту сведений журнала учёта, остальное как записано: {replay.partly}.",
            en=f"Differences: {count}. Judged again by all rules: {replay.whole}; by the age of "
            f"the ledger's data alone, all else as recorded: {replay.partly}.",
        )
    ]
    for why, number in replay.not_judged.items():
        told.append(
            Text(
                ru=f"НЕ пересужено: {number}, потому что {why.ru}.",
                en=f"NOT judged again: {number}, because {why.en}.",
            )
        )
    return told
