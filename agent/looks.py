"""What the last looks of all modules show together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, replace

from domain.carrier import Carrier, Maker
from domain.events import Noticed
from domain.sighting import Sighting
from drivers.catalogue import STORAGE, Module
from drivers.eye import Look

DISAGREE = "modules-disagree"

Looks = Mapping[str, Look]
"""The last look of each module, by its name."""


def keeping_unasked(before: Look | None, look: Look, unplugged: Set[Carrier]) -> Look:
    """``look``, with what an unreadable slot showed before: could not ask is never "no", unless
    the bus says so. Who a drive is needs no reading of it, so storage is never kept."""
    if before is None or not look.unread or look.module.name == STORAGE:
        return look
    unread_slots = {unread.slot for unread in look.unread}
    seen = {sighting.carrier for sighting in look.sightings}
    kept = tuple(
        sighting
        for sighting in without(before, seen | unplugged).sightings
        if sighting.slot in unread_slots
    )
    return replace(look, sightings=look.sightings + kept)


def without(look: Look, carriers: Set[Carrier]) -> Look:
    """``look`` as if these carriers had not been seen."""
    return replace(
        look, sightings=tuple(one for one in look.sightings if one.carrier not in carriers)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """Two modules show one carrier as two: ``kept`` is believed, ``other`` is not."""

    kept: Sighting
    other: Sighting

    def told(self) -> Noticed:
        """As it is recorded."""
        kept, other = self.kept, self.other
        return Noticed(
            what=other.module,
            finding=DISAGREE,
            detail=f"{kept.module}: {kept.carrier.key()}; {other.module}: {other.carrier.key()}",
        )


Merged = dict[Carrier, tuple[Sighting, int]]


def merged(looks: Looks) -> tuple[Merged, list[Conflict]]:
    """Every carrier in view with its best sighting and how many further slots of the same module
    show it; and where modules disagree. Of two the one that knows the maker is believed, then a
    vendor's module before a general one, then the first by name."""
    seen: Merged = {}
    conflicts: list[Conflict] = []
    for sighting in _best_first(looks):
        carrier = sighting.carrier
        first = next((one for one, _ in seen.values() if _is_shown_by_two(one, sighting)), None)
        if first is not None:
            if first.carrier != carrier:
                conflicts.append(Conflict(kept=first, other=sighting))
            continue
        kept, count = seen.get(carrier, (sighting, -1))
        seen[carrier] = kept, count + 1
    return seen, conflicts


def renamed(look: Look, aliases: Mapping[Carrier, Carrier]) -> Look:
    """``look`` with the carriers by the names they are known by."""
    return replace(
        look,
        sightings=tuple(
            replace(one, carrier=aliases.get(one.carrier, one.carrier)) for one in look.sightings
        ),
    )


def _best_first(looks: Looks) -> list[Sighting]:
    shown = [(look.module, sighting) for look in looks.values() for sighting in look.sightings]

    def rank(one: tuple[Module, Sighting]) -> tuple[bool, bool, str]:
        module, sighting = one
        return sighting.carrier.maker is Maker.OTHER, module.general, module.name

    return [sighting for _, sighting in sorted(shown, key=rank)]


def _is_shown_by_two(one: Sighting, other: Sighting) -> bool:
    """Whether two modules show one carrier: a module that does not know the maker tells none."""
    mine, its = one.carrier, other.carrier
    if one.module == other.module or mine.serial != its.serial:
        return False
    return mine.maker is its.maker or Maker.OTHER in {mine.maker, its.maker}


def identities(look: Look) -> set[tuple[Maker, str]]:
    """Maker and serial of every carrier a look shows: what two modules tell alike of one."""
    return {(sighting.carrier.maker, sighting.carrier.serial) for sighting in look.sightings}
