"""`python -m agent.dbus SETTINGS RESCAN_SOCKET`: the agent's journal on the system bus.

Started by the bus when somebody calls, it ends when nobody has wanted anything for a while. A bus
that is lost or hangs ends it too: whoever wants to be told calls again, and it starts anew.

Exit codes: 0 not wanted any more or asked to stop; 75 starting again may help; 78 a person has to
mend something first.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

from inotify_simple import INotify, flags
from jeepney.bus_messages import message_bus

from agent.dbus.interface import NAME
from agent.dbus.report import Report
from agent.dbus.service import Service, take_name
from agent.dbus.tidings import Tidings, Word
from agent.dbus.wire import Bus
from agent.settings import load
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.text import Text
from journal.reader import Follower

IDLE_S = 60.0
"""How long it stays when nobody is to be told."""

CONFIRM_S = 30.0
"""How long after the agent's start what was here before may take to be judged again."""


def main() -> int:
    """Serve; the exit code, whose reason is said on stderr."""
    settings, rescan_socket = sys.argv[1:3]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    try:
        _Process(load(settings).agent.journal, Report(settings), rescan_socket).run()
    except KlyucharError as error:
        print(f"{error.text.ru}\n{error.text.en}", file=sys.stderr)
        return os.EX_CONFIG if isinstance(error, Wrong) else os.EX_TEMPFAIL
    return 0


class _Process:
    """The one loop: the bus, the journal, the status command, and time."""

    def __init__(self, journal: Path, report: Report, rescan_socket: str) -> None:
        self._inotify = INotify(nonblocking=True)
        self._follower = Follower(journal, 0)
        self._tidings = Tidings()
        self._report = report
        self._confirm_at: float | None = None
        try:
            self._inotify.add_watch(journal, flags.MODIFY | flags.CREATE)
        except OSError as error:
            raise CouldNotAsk(_no_journal(journal, error)) from error
        self._news()
        self._bus = Bus("SYSTEM")
        if not take_name(self._bus):
            raise CouldNotAsk(
                Text(ru=f"Имя {NAME} на шине занято.", en=f"The name {NAME} on the bus is taken.")
            )
        self._service = Service(self._bus, self._tidings, report, rescan_socket)

    def run(self) -> None:
        """Until nobody has wanted anything for a while."""
        while not self._is_over():
            self._turn()
        # Who called until the name was given back is still answered; later calls start another.
        self._bus.call(message_bus.ReleaseName(NAME))
        for message in self._bus.received() if self._bus.has_early else []:
            self._service.take(message)

    def _turn(self) -> None:
        poll = select.poll()
        reporting = self._report.fileno()
        sources = (self._bus.fileno(), self._inotify.fileno(), reporting)
        for fd in sources:
            if fd is not None:
                poll.register(fd, select.POLLIN)
        ready = [fd for fd, _ in poll.poll(self._patience())]
        if self._bus.fileno() in ready or self._bus.has_early:
            for message in self._bus.received():
                self._service.take(message)
        if self._inotify.fileno() in ready:
            self._inotify.read(timeout=0)
            self._service.tell(self._news())
        if reporting in ready:
            self._report.on_readable()
        self._on_time(time.monotonic())

    def _news(self) -> list[Word]:
        words: list[Word] = []
        while lines := self._follower.new():
            words += [word for line in lines for word in self._tidings.fold(line)]
        self._confirm_at = self._confirm_at if self._tidings.unconfirmed else None
        if self._tidings.unconfirmed and self._confirm_at is None:
            self._confirm_at = time.monotonic() + CONFIRM_S
        return words

    def _on_time(self, now: float) -> None:
        self._service.polkit.on_time(now)
        self._report.on_time(now)
        if self._confirm_at is not None and self._confirm_at <= now:
            self._confirm_at = None
            self._service.tell(self._tidings.give_up_unconfirmed())

    def _is_over(self) -> bool:
        return self._service.is_idle and time.monotonic() >= self._service.called_at + IDLE_S

    def _patience(self) -> int | None:
        """Milliseconds until something is due, None: nothing is."""
        if self._bus.has_early:
            return 0
        idle_at = self._service.called_at + IDLE_S if self._service.is_idle else None
        due = [self._service.polkit.next_due, self._report.next_due, self._confirm_at, idle_at]
        first = min((at for at in due if at is not None), default=None)
        return None if first is None else max(0, int((first - time.monotonic()) * 1000) + 1)


def _no_journal(journal: Path, error: OSError) -> Text:
    return Text(
        ru=f"Журнал рабочего места {journal} не прочитан: {error.strerror}. Запустите агент: "
        "systemctl start klyuchar-agent.",
        en=f"The workstation's journal {journal} could not be read: {error.strerror}. Start the "
        "agent: systemctl start klyuchar-agent.",
    )


if __name__ == "__main__":
    sys.exit(main())
