"""`klyuchar enrol`: connects this workstation to its ledger."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from domain.text import Text

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "enrol", help="подключить рабочее место к журналу учёта (enrol this workstation)"
    )
    parser.add_argument("code", metavar="КОД", nargs="?", help="одноразовый код (one-time code)")
    parser.add_argument(
        "--fingerprint",
        metavar="ОТПЕЧАТОК",
        help="отпечаток ключа журнала, чтобы не спрашивать (for unattended installation)",
    )
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from agent.enrolment import enrol
    from agent.settings import load
    from cli.ask import ask

    question = Text(ru="Одноразовый код подключения", en="One-time enrolment code")
    code = args.code or ask(question, args.language, missing="КОД")
    settings = load(args.settings)

    def confirm(shown: str) -> bool:
        if args.fingerprint:
            return _digits(args.fingerprint) == _digits(shown)
        print(
            Text(
                ru=f"Отпечаток ключа журнала учёта:\n\n    {shown}\n\nСверьте его с тем, что "
                "показывает команда klyuchar ledger fingerprint на компьютере журнала.",
                en=f"The fingerprint of the ledger's key:\n\n    {shown}\n\nCompare it with what "
                "klyuchar ledger fingerprint shows on the ledger's machine.",
            ).in_language(args.language)
        )
        same = Text(ru="Совпадает? (да/нет)", en="Is it the same? (yes/no)")
        answer = ask(same, args.language, missing="--fingerprint")
        return answer.strip().lower() in {"да", "yes", "y", "д"}

    enrol(settings, code, confirm)
    print(
        Text(
            ru=f"Рабочее место {settings.agent.host} подключено к журналу учёта.",
            en=f"The workstation {settings.agent.host} is enrolled.",
        ).in_language(args.language)
    )
    return 0


def _digits(fingerprint: str) -> str:
    """A fingerprint however it is grouped."""
    return "".join(character for character in fingerprint.lower() if character.isalnum())
