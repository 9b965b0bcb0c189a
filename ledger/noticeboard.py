"""The open cases in a file beside the officer's socket: what desktops of officers follow.

A file that changes wakes whoever watches it; an interface would have to be asked. Who may use the
socket may read the file. It is a copy for now only: lost or stale, it costs a notice and no record.
"""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from pathlib import Path

from ledger import lists
from ledger.store import Reading, Row

NAME = "open-cases.json"
MOST = 200
"""Of more open cases than these the newest are told."""

_FOR_THE_GROUP = 0o640


class Noticeboard:
    """Keeps the file in ``directory`` as the ledger's cases are."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / NAME
        self._lock = threading.Lock()
        self._told: Row | None = None

    def refresh(self, reading: Reading) -> None:
        """Write the file if a case was opened or closed since it was written.

        Cheap where none was. A directory that can't be written to holds up nothing.
        """
        with self._lock:
            now = reading.one("SELECT count(*), count(closed) FROM cases")
            if now == self._told:
                return
            cases = lists.open_cases(reading)[-MOST:]
            with suppress(OSError):
                self._write(json.dumps(cases, ensure_ascii=False))
                self._told = now

    def take_down(self) -> None:
        """Nobody keeps the file any more."""
        with suppress(OSError):
            self._path.unlink()

    def _write(self, content: str) -> None:
        new = self._path.with_name(f"{NAME}.new")
        new.write_text(content)
        new.chmod(_FOR_THE_GROUP)
        os.replace(new, self._path)
