"""Workers for tests: the launcher that `klyuchar run` uses, and an eye driven to its answer."""

from __future__ import annotations

import os
import select
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from drivers.activation import Activation
from drivers.eye import Eye, Look

REPOSITORY = Path(__file__).resolve().parent.parent


class Workers:
    """A socket that starts a worker for each connection; a context manager.

    The environment is that of the tests with ``env`` over it. Nothing runs by itself: `look` and
    `turn` serve the socket.
    """

    def __init__(self, env: Mapping[str, str] | None = None) -> None:
        # AF_UNIX paths are limited to 107 bytes: pytest's directories may be longer.
        self._directory = tempfile.mkdtemp(prefix="kl", dir="/tmp")
        self.socket_path = str(Path(self._directory) / "worker.sock")
        inherited = {"PYTHONPATH": str(REPOSITORY), "PYTHONDONTWRITEBYTECODE": "1"}
        self.command = [sys.executable, "-m", "drivers.worker"]
        self.env = os.environ | inherited | dict(env or {})
        self.activation = Activation(self.socket_path, self.command, env=self.env)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.activation.close()
        shutil.rmtree(self._directory)

    def look(self, eye: Eye, timeout: float = 60.0) -> Look:
        """Ask the eye and serve both sides until it answers."""
        eye.look(time.monotonic())
        return self.answer(eye, timeout)

    def answer(self, eye: Eye, timeout: float = 60.0) -> Look:
        """Serve both sides until the eye answers what it was asked."""
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            look = self.turn(eye)
            if look is not None:
                return look
        raise AssertionError(f"no look within {timeout} s")

    def turn(self, eye: Eye, patience_s: float = 0.05) -> Look | None:
        """One turn of an agent's loop with one eye."""
        poll = select.poll()
        poll.register(self.activation.fileno(), select.POLLIN)
        if (fd := eye.fileno()) is not None:
            poll.register(fd, select.POLLIN)
        now = time.monotonic()
        left = patience_s if eye.deadline is None else min(patience_s, eye.deadline - now)
        ready = {fd for fd, _ in poll.poll(max(0, int(left * 1000) + 1))}
        if self.activation.fileno() in ready:
            self.activation.accept()
        self.activation.reap()
        now = time.monotonic()
        if eye.fileno() in ready and (look := eye.on_readable(now)) is not None:
            return look
        if eye.deadline is not None and eye.deadline <= now:
            return eye.on_deadline(now)
        return None
