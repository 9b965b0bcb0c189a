"""`klyuchar run`: ledger, agent, workers and courier in the foreground, with a demonstration.

Under systemd each of these is a unit of its own; here this process stands in for systemd: it
accepts the workers' connections, starts the courier when the journal grows, and follows the
journal to the screen. The programs it starts are the same ones.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run", help="запустить всё на этом компьютере (run everything here, in the foreground)"
    )
    parser.add_argument("--state", default="var", metavar="ПАПКА", help="где хранить (state)")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from pathlib import Path

    from cli.foreground import Foreground
    from cli.layout import prepare

    layout = prepare(Path(args.state).resolve())
    with Foreground(layout, args.language) as foreground:
        return foreground.run()
