"""The programs of a foreground run: started as systemd would start them, ended with this one."""

from __future__ import annotations

import ctypes
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

_STOPPING_S = 1.5
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Programs:
    """The programs that run now, by name; each is a Python module of ours."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, module: str, *arguments: str) -> None:
        """In a session of its own, so that Ctrl-C reaches only us, and gone when we are."""
        self._running[name] = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            env=dict(self._environment),
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  we have one thread
        )

    def code(self, name: str) -> int | None:
        """The exit code of ``name``; None where it runs, 0 where it was never started."""
        program = self._running.get(name)
        return program.poll() if program else 0

    def end(self) -> None:
        """Ask all to end and kill what does not."""
        for program in self._running.values():
            if program.poll() is None:
                program.terminate()
        deadline = time.monotonic() + _STOPPING_S
        for program in self._running.values():
            try:
                program.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
