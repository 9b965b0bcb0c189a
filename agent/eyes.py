"""All modules' eyes: which of them may be asked now, and what keeps the others from it.

A module whose file has a flaw is not loaded until the file is another. One that keeps failing is
quarantined: it is tried ever more rarely, at once when its file changed, when a device left that
was there as it failed, or when an administrator asks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent.bus import Ports
from agent.quarantine import FIRST_PAUSE_S, Quarantine
from agent.sight import Sight
from domain.events import Event
from domain.sighting import Obstacle, Unread
from drivers.catalogue import STORAGE, Module
from drivers.eye import Eye, Look
from drivers.modules import Finding, inspect

QUARANTINED = "quarantined"

_FAILURES = frozenset({Obstacle.DEADLINE, Obstacle.MODULE_DIED, Obstacle.NONSENSE})
"""The module's own doing. An error it reports is an answer, and costs no deadline."""

_Version = tuple[int, ...]


@dataclass(slots=True)
class _Kept:
    """One eye. ``flaw`` keeps its module from being loaded; ``version`` tells its file from any
    other it may become; ``suspects`` are the ports of the devices that it last failed at."""

    eye: Eye
    flaw: Finding | None
    version: _Version
    quarantine: Quarantine = field(default_factory=Quarantine)
    suspects: Ports = frozenset()

    def may_be_asked(self, now: float) -> bool:
        if self.flaw is not None or not self.quarantine.allows(now):
            return False
        trying = self.quarantine.begun and self.eye.deadline is not None
        return not trying


class Eyes:
    """The eyes of this workstation. Their blindness is told through ``sight``."""

    def __init__(self, eyes: Sequence[Eye], sight: Sight) -> None:
        self._sight = sight
        self._kept = {
            eye.module.name: _Kept(eye, _flaw(eye.module), _version(eye.module)) for eye in eyes
        }

    def __iter__(self) -> Iterator[Eye]:
        return (kept.eye for kept in self._kept.values())

    @property
    def modules(self) -> tuple[Module, ...]:
        """All modules, those that may not be loaded too."""
        return tuple(eye.module for eye in self if eye.module.name != STORAGE)

    def refused(self) -> list[Event]:
        """What is to be recorded at start of modules that may not be loaded."""
        flaws = [kept.flaw for kept in self._kept.values() if kept.flaw is not None]
        return [event for flaw in flaws for event in self._tell(flaw)]

    def look(self, now: float, *, pcscd: bool) -> None:
        """Ask every module that may be asked; see `Eye.look`."""
        for kept in self._kept.values():
            if kept.may_be_asked(now):
                kept.eye.look(now, pcscd=pcscd)

    def looked(self, look: Look, now: float, ports: Ports) -> list[Event]:
        """What a look says of its module: it answered, or failed once more while devices were
        plugged at these ports."""
        kept = self._kept[look.module.name]
        if look.module.name == STORAGE:
            return []
        wide = next((unread for unread in look.unread if unread.slot < 0), None)
        if wide is None or wide.obstacle not in _FAILURES:
            kept.quarantine.answered()
            return []
        begins = kept.quarantine.failed(now)
        if not kept.quarantine.begun:
            return []
        kept.suspects = ports
        kept.eye.close()  # a look that was asked for meanwhile is not made
        told = _told(kept.quarantine.failures, wide)
        return self._sight.changed(look.module.name, QUARANTINED, told) if begins else []

    def on_tick(self, now: float, *, pcscd: bool) -> list[Event]:
        """Try the quarantined ones whose time has come, and take note of files that changed."""
        events: list[Event] = []
        for kept in self._kept.values():
            if (kept.flaw or kept.quarantine.begun) and _version(kept.eye.module) != kept.version:
                events += self._reconsider(kept, now)
            if kept.quarantine.is_due(now) and kept.may_be_asked(now):
                kept.eye.look(now, pcscd=pcscd)
        return events

    def device_left(self, port: str, now: float) -> None:
        """It may have been what a module failed at: that is tried once at the next look."""
        for kept in self._kept.values():
            if port in kept.suspects:
                kept.suspects = frozenset()
                kept.quarantine.lift(now)

    def try_all(self, now: float) -> None:
        """An administrator asks for it: every quarantined module is tried at the next look."""
        for kept in self._kept.values():
            kept.quarantine.lift(now)

    def close(self) -> None:
        """Let all workers go."""
        for eye in self:
            eye.close()

    def _reconsider(self, kept: _Kept, now: float) -> list[Event]:
        module, before = kept.eye.module, kept.flaw
        kept.version, kept.flaw = _version(module), _flaw(module)
        if kept.flaw is not None:
            return self._tell(kept.flaw)
        kept.eye.close()  # its worker holds the file that was
        kept.quarantine.lift(now)
        if before is not None:
            kept.eye.look(now)
        return []

    def _tell(self, flaw: Finding) -> list[Event]:
        return self._sight.changed(flaw.module, flaw.flaw.value, flaw.detail)


def _told(failures: int, unread: Unread) -> str:
    last = f"{unread.obstacle.value} {unread.detail}".strip()
    return f"{failures} failures in a row, the last: {last}; next try in {FIRST_PAUSE_S:.0f} s"


def _flaw(module: Module) -> Finding | None:
    if module.name == STORAGE:
        return None
    return next(iter(inspect(module)), None)


def _version(module: Module) -> _Version:
    """What changes when a file does; the file behind a link, and the link where that leads to
    nothing."""
    try:
        status = os.stat(module.path)
    except OSError:
        return ()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
