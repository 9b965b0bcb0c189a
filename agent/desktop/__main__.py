"""`python -m agent.desktop`: notifications for who sits here, in the person's own session.

Sleeps until one of the buses or the ledger says something. A bus that is lost ends it, and the
session's service manager starts it again.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

from agent.dbus.wire import Bus
from agent.desktop.board import Board
from agent.desktop.open_cases import PLACE, OpenCases
from agent.desktop.subscription import Subscription
from domain.errors import CouldNotAsk

_ENDING = (signal.SIGTERM, signal.SIGINT)
_LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")


def main() -> int:
    """Show until asked to stop: 0; 75 where a bus was lost."""
    for number in _ENDING:
        signal.signal(number, lambda *_: sys.exit(0))
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
    try:
        _run(Path(sys.argv[1]) if len(sys.argv) > 1 else PLACE)
    except CouldNotAsk as error:
        print(error.text.in_language(_language()), file=sys.stderr)
    return os.EX_TEMPFAIL


def _run(cases_file: Path) -> None:
    memory = Path(os.environ.get("XDG_RUNTIME_DIR", "/nonexistent"), "klyuchar-notify.json")
    session, system = Bus("SESSION"), Bus("SYSTEM")
    board = Board(session, memory)
    subscription = Subscription(system, board, _language())
    cases = OpenCases(board, _language(), cases_file)
    while True:
        poll = select.poll()
        for source in (session, system, cases):
            poll.register(source.fileno(), select.POLLIN)
        # Ended only while it waits: what is shown is remembered.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
        ready = {fd for fd, _ in poll.poll(_patience(subscription, session, system))}
        signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)
        if session.fileno() in ready or session.has_early:
            for message in session.received():
                board.take(message)
        if system.fileno() in ready or system.has_early:
            for message in system.received():
                subscription.take(message)
        if cases.fileno() in ready:
            cases.on_readable()
        if subscription.retry_at is not None and subscription.retry_at <= time.monotonic():
            subscription.subscribe()


def _patience(subscription: Subscription, *buses: Bus) -> int | None:
    """Milliseconds until something is due, None: nothing is."""
    if any(bus.has_early for bus in buses):
        return 0
    if subscription.retry_at is None:
        return None
    return max(0, int((subscription.retry_at - time.monotonic()) * 1000) + 1)


def _language() -> str:
    """English where the session's messages are; Russian everywhere else."""
    spoken = next((value for name in _LOCALES if (value := os.environ.get(name))), "")
    return "en" if spoken.startswith("en") else "ru"


if __name__ == "__main__":
    sys.exit(main())
