"""What the last looks of all modules show together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from domain.carrier import Carrier, Maker
from domain.sighting import Sighting
from drivers.catalogue import STORAGE
from drivers.eye import Look

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


def merged(looks: Looks) -> dict[Carrier, tuple[Sighting, int]]:
    """Every carrier in view with its best sighting (a vendor's module before a general one) and
    how many further slots of the same module show it."""
    seen: dict[Carrier, tuple[Sighting, int]] = {}
    told: set[tuple[Maker, str]] = set()
    for look in sorted(looks.values(), key=lambda look: (look.module.general, look.module.name)):
        own: dict[Carrier, tuple[Sighting, int]] = {}
        for sighting in look.sightings:
            carrier = sighting.carrier
            if (carrier.maker, carrier.serial) in told:
                continue
            first, count = own.get(carrier, (sighting, -1))
            own[carrier] = first, count + 1
        told |= {(carrier.maker, carrier.serial) for carrier in own}
        seen |= own
    return seen


def identities(look: Look) -> set[tuple[Maker, str]]:
    """Maker and serial of every carrier a look shows: what two modules tell alike of one."""
    return {(sighting.carrier.maker, sighting.carrier.serial) for sighting in look.sightings}
