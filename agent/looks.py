"""What the last looks of all modules show together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace

from domain.carrier import Carrier, Maker
from domain.sighting import Sighting, Unread
from drivers.eye import Look

Looks = Mapping[str, Look]
"""The last look of each module, by its name."""


def keeping_unasked(before: Look | None, look: Look, unplugged: Set[Carrier]) -> Look:
    """``look``, with what an unreadable slot showed before: could not ask is never "no", unless
    the bus says so."""
    if before is None or not look.unread:
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


def all_unread(looks: Looks) -> set[Unread]:
    """Every slot that could not be read."""
    return {unread for look in looks.values() for unread in look.unread}


def worth_telling(looks: Looks) -> list[Unread]:
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
    own = _identities(general)
    return sum(len(_identities(look) - own) + len(look.unread) for look in vendors)


def _identities(look: Look) -> set[tuple[Maker, str]]:
    return {(sighting.carrier.maker, sighting.carrier.serial) for sighting in look.sightings}
