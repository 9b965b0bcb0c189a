"""When the slots are looked at: on news, soon after it again, and where nothing tells of news."""

from __future__ import annotations

from agent.eyes import Eyes
from agent.look_times import LookTimes
from agent.presence import Presence
from agent.retry import Retry
from agent.sick_slots import CONFIRM_S
from agent.storage import StorageEye
from domain.events import Event
from drivers.pcscd import PcscdSocket

LONGEST_RETRY_S = 900.0
"""What can't be seen is looked for again at a tick, then ever more rarely, up to this."""


class Looking:
    """Makes ``eyes`` look for what ``presence`` misses, first again after ``retry_s``. What they
    see is theirs to tell, later. Times are monotonic."""

    def __init__(self, eyes: Eyes, presence: Presence, retry_s: float) -> None:
        self._eyes = eyes
        self._presence = presence
        self._storage = next((eye for eye in eyes if isinstance(eye, StorageEye)), None)
        self._times = LookTimes()
        self._retry = Retry(retry_s, LONGEST_RETRY_S)
        self._pcscd = PcscdSocket()

    @property
    def next_at(self) -> float | None:
        """When `on_time` wants to be called."""
        return self._times.next_at

    def soon(self, now: float) -> None:
        """Something changed: look at once, and again while it settles."""
        self._times.changed(now)
        self._look(now)

    def at_storage(self, now: float) -> None:
        """Drives came or went, or others are known: tokens have nothing to do with it."""
        if self._storage is not None:
            self._storage.look(now)

    def looked(self, now: float) -> None:
        """A look is over: it stands on whoever listens for pcscd now, and where a slot just failed
        another one has to say the same before that is told."""
        if self._presence.needs_pcscd:
            self._pcscd.changed()
        if self._presence.doubtful:
            self._times.once_more(now + CONFIRM_S)

    def on_time(self, now: float) -> None:
        """Look where one of the times has come."""
        if self._times.is_due(now, self._presence.settled(now)):
            self._look(now)

    def on_tick(self, now: float) -> list[Event]:
        """Look for what comes without any message; what is to be recorded of modules' files."""
        needed = self._presence.needs_pcscd
        pcscd_changed = needed and self._pcscd.changed()
        if self._retry.is_due(self._presence.impaired, now) or self._presence.has_reader:
            self._look(now)
        elif pcscd_changed:
            self.soon(now)
        elif self._storage is not None and self._storage.is_due(now):
            self._storage.look(now)
        return self._eyes.on_tick(now, pcscd=needed)

    def _look(self, now: float) -> None:
        self._eyes.look(now, pcscd=self._presence.needs_pcscd)
