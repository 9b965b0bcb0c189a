"""What signals ask of the daemon, noted while it works and dealt with between two turns."""

from __future__ import annotations

import signal
import socket


class Signals:
    """From now on SIGTERM and SIGINT ask to ``stop`` and SIGHUP to ``reread`` the settings.

    Readable by poll(2) when one of them came.
    """

    def __init__(self) -> None:
        self.stop = False
        self.reread = False
        self._waking, self._written = socket.socketpair()
        self._waking.setblocking(False)
        self._written.setblocking(False)
        signal.set_wakeup_fd(self._written.fileno())
        signal.signal(signal.SIGHUP, self._ask_to_reread)
        signal.signal(signal.SIGTERM, self._ask_to_stop)
        signal.signal(signal.SIGINT, self._ask_to_stop)

    def fileno(self) -> int:
        return self._waking.fileno()

    def heard(self) -> None:
        """What woke the daemon is taken off the socket; what was asked stays noted."""
        self._waking.recv(64)

    def _ask_to_stop(self, number: int, frame: object) -> None:
        del number, frame
        self.stop = True

    def _ask_to_reread(self, number: int, frame: object) -> None:
        del number, frame
        self.reread = True
