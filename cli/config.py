"""`klyuchar config`: are the settings in order, and which are in force."""

from __future__ import annotations

import argparse
import json
import tomllib
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.terminal import out
from domain.settings import Unfit, located
from domain.text import Text

if TYPE_CHECKING:
    from cli.config_checks import Remark

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_COULD_NOT_ASK = 75
_OTHERS = frozenset({"inbox", "journal", "mail"})
"""Members of the settings that are no settings of a table of their own."""


def add(commands: Commands) -> None:
    """Add the command and its two parts to the parser."""
    parser = commands.add_parser("config", help="настройки (settings)")
    parts = parser.add_subparsers(required=True, metavar="ДЕЙСТВИЕ")
    for name, purpose, run in (
        ("check", "в порядке ли настройки (are they in order)", _check),
        ("show", "какие настройки действуют (which are in force)", _show),
    ):
        part = parts.add_parser(name, help=purpose)
        # A file may be named behind the command too, as people try.
        part.add_argument(
            "--settings", metavar="ФАЙЛ", default=argparse.SUPPRESS, help="файл (the file)"
        )
        part.set_defaults(run=run)


def _check(args: argparse.Namespace) -> int:
    faults, remarks = findings(args.settings)
    wrong = [*faults, *(each.what for each in remarks if not each.unseen)]
    unseen = [each.what for each in remarks if each.unseen]
    for text in (*wrong, *unseen):
        out(f"{args.settings}: {text.in_language(args.language)}", indent="    ")
    if wrong:
        return 1
    said = Text(ru="в порядке", en="in order")
    if unseen:
        said = Text(
            ru="ошибок не найдено, но проверено не всё: повторите от root",
            en="no faults were found, but not all could be looked at: repeat as root",
        )
    out(f"{args.settings}: {said.in_language(args.language)}.")
    return _COULD_NOT_ASK if unseen else 0


def findings(path: str) -> tuple[list[Text], list[Remark]]:
    """What is wrong in the file itself, and what is to be said of what it names."""
    import agent.settings
    import ledger.settings
    from cli import config_checks

    faults: list[Text] = []
    remarks: list[Remark] = []
    try:
        remarks += config_checks.of_workstation(agent.settings.load(path))
    except Unfit as error:
        faults += error.faults
    try:
        if _has_ledger(path):
            remarks += config_checks.of_ledger(ledger.settings.load(path))
    except Unfit as error:
        faults += [each for each in error.faults if each not in faults]
    return faults, [_with_line(remark, path) for remark in remarks]


def _has_ledger(path: str) -> bool:
    """Whether the file has a table [ledger], which a workstation does not need; True where it
    can't be read, which is said by whoever reads it."""
    try:
        return "ledger" in tomllib.loads(Path(path).read_text())
    except (OSError, ValueError):
        return True


def _with_line(remark: Remark, path: str) -> Remark:
    return replace(remark, what=located(remark.what, Path(path).read_text()))


def _show(args: argparse.Namespace) -> int:
    from agent.settings import load
    from ledger.settings import load as load_ledger

    settings, books = load(args.settings), load_ledger(args.settings)
    tables = {"agent": settings.agent, "courier": settings.courier, "ledger": books}
    if books.mail is not None:
        tables["ledger.mail"] = books.mail
    for name, table in tables.items():
        print(f"[{name}]")
        for line in _lines(table, args.language):
            print(line)
        print()
    return 0


def _lines(table: Any, language: str) -> Iterator[str]:
    default = Text(ru="по умолчанию", en="the default").in_language(language)
    for setting in fields(table):
        if setting.name in _OTHERS:
            continue
        value = getattr(table, setting.name)
        shown = list(value) if isinstance(value, tuple) else value
        if isinstance(shown, Path):
            shown = str(shown)
        mark = f"  # {default}" if value == setting.default else ""
        yield f"{setting.name} = {json.dumps(shown, ensure_ascii=False)}{mark}"
