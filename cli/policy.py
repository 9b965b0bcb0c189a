"""`klyuchar policy explain`: what every rule answers on a carrier, judged as of now.

Nothing is asked of the agent: the journal tells how the carrier was last seen, the verified
snapshot what the ledger knows, and the seat is looked at afresh.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from cli import policy_replay
from cli.dates import ago, here
from domain.errors import CouldNotAsk, Wrong
from domain.events import Judged
from domain.text import Text
from domain.verdict import Level

if TYPE_CHECKING:
    from agent.settings import AgentSettings
    from agent.snapshot import SnapshotFile
    from cli.policy_which import Seen
    from domain.carrier import Carrier
    from policies.judge import Answer
    from policies.situation import Situation

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_MARKS = {Level.ALLOW: "+", Level.WARN: "!", Level.DENY: "×"}
_EMPTY = Text(ru="", en="")
_APPLY = Text(ru="Сработали правила:", en="These rules apply:")
_DO_NOT = Text(
    ru="Остальные правила спросили и не сработали:", en="The others asked, and do not apply:"
)


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("policy", help="правила и их ответы (rules and their answers)")
    parts = parser.add_subparsers(required=True, metavar="ДЕЙСТВИЕ")
    explain = parts.add_parser(
        "explain", help="что каждое правило говорит о носителе (what each rule says)"
    )
    explain.add_argument(
        "carrier",
        nargs="?",
        metavar="НОСИТЕЛЬ",
        help="номер с корпуса или учётный; без него — единственный вставленный "
        "(serial or account number; without it the only one plugged in)",
    )
    explain.add_argument(
        "--reading",
        choices=("decimal", "hexadecimal"),
        default="",
        help="как читать цифры номера Рутокена (how a Rutoken's digits are meant)",
    )
    explain.set_defaults(run=_explain)
    policy_replay.add(parts)


def _explain(args: argparse.Namespace) -> int:
    from agent.judging import situation
    from agent.settings import load
    from cli.policy_which import read_journal, which
    from policies.judge import answers

    settings = load(args.settings).agent
    try:
        snapshot, seen = _snapshot(settings), read_journal(settings.journal)
    except PermissionError as error:
        raise _no_rights(error) from error
    carrier = which(args.carrier, seen, snapshot, args.reading)
    duplicates = int(carrier in seen.duplicated)
    facts = situation(seen.sighting(carrier), duplicates, snapshot, settings)
    found = answers(facts)
    told = [*_circumstances(carrier, seen, facts), _EMPTY, *_verdict(carrier, facts), _EMPTY]
    if applying := [_answer(one) for one in found if one.finding]:
        told += [_APPLY, *applying, _EMPTY]
    told += [_DO_NOT, *(_answer(one) for one in found if not one.finding)]
    for text in told:
        _print(text.in_language(args.language))
    return 0


def _snapshot(settings: AgentSettings) -> SnapshotFile | None:
    """The snapshot the agent stands on, verified again; None where there is none yet."""
    from agent.snapshot import SnapshotFile

    try:
        enrolment = json.loads(settings.enrolment.read_bytes())
        return SnapshotFile.open(settings.snapshot, bytes.fromhex(enrolment["ledger_key"]))
    except FileNotFoundError:
        return None
    except (KeyError, TypeError, ValueError) as error:
        raise Wrong(
            Text(
                ru=f"Файл подключения {settings.enrolment} испорчен ({error}). Подключите рабочее "
                "место заново: klyuchar enrol.",
                en=f"The enrolment file {settings.enrolment} is broken ({error}). Enrol this "
                "workstation again: klyuchar enrol.",
            )
        ) from error


def _no_rights(error: PermissionError) -> CouldNotAsk:
    return CouldNotAsk(
        Text(
            ru=f"Нет прав читать {error.filename}: это могут администратор и группа klyuchar.",
            en=f"No right to read {error.filename}: root and the group klyuchar may.",
        )
    )


def _circumstances(carrier: Carrier, seen: Seen, facts: Situation) -> list[Text]:
    from domain.names import named

    it, login = named(carrier), facts.seat.login
    return [
        Text(ru=f"{it.ru} ({carrier.model})", en=f"{it.en} ({carrier.model})"),
        _when_seen(carrier, seen),
        Text(
            ru=f"За компьютером: {login or 'узнать нельзя'}.",
            en=f"At the computer: {login or 'can not be told'}.",
        ),
        _books(facts),
    ]


def _when_seen(carrier: Carrier, seen: Seen) -> Text:
    if carrier not in seen.sightings:
        return Text(
            ru="В этот компьютер его не вставляли: что на нём записано, неизвестно.",
            en="It was never plugged in here: what it holds is not known.",
        )
    at = seen.sightings[carrier][0]
    ru, en = here(at, "ru"), here(at, "en")
    if carrier in seen.here:
        return Text(ru=f"Вставлен, прочитан {ru}.", en=f"Plugged in, read {en}.")
    return Text(
        ru=f"Сейчас не вставлен; судим по тому, что видели {ru}.",
        en=f"Not plugged in now; judged by what was seen {en}.",
    )


def _books(facts: Situation) -> Text:
    ledger = facts.ledger
    if ledger is None:
        return Text(ru="Сведений журнала учёта нет.", en="There are no data of the ledger.")
    version, age = ledger.mark.version, ago(ledger.age)
    return Text(
        ru=f"Сведения журнала учёта: версия {version}, составлены {age.ru}.",
        en=f"The ledger's data: version {version}, made {age.en}.",
    )


def _answer(answer: Answer) -> Text:
    rule, finding = answer.rule, answer.finding
    if finding is None:
        return Text(
            ru=f"  · {rule.name} (п. {rule.clause}): {rule.asks.ru}",
            en=f"  · {rule.name} (clause {rule.clause}): {rule.asks.en}",
        )
    mark = _MARKS[finding.level]
    return Text(
        ru=f"  {mark} {rule.name} (п. {rule.clause}): {finding.reason.ru}.",
        en=f"  {mark} {rule.name} (clause {rule.clause}): {finding.reason.en}.",
    )


def _verdict(carrier: Carrier, facts: Situation) -> list[Text]:
    """The verdict in the very words that the live screen has for it."""
    from cli.wording import lines
    from journal.decode import Record
    from policies.judge import judge

    verdict = judge(facts)
    judged = Judged(carrier=carrier, port="", seat=facts.seat.login, verdict=verdict)
    told = lines(Record(seq=0, time="", boot="", host=facts.host, name="Judged", event=judged))
    rule = verdict.deciding.rule
    return [*told, Text(ru=f"Решило правило {rule}.", en=f"Decided by {rule}.")]


def _print(line: str) -> None:
    """Nothing a terminal would obey: a device tells its model itself."""
    from cli.terminal import out
    from cli.wording import printable

    out(" " * (len(line) - len(line.lstrip(" "))) + printable(line), indent="    ")
