"""`klyuchar demo`: plays the carriers of the demonstration."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from domain.errors import Wrong
from domain.text import Text

if TYPE_CHECKING:
    from pathlib import Path

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_DONE = {
    "insert": Text(
        ru="Вставлен. Вердикт — в окне, где работает make run.",
        en="Inserted. The verdict is in the window where make run runs.",
    ),
    "remove": Text(
        ru="Вынут. Если за три секунды не вернётся, агент запишет, что его вынули.",
        en="Removed. Unless it is back within three seconds, the agent records a pull.",
    ),
}


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
    if args.action == "list":
        _list(tokens, args.language)
        return 0
    play = demo.insert if args.action == "insert" else demo.remove
    play(args.name, drawer, tokens, settings.demo_socket)
    print(_DONE[args.action].in_language(args.language))
    return 0


def _list(tokens: Path, language: str) -> None:
    from cli.demonstration import CARRIERS
    from cli.terminal import out

    for name, story in CARRIERS.items():
        inserted = (tokens / name).exists()
        state = Text(ru="вставлен", en="inserted") if inserted else Text(ru="вынут", en="out")
        told = f"{name:12}{state.in_language(language):12}{story.in_language(language)}"
        out(told, indent=" " * 24)
