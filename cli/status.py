"""`klyuchar status`: how this workstation is, told from its journal, snapshot and cursors alone.

Nothing is asked of the agent: what it wrote is what it knows.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from domain.carrier import Carrier
from domain.events import (
    Blind,
    Event,
    Identified,
    Judged,
    Missed,
    Reenumerated,
    Seeing,
    Started,
    Stopped,
)
from domain.text import Text
from domain.verdict import Level

if TYPE_CHECKING:
    from agent.settings import Settings
    from journal.decode import Record

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("status", help="состояние рабочего места (workstation's state)")
    parser.add_argument("--json", action="store_true", help="для программ (for programs)")
    parser.set_defaults(run=_run)


@dataclass(slots=True)
class Standing:
    """The journal folded since the agent's last start."""

    started: Started | None = None
    since: str = ""
    stopped: bool = False
    seq: int = 0
    carriers: dict[Carrier, Judged | None] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)

    def fold(self, record: Record) -> None:
        """Take one more record into account."""
        self.seq = record.seq
        if isinstance(record.event, Started):
            self.started, self.since, self.stopped = record.event, record.time, False
            self.carriers, self.blind = {}, {}
        elif record.event is not None:
            self._fold_event(record.event)

    def _fold_event(self, event: Event) -> None:
        match event:
            case Stopped():
                self.stopped = True
            case Identified(sighting=sighting) | Reenumerated(sighting=sighting):
                self.carriers[sighting.carrier] = None
            case Missed(carrier=carrier):
                self.carriers.pop(carrier, None)
            case Judged(carrier=Carrier() as carrier) if carrier in self.carriers:
                self.carriers[carrier] = event
            case Blind(what=what, reason=reason):
                self.blind[what] = reason
            case Seeing(what=what):
                self.blind.pop(what, None)
            case _:
                pass


def _run(args: argparse.Namespace) -> int:
    from agent.settings import load

    settings = load(args.settings)
    report = gather(settings)
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        _print(report, args.language)
    return 0 if report["agent"]["running"] else 1


def gather(settings: Settings) -> dict[str, Any]:
    """Everything `status` knows, as JSON."""
    from journal.decode import decode
    from journal.reader import Cursor, read
    from journal.writer import is_locked

    standing = Standing()
    for line in read(settings.agent.journal):
        standing.fold(decode(line.raw))
    acknowledged = Cursor(settings.courier.state / "acknowledged").value
    started = standing.started
    return {
        "agent": {
            "running": is_locked(settings.agent.journal),
            "version": started.version if started else "",
            "since": standing.since,
        },
        "watching": list(started.watching) if started else [],
        "modules": list(started.modules) if started else [],
        "polling": {"cards_in_readers_every_s": settings.agent.reader_poll_s},
        "blind": standing.blind,
        "carriers": [_carrier(*pair) for pair in standing.carriers.items()],
        "snapshot": _snapshot(settings),
        "journal": {"records": standing.seq, "not_shipped": standing.seq - acknowledged},
    }


def _carrier(carrier: Carrier, judged: Judged | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "maker": carrier.maker.value,
        "model": carrier.model,
        "serial": carrier.spelled(),
    }
    if judged is not None:
        deciding = judged.verdict.deciding
        told["verdict"] = deciding.level.value
        told["rule"] = deciding.rule
        told["clause"] = deciding.clause
        told["reason"] = {"ru": deciding.reason.ru, "en": deciding.reason.en}
    return told


def _snapshot(settings: Settings) -> dict[str, Any] | None:
    import os

    from agent.snapshot import age_of, now_utc
    from domain.snapshot import read_header

    try:
        descriptor = os.open(settings.agent.snapshot, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        header = read_header(lambda offset, size: os.pread(descriptor, size, offset))
    finally:
        os.close(descriptor)
    return {
        "version": header.mark.version,
        "made_at": header.mark.made_at,
        "age_s": age_of(header.mark, now_utc()),
        "entries": header.entries,
    }


def _print(report: dict[str, Any], language: str) -> None:
    def say(ru: str, en: str) -> None:
        print(Text(ru=ru, en=en).in_language(language))

    agent, snapshot = report["agent"], report["snapshot"]
    if agent["running"]:
        say(
            f"Агент работает с {agent['since']}, версия {agent['version']}.",
            f"The agent has been running since {agent['since']}, version {agent['version']}.",
        )
    else:
        say("Агент не запущен.", "The agent is not running.")
    watching, modules = ", ".join(report["watching"]), ", ".join(report["modules"])
    say(f"Наблюдение: {watching}. Модули: {modules}.", f"Watching {watching}; modules {modules}.")
    every = report["polling"]["cards_in_readers_every_s"]
    say(
        f"Карты в стоящих считывателях видны только опросом, раз в {every} с.",
        f"Cards in standing readers are only seen by polling, every {every} s.",
    )
    for what, reason in report["blind"].items():
        say(f"НЕ ВИДНО: {what} ({reason}).", f"BLIND: {what} ({reason}).")
    if snapshot is None:
        say("Сведений журнала учёта ещё нет.", "There is no ledger snapshot yet.")
    else:
        minutes = snapshot["age_s"] // 60
        say(
            f"Сведения журнала учёта: версия {snapshot['version']}, возраст {minutes} мин, "
            f"носителей {snapshot['entries']}.",
            f"Ledger snapshot: version {snapshot['version']}, {minutes} min old, "
            f"{snapshot['entries']} carriers.",
        )
    journal = report["journal"]
    say(
        f"Записей в журнале агента: {journal['records']}, "
        f"ещё не передано: {journal['not_shipped']}.",
        f"Journal records: {journal['records']}, not shipped yet: {journal['not_shipped']}.",
    )
    if not report["carriers"]:
        say("Носителей сейчас нет.", "No carriers are here now.")
    for carrier in report["carriers"]:
        print(f"  {carrier['model']} № {carrier['serial']}: {_verdict(carrier, language)}")


def _verdict(carrier: dict[str, Any], language: str) -> str:
    from cli.wording import LEVELS

    if "verdict" not in carrier:
        return Text(ru="вердикта ещё нет.", en="no verdict yet.").in_language(language)
    level = LEVELS[Level(carrier["verdict"])].in_language(language)
    return f"{level}. {carrier['reason'][language]}."
