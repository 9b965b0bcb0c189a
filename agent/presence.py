"""Which carriers are here: looks and USB changes folded into events. No I/O, no clock.

The slots are the truth about carriers and the bus about devices; this module joins the two. What
could not be asked leaves everything as it was: only a slot that was read and is empty says that a
carrier is gone.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.carrier import Carrier, Maker
from domain.events import (
    Appeared,
    Blind,
    Event,
    Identified,
    Missed,
    Pulled,
    Reenumerated,
    Seeing,
    Unreadable,
    Vanished,
)
from domain.sighting import Device, Obstacle, Sighting, Unread
from drivers.eye import Look

MODULE_WIDE = -1
SETTLE_S = 4.0
"""How long a plugged device may take until its token is readable: pcscd needs 0.2 to 1.5 s."""

_NOT_WORTH_WAITING_FOR = frozenset({Obstacle.DEADLINE, Obstacle.MODULE_DIED})


@dataclass(slots=True)
class Present:
    """A carrier that is here. ``duplicates``: how many further slots of its module show it."""

    sighting: Sighting
    port: str
    duplicates: int = 0


@dataclass(slots=True)
class _Waiting:
    """A device whose token is awaited; ``doubtful`` once it might be another device's."""

    device: Device
    until: float
    doubtful: bool = False


class Presence:
    """The carriers and devices at this workstation, and what changed about them.

    Every method takes the monotonic time and returns the events to be recorded, in order.
    """

    def __init__(self, reenumeration_s: float) -> None:
        self._reenumeration_s = reenumeration_s
        self._looks: dict[str, Look] = {}
        self._devices: dict[str, Device] = {}
        self._waiting: list[_Waiting] = []
        self._missed: dict[Carrier, tuple[Present, float]] = {}
        self._told_unread: set[Unread] = set()
        self._blind: set[str] = set()
        self.carriers: dict[Carrier, Present] = {}

    @property
    def has_reader(self) -> bool:
        """Whether a plain reader is plugged, where a card can come without any USB event."""
        return any(device.is_reader for device in self._devices.values())

    def settled(self, now: float) -> bool:
        """Whether another look soon would tell nothing new."""
        return not self._unplugged() and all(waiting.until <= now for waiting in self._waiting)

    @property
    def next_due(self) -> float | None:
        """When `due` has something to say, if nothing happens before."""
        ends = [end for _, end in self._missed.values()] + [w.until for w in self._waiting]
        return min(ends, default=None)

    def plugged(self, device: Device, now: float) -> list[Event]:
        """A device came; its token is waited for."""
        if self._devices.get(device.port) == device:
            return []
        self._devices[device.port] = device
        if not device.is_reader:
            self._waiting.append(_Waiting(device, now + SETTLE_S))
        return [Appeared(device=device)]

    def unplugged(self, device: Device) -> list[Event]:
        """A device left; its carrier is missed only when the slots say so."""
        known = self._devices.pop(device.port, None)
        self._waiting = [w for w in self._waiting if w.device.port != device.port]
        return [Vanished(device=known)] if known else []

    def looked(self, look: Look, now: float) -> list[Event]:
        """One module's slots were read."""
        name = look.module.name
        wide = next((unread for unread in look.unread if unread.slot == MODULE_WIDE), None)
        if wide is not None:
            return self._gone_blind(name, f"{wide.obstacle.value}: {wide.detail}")
        events: list[Event] = self._seeing_again(name)
        self._looks[name] = _keeping_unasked(self._looks.get(name), look, self._unplugged())
        events += self._compare(now)
        events += self._tell_unread(now)
        return events

    def due(self, now: float) -> list[Event]:
        """What time alone brings: a carrier stayed away, a device's token never came."""
        events: list[Event] = []
        for carrier, (_, end) in list(self._missed.items()):
            if end <= now:
                del self._missed[carrier]
                events.append(Pulled(carrier=carrier))
        events += self._tell_unread(now)
        silent = [waiting.device for waiting in self._waiting if waiting.until <= now]
        self._waiting = [waiting for waiting in self._waiting if waiting.until > now]
        return events + [_silent(device) for device in silent]

    def _unplugged(self) -> set[Carrier]:
        """Carriers whose device has left the bus, whatever the slots still show."""
        return {
            carrier
            for carrier, present in self.carriers.items()
            if present.port and present.port not in self._devices
        }

    def _gone_blind(self, what: str, reason: str) -> list[Event]:
        if what in self._blind:
            return []
        self._blind.add(what)
        return [Blind(what=what, reason=reason)]

    def _seeing_again(self, what: str) -> list[Event]:
        if what not in self._blind:
            return []
        self._blind.discard(what)
        return [Seeing(what=what)]

    def _compare(self, now: float) -> list[Event]:
        seen = _merged(self._looks)
        events: list[Event] = []
        for carrier in [carrier for carrier in self.carriers if carrier not in seen]:
            self._missed[carrier] = self.carriers.pop(carrier), now + self._reenumeration_s
            events.append(Missed(carrier=carrier))
        for carrier, (sighting, duplicates) in seen.items():
            here = self.carriers.get(carrier)
            if here is None:
                events.append(self._came(carrier, sighting, duplicates, now))
            elif (here.sighting, here.duplicates) != (sighting, duplicates):
                changed = _content(here.sighting) != _content(sighting)
                grown = duplicates != here.duplicates
                self.carriers[carrier] = Present(sighting, here.port, duplicates)
                if changed or grown:
                    events.append(Identified(sighting=sighting, port=here.port))
        return events

    def _came(self, carrier: Carrier, sighting: Sighting, duplicates: int, now: float) -> Event:
        port = self._claim_port({carrier.maker, Maker.OTHER})
        self.carriers[carrier] = Present(sighting, port, duplicates)
        missed = self._missed.pop(carrier, None)
        if missed is None:
            return Identified(sighting=sighting, port=port)
        gap = self._reenumeration_s - (missed[1] - now)
        return Reenumerated(sighting=sighting, gap_ms=int(gap * 1000))

    def _claim_port(self, makers: set[Maker]) -> str:
        """The port of the device that was waited for; empty where two could be meant."""
        fitting = [w for w in self._waiting if w.device.maker in makers]
        if not fitting:
            return ""
        if len(fitting) > 1:
            for waiting in fitting:
                waiting.doubtful = True
        self._waiting.remove(fitting[0])
        return "" if fitting[0].doubtful else fitting[0].device.port

    def _tell_unread(self, now: float) -> list[Event]:
        """Unreadable slots, each told once, and only when waiting would not help."""
        standing = _unread(self._looks)
        self._told_unread &= standing
        waiting = any(w.until > now for w in self._waiting)
        events: list[Event] = []
        for unread in sorted(standing - self._told_unread, key=lambda u: (u.module, u.slot)):
            if waiting and unread.obstacle not in _NOT_WORTH_WAITING_FOR:
                continue
            self._told_unread.add(unread)
            events.append(Unreadable(unread=unread, port=self._claim_port(set(Maker))))
        return events


