"""Slots that can't be read: which of them are worth telling, and when. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable

from agent.looks import Looks, identities
from domain.sighting import Obstacle, Unread
from drivers.eye import Look

CONFIRM_S = 0.4
"""How long a slot must stay unreadable until that is told: a token that is just being pulled fails
in the same way."""

_CERTAIN = frozenset({Obstacle.DEADLINE, Obstacle.MODULE_DIED})
"""What is an event however short it was."""

_AWAKE = frozenset({Obstacle.NOT_INITIALISED, Obstacle.NO_SERIAL})
"""What a token itself has told: there is nothing to wait for."""

_ANSWERS = _AWAKE | {Obstacle.NOT_RECOGNISED, Obstacle.TOO_MANY_FILES}
"""Asking again gives the same: the slot was read, and what it holds is no carrier of ours."""

_Place = tuple[str, int]
"""A module's name and its slot."""


class SickSlots:
    """Since when which slots can't be read, and which of that was told. Times are monotonic."""

    def __init__(self) -> None:
        self._since: dict[_Place, float] = {}
        self._told: set[tuple[_Place, Obstacle]] = set()
        self._worth_telling: list[Unread] = []

    @property
    def doubtful(self) -> bool:
        """Whether a slot just failed: another look has to say whether it stays unreadable."""
        return any(_told_as(unread) not in self._told for unread in self._worth_telling)

    @property
    def may_recover(self) -> bool:
        """Whether a slot may be readable later without any message that says so."""
        return any(unread.obstacle not in _ANSWERS for unread in self._worth_telling)

    def looked(self, looks: Looks, now: float) -> None:
        """Take the last looks of all modules into account."""
        sick = {_place(unread) for look in looks.values() for unread in look.unread}
        self._since = {place: self._since.get(place, now) for place in sick}
        self._told = {told for told in self._told if told[0] in sick}
        self._worth_telling = _worth_telling(looks)

    def tell(self, modules: Iterable[str], now: float, *, waking: bool) -> list[Unread]:
        """What is to be told now of these modules' slots, each once.

        Of modules just looked at only: what another showed before may have left since. ``waking``:
        a token may still wake up, so that failing says little.
        """
        due = [
            unread
            for unread in self._worth_telling
            if unread.module in modules
            and _told_as(unread) not in self._told
            and self._is_certain(unread, now, waking)
        ]
        self._told |= {_told_as(unread) for unread in due}
        return due

    def _is_certain(self, unread: Unread, now: float, waking: bool) -> bool:
        if unread.obstacle in _CERTAIN:
            return True
        if waking and unread.obstacle not in _AWAKE:
            return False
        return now - self._since[_place(unread)] >= CONFIRM_S


def _place(unread: Unread) -> _Place:
    return unread.module, unread.slot


def _told_as(unread: Unread) -> tuple[_Place, Obstacle]:
    """What makes it the same case: the detail may be another each time."""
    return _place(unread), unread.obstacle


def _worth_telling(looks: Looks) -> list[Unread]:
    """Unreadable slots, less as many of a general module's as hold a carrier that a vendor's
    module has told of and the general one has not."""
    vendors = [look for look in looks.values() if not look.module.general]
    told: list[Unread] = []
    for look in looks.values():
        unread = sorted(look.unread, key=lambda one: one.slot)
        explained = _told_by(vendors, look) if look.module.general else 0
        told += unread[explained:]
    return sorted(told, key=lambda one: (one.module, one.slot))


def _told_by(vendors: Iterable[Look], general: Look) -> int:
    own = identities(general)
    return sum(len(identities(look) - own) + len(look.unread) for look in vendors)
