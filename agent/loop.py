"""The daemon's loop: see, record, judge, record. One thread, no network, nothing blocks.

Everything that tells somebody (journald here; terminal, courier, status elsewhere) follows the
journal behind this loop and can neither stop nor lose an insertion.
"""

from __future__ import annotations

import select
import signal
import socket
import time
from collections.abc import Callable, Iterable, Sequence

from agent.books import Books
from agent.eyes import Eyes
from agent.judging import judge_present, judge_unread
from agent.look_times import LookTimes
from agent.notify import ServiceManager
from agent.presence import Presence, Present
from agent.recording import Recorder
from agent.rereading import reread, told
from agent.retention import EVERY_S, keep_within
from agent.retry import Retry
from agent.settings import AgentSettings
from agent.sick_slots import CONFIRM_S
from agent.silence import explained
from agent.snapshot import now_utc
from agent.stock import Stock
from agent.storage import StorageEye
from agent.tell import JournaldFollower
from domain.carrier import Carrier
from domain.errors import Wrong
from domain.events import (
    Blind,
    Event,
    Identified,
    Judged,
    Reenumerated,
    Seeing,
    SettingsRefused,
    SnapshotAccepted,
    Started,
    Stopped,
    Unreadable,
)
from drivers.eye import Eye
from drivers.pcscd import PcscdSocket
from drivers.watch import (
    Asked,
    Change,
    Lost,
    Plugged,
    Remounted,
    Silent,
    Speaking,
    Touched,
    Unplugged,
    Watch,
)
from journal.signing import Signer
from journal.writer import Journal

TICK_S = 20.0
"""How often the agent wakes without a cause: watchdog, and snapshots that came meanwhile."""

LONGEST_RETRY_S = 900.0
"""What can't be seen is looked for again at a tick, then ever more rarely, up to this."""

FIRST_TRIM_S = 600.0
"""After the start there are more urgent things than an old journal."""

_UDEV = "udev"

