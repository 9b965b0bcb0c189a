"""`klyuchar status --json` for those on the bus: the command itself, run once at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable

DEADLINE_S = 20.0
_LARGEST = 256 << 10

Then = Callable[[str], None]


class Report:
    """Runs the command; ``settings`` is the file it reads. Whoever asks meanwhile gets the same."""

    def __init__(self, settings: str) -> None:
        command = [sys.executable, "-I", "-m", "cli.main"]
        self._command = [*command, "--settings", settings, "status", "--json"]
        self._running: subprocess.Popen[bytes] | None = None
        self._waiting: list[Then] = []
        self._until = 0.0
        self._said = bytearray()

    @property
    def next_due(self) -> float | None:
        """When `on_time` wants to be called (monotonic)."""
        return self._until if self._running else None

    def fileno(self) -> int | None:
        """To be polled for reading while the command runs."""
        return self._pipe(self._running) if self._running else None

    def ask(self, then: Then) -> None:
        """``then`` is called with the JSON, or with "" where there is none in time."""
        self._waiting.append(then)
        if self._running is None:
            self._said.clear()
            self._until = time.monotonic() + DEADLINE_S
            self._running = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
            )

    def on_readable(self) -> None:
        """Take what the command said."""
        if self._running is None:
            return
        chunk = os.read(self._pipe(self._running), _LARGEST)
        self._said += chunk
        if not chunk or len(self._said) > _LARGEST:
            self._end(bytes(self._said) if not chunk else b"")

    def on_time(self, now: float) -> None:
        """End a command that takes too long."""
        if self._running is not None and self._until <= now:
            self._end(b"")

    def _end(self, said: bytes) -> None:
        assert self._running is not None
        assert self._running.stdout is not None
        self._running.kill()
        self._running.wait()
        self._running.stdout.close()
        self._running = None
        waiting, self._waiting = self._waiting, []
        for then in waiting:
            then(said.decode("utf-8", "replace").strip())

    def _pipe(self, running: subprocess.Popen[bytes]) -> int:
        assert running.stdout is not None
        return running.stdout.fileno()
