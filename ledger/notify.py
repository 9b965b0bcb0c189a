"""Telling systemd how the ledger is: sd_notify(3), the protocol being one datagram."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

from ledger.office import Office


def notify(state: str) -> None:
    """Tell systemd, where it asked to be told, e.g. "READY=1"; silence is not an error."""
    place = os.environ.get("NOTIFY_SOCKET", "")
    if not place:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender, contextlib.suppress(OSError):
        sender.sendto(state.encode(), "\0" + place[1:] if place.startswith("@") else place)


async def keep_watchdog(office: Office) -> None:
    """Say for ever, twice in the time systemd allows, that requests are still answered: that the
    event loop turns and one of the storage's threads becomes free."""
    allowed = os.environ.get("WATCHDOG_USEC", "")
    if not allowed.isdecimal():
        return
    while True:
        await office.in_thread(lambda: None)
        notify("WATCHDOG=1")
        await asyncio.sleep(int(allowed) / 2e6)
