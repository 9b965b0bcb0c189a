"""The daemon's loop: see, record, judge, record. One thread, no network, nothing blocks.

Everything that tells somebody (journald here; terminal, courier, status elsewhere) follows the
journal behind this loop and can neither stop nor lose an insertion.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable, Sequence

from agent.books import Books
from agent.eyes import Eyes
from agent.looking import Looking
from agent.news import news
from agent.notify import ServiceManager
from agent.presence import Presence
from agent.recording import Recorder
from agent.rereading import reread_by, told
from agent.retention import DailyTrim
from agent.settings import AgentSettings
from agent.signals import Signals
from agent.silence import explained
from agent.stock import Stock
from agent.storage import StorageEye
from agent.tell import JournaldFollower
from agent.verdicts import Verdicts
from domain.carrier import Carrier
from domain.events import (
    Event,
    Identified,
    Reenumerated,
    SnapshotAccepted,
    Started,
    Stopped,
    Unreadable,
)
from drivers.eye import Eye
from drivers.watch import Change, Plugged, Remounted, Watch
from journal.signing import Signer
from journal.writer import Journal

TICK_S = 20.0
"""How often the agent wakes without a cause: watchdog, and snapshots that came meanwhile."""


class Agent:
    """The composed daemon. ``run`` returns when a signal asks it to stop.

    ``read_settings`` gives the settings as they stand in the file, when a signal asks for that;
    ``amiss`` is what was found as it was composed and is to be recorded.
    """

    def __init__(
        self,
        settings: AgentSettings,
        journal: Journal,
        signer: Signer,
        watches: list[Watch],
        eyes: list[Eye],
        *,
        read_settings: Callable[[], AgentSettings] | None = None,
        amiss: Sequence[Event] = (),
    ) -> None:
        self._settings = settings
        self._read_settings = read_settings or (lambda: settings)
        self._journal = journal
        self._recorder = Recorder(journal, signer)
        self._watches = watches
        self._amiss = amiss
        self._manager = ServiceManager()
        self._journald = JournaldFollower(settings.journal, settings.state / "cursors" / "journald")
        self._trim = DailyTrim(journal, self._recorder, time.monotonic())
        self._tick_at = 0.0
        storage = [StorageEye(settings, self._is_registered)] if settings.storage_socket else []
        self._know_nothing([*eyes, *storage])

    def run(self, version: str) -> None:
        """Watch until SIGTERM or SIGINT. Raises CouldNotRecord where not even that can be
        recorded."""
        signals = Signals()
        self._journal.append(self._started(version), *self._eyes.refused(), *self._amiss)
        self._tick(time.monotonic())
        self._see_afresh()
        self._manager.tell("READY=1")
        while not signals.stop:
            self._turn(signals)
        self._manager.tell("STOPPING=1")
        self._recorder.record(Stopped(reason="signal"))
        self._rest()
        self._eyes.close()

    def _turn(self, signals: Signals) -> None:
        """Wait for the next thing to happen and deal with it."""
        watches = {watch.fileno(): watch for watch in self._watches}
        eyes = {fd: eye for eye in self._eyes if (fd := eye.fileno()) is not None}
        poll = select.poll()
        for fd in (signals.fileno(), *watches, *eyes):
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(self._patience()):
            if fd in watches:
                self._take(watches[fd].changes())
            elif fd in eyes:
                self._see(eyes[fd], late=False)
            else:
                signals.heard()
        if signals.reread:
            signals.reread = False
            self._reread()
        self._on_time(time.monotonic())

    def _take(self, changes: Iterable[Change]) -> None:
        """Changes on the bus: recorded, and the slots looked at while that is flushed."""
        now = time.monotonic()
        events: list[Event] = []
        for change in changes:
            events += news(change, self._presence, self._eyes, now)
            if isinstance(change, Remounted):
                self._looking.at_storage(now)
            else:
                self._looking.soon(now)
        self._recorder.record(*events)

    def _see(self, eye: Eye, *, late: bool) -> None:
        """What a look at the slots told, if it is complete."""
        now = time.monotonic()
        look = eye.on_deadline(now) if late else eye.on_readable(now)
        if look is None:
            return
        now = time.monotonic()
        events = self._presence.looked(look, now)
        self._conclude(events + self._eyes.looked(look, now, self._presence.ports))
        self._looking.looked(now)

    def _conclude(self, events: list[Event]) -> None:
        """The straight line: facts to disk, then a verdict on each carrier, then that to disk."""
        sight, modules = self._presence.sight, self._eyes.modules
        events = [explained(event, modules, sight) for event in events]
        self._recorder.record(*events)
        for event in events:
            match event:
                case Identified() | Reenumerated():
                    self._refresh_books()
                    present = self._presence.carriers[event.sighting.carrier]
                    self._recorder.record(*self._verdicts.on(present))
                case Unreadable(unread=unread, port=port):
                    self._refresh_books()
                    self._recorder.record(*self._verdicts.on_unread(unread, port))
                case _:
                    pass
        self._verdicts.forget_absent(self._presence.carriers)

    def _refresh_books(self) -> None:
        events = self._books.refresh()
        self._recorder.record(*events)
        if any(isinstance(event, SnapshotAccepted) for event in events):
            self._looking.at_storage(time.monotonic())  # it may know drives that nobody knew
            self._tick_at = 0.0  # the carriers that stay are judged again, after the one that came

    def _patience(self) -> int:
        """Milliseconds until something is due, rounded up."""
        now = time.monotonic()
        instants = [self._tick_at, *(eye.deadline for eye in self._eyes)]
        instants += [self._looking.next_at, self._presence.next_due, self._recorder.quiet_at]
        first = min(at for at in instants if at is not None)
        return max(0, int((first - now) * 1000) + 1)

    def _on_time(self, now: float) -> None:
        """Whatever is due by the clock."""
        for eye in self._eyes:
            if eye.deadline is not None and eye.deadline <= now:
                self._see(eye, late=True)
        self._looking.on_time(now)
        if (due := self._presence.next_due) is not None and due <= now:
            self._conclude(self._presence.due(now))
        if (quiet := self._recorder.quiet_at) is not None and quiet <= now:
            self._rest()
        if self._tick_at <= now:
            self._tick(now)

    def _rest(self) -> None:
        """Nothing happens just now: sign the head, tell journald."""
        self._recorder.checkpoint()
        self._journald.follow()

    def _tick(self, now: float) -> None:
        """What nothing tells of is asked for now and then."""
        poll_readers = self._presence.has_reader
        self._tick_at = now + (self._settings.reader_poll_s if poll_readers else TICK_S)
        self._manager.tell("WATCHDOG=1")
        if self._recorder.failing and self._recorder.recover():
            self._begin_again()
        for watch in self._watches:
            self._take(watch.check(now))
        self._recorder.record(*self._looking.on_tick(now))
        self._refresh_books()
        self._recorder.record(*self._stock.refresh())
        if not self._recorder.failing:
            self._stock.recorded()
        self._recorder.record(*self._verdicts.again(self._presence.carriers))
        self._trim.on_tick(now, self._settings, self._books.snapshot)

    def _begin_again(self) -> None:
        """What came and went while nothing could be recorded is in no record: forget it."""
        self._books.close()
        self._know_nothing(list(self._eyes))
        self._recorder.record(*self._eyes.refused(), *self._amiss)
        self._see_afresh()

    def _know_nothing(self, eyes: list[Eye]) -> None:
        """All that is known is what is seen, read and judged from now on."""
        settings = self._settings
        self._presence = Presence(settings.reenumeration_s)
        self._eyes = Eyes(eyes, self._presence.sight)
        self._looking = Looking(self._eyes, self._presence, TICK_S)
        self._books = Books(settings)
        self._verdicts = Verdicts(self._books, settings)
        self._stock = Stock(settings.inventory, settings.state / "cursors" / "inventory")

    def _see_afresh(self) -> None:
        """All that is plugged, as news."""
        for watch in self._watches:
            self._take([Plugged(device=device) for device in watch.present()])
        self._looking.soon(time.monotonic())

    def _is_registered(self, carrier: Carrier) -> bool:
        return self._books.has_anything_of(carrier)

    def _reread(self) -> None:
        """Take the settings as they stand in the file now; wrong ones change nothing."""
        self._manager.reloading()
        self._settings, event = reread_by(self._settings, self._read_settings)
        self._recorder.record(event)
        self._presence.reenumeration_s = self._settings.reenumeration_s
        self._verdicts.settings = self._settings
        for eye in self._eyes:
            eye.deadline_s = eye.module.deadline_s or self._settings.module_deadline_s
        self._eyes.try_all(time.monotonic())
        self._tick_at = 0.0  # the carriers that are here are judged again
        self._manager.tell("READY=1")

    def _started(self, version: str) -> Started:
        return Started(
            version=version,
            watching=tuple(watch.name for watch in self._watches),
            modules=tuple(module.name for module in self._eyes.modules),
            settings=told(self._settings),
        )
