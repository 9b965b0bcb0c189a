"""One look at one module's slots, over as many workers as it takes. Pure: no I/O, no clock.

A worker announces what it touches before it touches it. When it dies, that slot is the culprit:
it costs one `Unread`, and the next worker leaves it out. Where only the slot's objects were being
read, the next worker still reads who the token is.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.sighting import Obstacle, Sighting, Unread
from drivers.catalogue import Module
from drivers.messages import (
    MAX_SLOTS,
    MODULE_WIDE,
    Ask,
    Finished,
    Nonsense,
    NotRead,
    Seen,
    Touching,
)

SLOT_CALL = "C_GetSlotInfo"
TOKEN_CALL = "C_GetTokenInfo"
OBJECTS_CALL = "C_OpenSession"
NAMES_CALL = "getdents"
"""Reading names of files on a file system, which may hang as a token's objects do."""

_CONTENTS_CALLS = frozenset({OBJECTS_CALL, NAMES_CALL})

MAX_WORKERS = 8
"""Workers one look may cost: so many sick slots are survived, then the module is given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one module shows. ``slots`` is how many it has, -1 where it never said.

    An unread of slot -1 means that the module as a whole could not be asked: then an absent
    sighting says nothing.
    """

    module: Module
    sightings: tuple[Sighting, ...]
    unread: tuple[Unread, ...]
    slots: int


class Inquiry:
    """The fold of one look's messages. ``number`` tells its answers from those of others;
    ``pcscd``: a module that shows no token has to say whether pcscd serves it at all."""

    def __init__(self, module: Module, number: int, *, pcscd: bool = False) -> None:
        self._module = module
        self._number = number
        self._pcscd = pcscd
        self._skip: set[int] = set()
        self._bare: set[int] = set()
        self._objects = True
        self._workers = 0
        self._deaths: list[Unread] = []
        self._touching: Touching | None = None
        self._sightings: list[Sighting] = []
        self._unread: list[Unread] = []

    def ask(self) -> Ask:
        """The request to the next worker."""
        self._forget_attempt()
        return Ask(
            look=self._number,
            skip=tuple(sorted(self._skip)),
            bare=tuple(sorted(self._bare)),
            objects=self._objects,
            pcscd=self._pcscd,
        )

    def take(self, reply: Touching | Seen | NotRead | Finished) -> Look | None:
        """Fold one message; the look where it was the last. Raises Nonsense."""
        if reply.look != self._number:
            raise Nonsense("another look")
        match reply:
            case Touching():
                self._touching = reply
            case Seen(sighting=sighting):
                self._check(sighting.module, sighting.slot)
                if any(seen.slot == sighting.slot for seen in self._sightings):
                    raise Nonsense("one slot twice")
                self._sightings.append(sighting)
            case NotRead(unread=unread):
                self._check(unread.module, unread.slot)
                self._unread.append(unread)
            case Finished(slots=slots):
                return self._result(slots)
        return None

    def died(self, obstacle: Obstacle, detail: str, *, warm: bool) -> Look | None:
        """The worker is lost: the look where that ends it, None where the next worker is worth it.

        ``detail`` is added to the call that was under way. ``warm``: the worker had served a look
        before, so a module-wide death may be its age and is tried once more.
        """
        self._workers += 1
        touching = self._touching
        slot = touching.slot if touching else MODULE_WIDE
        call = touching.call if touching else ""
        told = ": ".join(part for part in (call, detail) if part)
        if slot == MODULE_WIDE and warm:
            return None
        unread = Unread(module=self._module.name, slot=slot, obstacle=obstacle, detail=told)
        if slot == MODULE_WIDE or self._workers >= MAX_WORKERS:
            return self.given_up(obstacle, told)
        self._deaths.append(unread)
        self._leave_out(slot, call)
        return None

    def given_up(self, obstacle: Obstacle, detail: str) -> Look:
        """The look of a module that could not be asked as a whole."""
        unread = Unread(
            module=self._module.name, slot=MODULE_WIDE, obstacle=obstacle, detail=detail
        )
        return Look(module=self._module, sightings=(), unread=(*self._deaths, unread), slots=-1)

    def _forget_attempt(self) -> None:
        self._touching = None
        self._sightings = []
        self._unread = []

    def _check(self, module: str, slot: int) -> None:
        if module != self._module.name:
            raise Nonsense("another module")
        if slot in self._skip or len(self._sightings) + len(self._unread) >= 2 * MAX_SLOTS:
            raise Nonsense("a slot that was not asked for")

    def _leave_out(self, slot: int, call: str) -> None:
        if call in _CONTENTS_CALLS and slot not in self._bare:
            self._bare.add(slot)
            return
        self._skip.add(slot)
        if call == SLOT_CALL:
            # python-pkcs11 asks every slot for its info before it opens any.
            self._objects = False

    def _result(self, slots: int) -> Look:
        return Look(
            module=self._module,
            sightings=tuple(self._sightings),
            unread=(*self._deaths, *self._unread),
            slots=slots,
        )
