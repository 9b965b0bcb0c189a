"""Asked to look: a trigger from outside, for whoever may ask the agent to read the slots again.

A request carries nothing, so there is nothing to believe; who may send one is decided by the
socket's mode and, before it, by whoever stands between it and people (`agent.dbus`).
"""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from domain.errors import CouldNotAsk
from domain.sighting import Device
from domain.text import Text
from drivers.watch import Asked, Change

NAME = "rescan.sock"
"""The socket's name in the agent's runtime directory."""

_AGAIN_S = 1.0
"""The looks that one request causes go on for as long: another within them adds nothing."""


class RescanWatch:
    """Listens at ``path``, for its owner and group only."""

    name = "on request"

    def __init__(self, path: str) -> None:
        Path(path).unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        umask = os.umask(0o117)
        try:
            self._socket.bind(path)
        finally:
            os.umask(umask)
        self._asked_at = float("-inf")

    def fileno(self) -> int:
        return self._socket.fileno()

    def present(self) -> list[Device]:
        """None: it sees nothing itself."""
        return []

    def check(self, now: float) -> list[Change]:
        """Nothing: who asks is heard."""
        del now
        return []

    def changes(self) -> list[Change]:
        """One trigger, however often it was asked since the last call."""
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(1)
        now = time.monotonic()
        if now - self._asked_at < _AGAIN_S:
            return []
        self._asked_at = now
        return [Asked()]


def ask(path: str) -> None:
    """Have the agent look again. Raises CouldNotAsk where none listens at ``path``."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
        sending.setblocking(False)
        try:
            sending.sendto(b"?", path)
        except BlockingIOError:
            return  # its queue is full of the same request
        except OSError as error:
            raise CouldNotAsk(
                Text(
                    ru="Агент не отвечает: он не запущен. Запустите его: systemctl start "
                    "klyuchar-agent.",
                    en="The agent does not answer: it is not running. Start it: systemctl start "
                    "klyuchar-agent.",
                )
            ) from error