def _content(sighting: Sighting) -> object:
    """What of a sighting is worth a record of its own when it changes on a standing carrier."""
    return sighting.objects, sighting.certificates, sighting.unparsed_certificates, sighting.label


def _keeping_unasked(before: Look | None, look: Look, unplugged: set[Carrier]) -> Look:
    """``look``, with what an unreadable slot showed before: could not ask is never "no", unless
    the bus says so."""
    if before is None or not look.unread:
        return look
    unread_slots = {unread.slot for unread in look.unread}
    seen = {sighting.carrier for sighting in look.sightings}
    kept = tuple(
        sighting
        for sighting in before.sightings
        if sighting.slot in unread_slots and sighting.carrier not in seen | unplugged
    )
    return Look(
        module=look.module,
        sightings=look.sightings + kept,
        unread=look.unread,
        slots=look.slots,
    )


def _merged(looks: dict[str, Look]) -> dict[Carrier, tuple[Sighting, int]]:
    """Every carrier in view with its best sighting: a vendor's module before a general one."""
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


def _unread(looks: dict[str, Look]) -> set[Unread]:
    """Unreadable slots, less those a general module can't read while a vendor's module can."""
    vendor_sees = any(not look.module.general and look.sightings for look in looks.values())
    return {
        unread
        for look in looks.values()
        if not (look.module.general and vendor_sees)
        for unread in look.unread
    }


def _silent(device: Device) -> Unreadable:
    return Unreadable(
        unread=Unread(
            module="",
            slot=MODULE_WIDE,
            obstacle=Obstacle.NO_TOKEN_APPEARED,
            detail=device.usb_id,
            label=device.model,
        ),
        port=device.port,
    )
