"""What can't be seen, each told once, and closed when it is seen again. No I/O, no clock."""

from __future__ import annotations

from domain.events import Blind, Event, Seeing
from domain.sighting import Obstacle

PCSCD = "pcscd"
"""The service that lets modules reach readers, as `Blind.what`."""

PCSCD_OBSTACLES = frozenset({Obstacle.PCSCD_DOWN, Obstacle.PCSCD_DENIED})

_OBSTACLES = frozenset(obstacle.value for obstacle in Obstacle)


class Sight:
    """The things the agent is blind for. A cause is a word that the command line explains, an
    `Obstacle` where another look may find it gone; ``detail`` after it is for an engineer."""

    def __init__(self) -> None:
        self._causes: dict[str, str] = {}
        self._by: dict[str, set[str]] = {}

    @property
    def may_recover(self) -> bool:
        """Whether something may be seen again by looking, without any message that says so."""
        return any(cause in _OBSTACLES for cause in self._causes.values())

    def cause(self, what: str) -> str:
        """Why ``what`` can't be seen; empty where it can."""
        return self._causes.get(what, "")

    def lost(self, what: str, cause: str, detail: str = "", *, by: str = "") -> list[Event]:
        """From now on ``what`` can't be seen, as ``by`` found out."""
        self._by.setdefault(what, set()).add(by)
        if what in self._causes:
            return []
        return self._tell(what, cause, detail)

    def changed(self, what: str, cause: str, detail: str) -> list[Event]:
        """``what`` still can't be seen, for a cause that is to be told too."""
        self._by.setdefault(what, set()).add("")
        return [] if self._causes.get(what) == cause else self._tell(what, cause, detail)

    def back(self, what: str, *, by: str = "") -> list[Event]:
        """``what`` is seen again by ``by``; told when nobody is left who could not see it."""
        finders = self._by.get(what, set())
        finders.discard(by)
        if finders or what not in self._causes:
            return []
        del self._causes[what]
        return [Seeing(what=what)]

    def _tell(self, what: str, cause: str, detail: str) -> list[Event]:
        self._causes[what] = cause
        return [Blind(what=what, reason=f"{cause}: {detail}")]
