"""The responsible user's open cases: read from the file that the ledger keeps beside its socket.

Whoever may use the ledger's socket may read it; for everybody else it is not there. inotify says
when it is written: nothing is asked meanwhile.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from inotify_simple import INotify, flags

from agent.desktop.board import Board
from agent.desktop.notices import of_case

PLACE = Path("/run/klyuchar-ledger/open-cases.json")
KIND = "case:"
MOST = 5
"""Shown at once: of more than these the newest, the ledger has them all."""

_LARGEST = 1 << 20


class OpenCases:
    """Shows on ``board`` the open cases in the file ``path``."""

    def __init__(self, board: Board, language: str, path: Path = PLACE) -> None:
        self._board = board
        self._language = language
        self._path = path
        self._inotify = INotify(nonblocking=True)
        self._watch()
        self.refresh()

    def fileno(self) -> int:
        """Readable when `refresh` has something to do."""
        return int(self._inotify.fileno())

    def on_readable(self) -> None:
        """The file was written, or the ledger's directory came or went."""
        names = {event.name for event in self._inotify.read(timeout=0)}
        if names & {self._path.name, self._path.parent.name, ""}:
            self._watch()
            self.refresh()

    def refresh(self) -> None:
        """Show each open case once, and close those that are closed.

        A file that is not there tells nothing: a ledger that was stopped closes no case.
        """
        cases = _read(self._path)
        if cases is None:
            return
        self._board.keep_only(KIND, {_key(case) for case in cases})
        for case in sorted(cases, key=lambda case: int(case["case"]))[-MOST:]:
            self._board.show(_key(case), of_case(case, self._language))

    def _watch(self) -> None:
        """The directory, or the one above it until that is there."""
        directory = self._path.parent
        try:
            self._inotify.add_watch(directory, flags.MOVED_TO | flags.DELETE_SELF)
        except OSError:
            self._inotify.add_watch(directory.parent, flags.CREATE)


def _key(case: dict[str, Any]) -> str:
    return f"{KIND}{case['case']}"


def _read(path: Path) -> list[dict[str, Any]] | None:
    try:
        with open(path, "rb") as file:
            cases = json.loads(file.read(_LARGEST))
        return [case for case in cases if isinstance(case["case"], int)]
    except (OSError, ValueError, TypeError, KeyError):
        return None