QUIET_S = 0.5
"""How long nothing must happen before the head is signed and journald told."""


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
        self._presence = Presence(settings.reenumeration_s)
        self._storage = StorageEye(settings, self._is_registered)
        storage = [self._storage] if settings.storage_socket else []
        self._eyes = Eyes([*eyes, *storage], self._presence.sight)
        self._amiss = amiss
        self._pcscd = PcscdSocket()
        self._books = Books(settings)
        self._stock = self._new_stock()
        self._manager = ServiceManager()
        self._journald = JournaldFollower(settings.journal, settings.state / "cursors" / "journald")
        self._verdicts: dict[Carrier, Judged] = {}
        self._look_times = LookTimes()
        self._quiet_at: float | None = None
        self._tick_at = 0.0
        self._trim_at = time.monotonic() + FIRST_TRIM_S
        self._retry = Retry(TICK_S, LONGEST_RETRY_S)
        self._stopping = False
        self._rereading = False

    def run(self, version: str) -> None:
        """Watch until SIGTERM or SIGINT. Raises CouldNotRecord where not even that can be
        recorded."""
        waking = self._listen_to_signals()
        self._journal.append(self._started(version), *self._eyes.refused(), *self._amiss)
        self._tick(time.monotonic())
        self._see_afresh()
        self._manager.tell("READY=1")
        while not self._stopping:
            self._turn(waking)
        self._manager.tell("STOPPING=1")
        self._record(Stopped(reason="signal"))
        self._rest()
        self._eyes.close()

    def _see_afresh(self) -> None:
        """All that is plugged, as news."""
        for watch in self._watches:
            self._take([Plugged(device=device) for device in watch.present()])
        self._look_soon()

    def _turn(self, waking: socket.socket) -> None:
        """Wait for the next thing to happen and deal with it."""
        watches = {watch.fileno(): watch for watch in self._watches}
        eyes = {fd: eye for eye in self._eyes if (fd := eye.fileno()) is not None}
        poll = select.poll()
        for fd in (waking.fileno(), *watches, *eyes):
            poll.register(fd, select.POLLIN)
        for fd, _ in poll.poll(self._patience()):
            if fd in watches:
                self._take(watches[fd].changes())
            elif fd in eyes:
                self._see(eyes[fd], late=False)
            else:
                waking.recv(64)
        if self._rereading:
            self._reread()
        self._on_time(time.monotonic())

    def _take(self, changes: Iterable[Change]) -> None:
        """Changes on the bus: recorded, and the slots looked at while that is flushed."""
        now = time.monotonic()
        events: list[Event] = []
        for change in changes:
            match change:
                case Plugged(device=device):
                    events += self._presence.plugged(device, now)
                case Unplugged(device=device):
                    events += self._presence.unplugged(device, now)
                    self._eyes.device_left(device.port, now)
                case Remounted():
                    self._look_at_storage(now)
                    continue
                case Asked():
                    self._eyes.try_all(now)
                case Touched():
                    pass
                case Lost(reason=reason):
                    # The watch looked afresh and tells every difference after this.
                    events += [Blind(what="bus", reason=reason), Seeing(what="bus")]
                case Silent(cause=cause, detail=detail):
                    events += self._presence.sight.lost(_UDEV, cause, detail)
                case Speaking():
                    events += self._presence.sight.back(_UDEV)
            self._look_soon()
        self._record(*events)

    def _see(self, eye: Eye, *, late: bool) -> None:
        now = time.monotonic()
        look = eye.on_deadline(now) if late else eye.on_readable(now)
        if look is None:
            return
        now = time.monotonic()
        events = self._presence.looked(look, now)
        self._conclude(events + self._eyes.looked(look, now, self._presence.ports))
        if self._presence.doubtful:
            self._look_times.once_more(now + CONFIRM_S)

    def _conclude(self, events: list[Event]) -> None:
        """The straight line: facts to disk, then a verdict on each carrier, then that to disk."""
        events = [self._explained(event) for event in events]
        self._record(*events)
        for event in events:
            match event:
                case Identified() | Reenumerated():
                    self._refresh_books()
                    self._judge(event.sighting.carrier)
                case Unreadable(unread=unread, port=port):
                    self._refresh_books()
                    snapshot = self._books.snapshot
                    self._record(judge_unread(unread, port, snapshot, self._settings))
                case _:
                    pass
        for carrier in [c for c in self._verdicts if c not in self._presence.carriers]:
            del self._verdicts[carrier]

    def _explained(self, event: Event) -> Event:
        if not isinstance(event, Unreadable):
            return event
        return explained(event, self._eyes.modules, self._presence.sight)

    def _judge(self, carrier: Carrier) -> None:
        judged = self._judged(self._presence.carriers[carrier])
        self._verdicts[carrier] = judged
        self._record(judged)

    def _judge_again(self) -> None:
        """A newer snapshot or a later hour may change a standing verdict: then it is recorded."""
        for carrier, present in self._presence.carriers.items():
            judged = self._judged(present)
            before = self._verdicts.get(carrier)
            if before is None or before.verdict.findings != judged.verdict.findings:
                self._verdicts[carrier] = judged
                self._record(judged)

    def _judged(self, present: Present) -> Judged:
        """The verdict; as without any snapshot where it tells of this carrier what can't be read,
        which is recorded first."""
        try:
            return judge_present(present, self._books.snapshot, self._settings)
        except Wrong as error:
            self._record(*self._books.unusable(error.text))
            return judge_present(present, None, self._settings)

    def _refresh_books(self) -> None:
        events = self._books.refresh()
        self._record(*events)
        if any(isinstance(event, SnapshotAccepted) for event in events):
            self._look_at_storage(time.monotonic())  # it may know drives that nobody knew
            self._tick_at = 0.0  # the carriers that stay are judged again, after the one that came

    def _on_time(self, now: float) -> None:
        """Whatever is due by the clock."""
        for eye in self._eyes:
            if eye.deadline is not None and eye.deadline <= now:
                self._see(eye, late=True)
        if self._look_times.is_due(now, self._presence.settled(now)):
            self._look(now)
        if (due := self._presence.next_due) is not None and due <= now:
            self._conclude(self._presence.due(now))
        if self._quiet_at is not None and self._quiet_at <= now:
            self._rest()
        if self._tick_at <= now:
            self._tick(now)

    def _look_soon(self) -> None:
        now = time.monotonic()
        self._look_times.changed(now)
        self._look(now)

    def _look(self, now: float) -> None:
        self._eyes.look(now, pcscd=self._presence.needs_pcscd)

    def _look_at_storage(self, now: float) -> None:
        if self._storage in self._eyes:
            self._storage.look(now)

    def _tick(self, now: float) -> None:
        poll_readers = self._presence.has_reader
        self._tick_at = now + (self._settings.reader_poll_s if poll_readers else TICK_S)
        self._manager.tell("WATCHDOG=1")
        if self._recorder.failing and self._recorder.recover():
            self._begin_again()
        for watch in self._watches:
            self._take(watch.check(now))
        needed = self._presence.needs_pcscd
        pcscd_changed = needed and self._pcscd.changed()
        if self._retry.is_due(self._presence.impaired, now) or poll_readers:
            self._look(now)
        elif pcscd_changed:
            self._look_soon()
        elif self._storage.is_due(now):
            self._look_at_storage(now)
        self._record(*self._eyes.on_tick(now, pcscd=needed))
        self._refresh_books()
        self._take_stock()
        self._judge_again()
        if self._trim_at <= now and not self._recorder.failing:
            self._trim_at = now + EVERY_S
            self._recorder.trying(
                lambda: keep_within(self._journal, self._settings, self._books.snapshot, now_utc())
            )

    def _take_stock(self) -> None:
        self._record(*self._stock.refresh())
        if not self._recorder.failing:
            self._stock.recorded()

    def _is_registered(self, carrier: Carrier) -> bool:
        return self._books.has_anything_of(carrier)

    def _new_stock(self) -> Stock:
        settings = self._settings
        return Stock(settings.inventory, settings.state / "cursors" / "inventory")

    def _begin_again(self) -> None:
        """What came and went while nothing could be recorded is in no record: forget it."""
        self._presence = Presence(self._settings.reenumeration_s)
        self._eyes = Eyes(list(self._eyes), self._presence.sight)
        self._record(*self._eyes.refused(), *self._amiss)
        self._books.close()
        self._books = Books(self._settings)
        self._stock = self._new_stock()
        self._verdicts.clear()
        self._see_afresh()

    def _reread(self) -> None:
        """Take the settings as they stand in the file now; wrong ones change nothing."""
        self._rereading = False
        self._manager.reloading()
        try:
            self._settings, event = reread(self._settings, self._read_settings())
            self._record(event)
        except Wrong as error:
            self._record(SettingsRefused(reason=error.text.ru))
        self._presence.reenumeration_s = self._settings.reenumeration_s
        for eye in self._eyes:
            eye.deadline_s = eye.module.deadline_s or self._settings.module_deadline_s
        self._eyes.try_all(time.monotonic())
        self._tick_at = 0.0  # the carriers that are here are judged again
        self._manager.tell("READY=1")

    def _rest(self) -> None:
        """Nothing happens just now: sign the head, tell journald."""
        self._recorder.checkpoint()
        self._journald.follow()
        self._quiet_at = None

    def _record(self, *events: Event) -> None:
        if events:
            self._recorder.record(*events)
            self._quiet_at = time.monotonic() + QUIET_S

    def _patience(self) -> int:
        """Milliseconds until something is due, rounded up."""
        now = time.monotonic()
        instants = [self._tick_at, *(eye.deadline for eye in self._eyes)]
        instants += [self._look_times.next_at, self._presence.next_due, self._quiet_at]
        first = min(at for at in instants if at is not None)
        return max(0, int((first - now) * 1000) + 1)

    def _started(self, version: str) -> Started:
        return Started(
            version=version,
            watching=tuple(watch.name for watch in self._watches),
            modules=tuple(module.name for module in self._eyes.modules),
            settings=told(self._settings),
        )

    def _listen_to_signals(self) -> socket.socket:
        """A socket that becomes readable when a signal asked something of us."""
        waking, written = socket.socketpair()
        waking.setblocking(False)
        written.setblocking(False)
        signal.set_wakeup_fd(written.fileno())
        self._written = written

        def stop(number: int, frame: object) -> None:
            del number, frame
            self._stopping = True

        def reload(number: int, frame: object) -> None:
            del number, frame
            self._rereading = True

        signal.signal(signal.SIGHUP, reload)
        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        return waking
