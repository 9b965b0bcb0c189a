"""Telling systemd how we are: sd_notify(3), the protocol being one datagram."""

from __future__ import annotations

import os
import socket
import time


class ServiceManager:
    """The service manager that started us, if one did."""

    def __init__(self) -> None:
        self._address = os.environ.get("NOTIFY_SOCKET", "").replace("@", "\0", 1)

    def reloading(self) -> None:
        """Settings are being read again, until READY=1 is told."""
        self.tell(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")

    def tell(self, state: str) -> None:
        """Send ``state``, e.g. "READY=1"; silently nothing where no manager listens."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sending:
            try:
                sending.sendto(state.encode(), self._address)
            except OSError:
                return
