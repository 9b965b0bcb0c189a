"""`klyuchar demo`: plays the carriers of the demonstration."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from domain.errors import Wrong
from domain.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo", help="вставить или вынуть носитель из показа (play a demonstration carrier)"
    )
    actions = parser.add_subparsers(required=True, metavar="ДЕЙСТВИЕ")
    for action, help_text in (
        ("insert", "вставить (insert)"),
        ("remove", "вынуть (remove)"),
        ("list", "какие есть (list)"),
    ):
        one = actions.add_parser(action, help=help_text)
        if action != "list":
            one.add_argument("name", metavar="ИМЯ", help="имя носителя (see: klyuchar demo list)")
        one.set_defaults(run=_run, action=action)


def _run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from agent.settings import load
    from drivers import demo

    settings = load(args.settings).agent
    if not settings.demo_socket:
        raise Wrong(
            Text(
                ru="В этих настройках показа нет. Показ запускается командой make run.",
                en="These settings have no demonstration. Start one with make run.",
            )
        )
    tokens = Path(settings.demo_tokens)
    drawer = tokens.parent / "drawer"
    match args.action:
        case "insert":
            demo.insert(args.name, drawer, tokens, settings.demo_socket)
        case "remove":
            demo.remove(args.name, drawer, tokens, settings.demo_socket)
        case _:
            _list(tokens, args.language)
    return 0


def _list(tokens: Path, language: str) -> None:
    from cli.demonstration import CARRIERS

    for name, story in CARRIERS.items():
        inserted = (tokens / name).exists()
        state = Text(ru="вставлен", en="inserted") if inserted else Text(ru="вынут", en="out")
        print(f"{name:12}{state.in_language(language):12}{story.in_language(language)}")
