"""Which carriers are here: looks and USB changes folded into events. No I/O, no clock.

The slots are the truth about carriers and the bus about devices; this module joins the two. What
could not be asked leaves everything as it was: only a slot that was read and is empty says that a
carrier is gone. One whose device stays plugged was not pulled by a person: it fell silent.
"""

from __future__ import annotations

from dataclasses import dataclass

from agent.bus import Bus, Ports, Waiting
from agent.looks import Conflict, keeping_unasked, merged, renamed, without
from agent.sick_slots import SickSlots
from agent.sight import PCSCD, PCSCD_OBSTACLES, Sight
from domain.carrier import STORAGE as STORAGE_MAKERS
from domain.carrier import Carrier, Maker
from domain.events import (
    Appeared,
    Event,
    Identified,
    Missed,
    Pulled,
    Reenumerated,
    Unreadable,
    Vanished,
)
from domain.sighting import Device, Obstacle, Sighting, Unread
from drivers.catalogue import STORAGE
from drivers.eye import Look

MODULE_WIDE = -1


@dataclass(slots=True)
class Present:
    """A carrier that is here, at one of ``ports``. ``duplicates``: how many further slots of its
    module show it; ``left_at``: when its device left the bus while the slots went on to show it."""

    sighting: Sighting
    ports: Ports
    duplicates: int = 0
    left_at: float | None = None

    @property
    def port(self) -> str:
        """Where it is, empty where that can't be told."""
        return _only(self.ports)


@dataclass(slots=True)
class _Away:
    """A carrier that the slots no longer show since ``since``; ``until`` is when that has to be
    looked into, None where its device stays plugged. ``told``: as one that fell silent."""

    ports: Ports
    since: float
    until: float | None
    told: bool = False


class Presence:
    """The carriers and devices at this workstation, and what changed about them.

    Every method takes the monotonic time and returns the events to be recorded, in order.
    """

    def __init__(self, reenumeration_s: float) -> None:
        self.reenumeration_s = reenumeration_s
        self._bus = Bus()
        self.sight = Sight()
        self._looks: dict[str, Look] = {}
        self._away: dict[Carrier, _Away] = {}
        self._sick = SickSlots()
        self._aliases: dict[Carrier, Carrier] = {}
        self.carriers: dict[Carrier, Present] = {}

    @property
    def has_reader(self) -> bool:
        """Whether a plain reader is plugged, where a card can come without any USB event."""
        return self._bus.has_reader

    @property
    def ports(self) -> Ports:
        """Where devices are plugged."""
        return self._bus.ports

    @property
    def needs_pcscd(self) -> bool:
        """Whether a carrier or reader is plugged that modules reach through pcscd."""
        return self._bus.has_usb

    @property
    def impaired(self) -> bool:
        """Whether something can't be seen that may be seen again without any USB event."""
        silent = any(away.until is None for away in self._away.values())
        return self.sight.may_recover or silent or self._bus.has_silent or self._sick.may_recover

    def settled(self, now: float) -> bool:
        """Whether another look soon would tell nothing new."""
        awaited = self._bus.is_waiting(now) or self._bus.has_silent
        return not (self._unplugged() or awaited or self.doubtful)

    @property
    def doubtful(self) -> bool:
        """Whether a slot just failed: another look has to say whether it stays unreadable."""
        return self._sick.doubtful

    @property
    def next_due(self) -> float | None:
        """When `due` has something to say, if nothing happens before."""
        ends = [away.until for away in self._away.values() if away.until is not None]
        return min(ends + self._bus.ends, default=None)

    def plugged(self, device: Device, now: float) -> list[Event]:
        """A device came; its token is waited for."""
        if self._bus.at(device.port) == device:
            return []
        events = self.unplugged(device, now)
        self._bus.plugged(device, now)
        return [*events, Appeared(device=device)]

    def unplugged(self, device: Device, now: float) -> list[Event]:
        """A device left; its carrier is missed only when the slots say so."""
        known = self._bus.unplugged(device.port)
        if known is None:
            return []
        for here in self.carriers.values():
            if here.port == known.port and here.left_at is None:
                here.left_at = now
        for away in self._away.values():
            if known.port in away.ports:
                away.until = now + self.reenumeration_s
        return [Vanished(device=known)]

    def looked(self, look: Look, now: float) -> list[Event]:
        """One module's slots were read."""
        name, before = look.module.name, self._looks.get(look.module.name)
        wide = next((unread for unread in look.unread if unread.slot == MODULE_WIDE), None)
        if wide is None:
            events = self.sight.back(name) + self.sight.back(PCSCD, by=name)
            look = renamed(look, self._aliases)
            self._looks[name] = keeping_unasked(before, look, self._unplugged())
        else:
            events = self._could_not_ask(name, wide)
            if before is not None:
                self._looks[name] = without(before, self._unplugged())
        self._sick.looked(self._looks, now)
        return events + self._compare(now) + self._tell_unread(now, name)

    def due(self, now: float) -> list[Event]:
        """What time alone brings: a carrier stayed away, a device's token never came."""
        events: list[Event] = []
        for carrier, away in list(self._away.items()):
            if away.until is not None and away.until <= now:
                events += self._stayed_away(carrier, away)
        events += self._tell_unread(now, *self._looks)
        for waiting in self._bus.overdue(now):
            events += self._token_never_came(waiting)
        return events

    def _unplugged(self) -> set[Carrier]:
        """Carriers whose device has left the bus, whatever the slots still show."""
        return {carrier for carrier, here in self.carriers.items() if here.left_at is not None}

    def _could_not_ask(self, module: str, unread: Unread) -> list[Event]:
        """The module as a whole; pcscd, which many ask, is told of once."""
        cause, detail = unread.obstacle.value, unread.detail
        if unread.obstacle not in PCSCD_OBSTACLES:
            return self.sight.lost(module, cause, detail)
        answered = self.sight.back(module)
        return answered + self.sight.lost(PCSCD, cause, detail, by=module)

    def _compare(self, now: float) -> list[Event]:
        seen, conflicts = merged(self._looks)
        events: list[Event] = [event for one in conflicts for event in self._agree(one)]
        for carrier in [carrier for carrier in self.carriers if carrier not in seen]:
            here = self.carriers.pop(carrier)
            until = now + self.reenumeration_s
            self._away[carrier] = _Away(ports=here.ports, since=now, until=until)
            events.append(Missed(carrier=carrier))
        for carrier, (sighting, duplicates) in seen.items():
            if carrier in self.carriers:
                events += self._stayed(self.carriers[carrier], sighting, duplicates)
            else:
                events.append(self._came(carrier, sighting, duplicates, now))
        return events

    def _agree(self, conflict: Conflict) -> list[Event]:
        """From now on the two are one by whatever module, told once. What stood by the other name
        goes on by this one: nobody pulled it."""
        kept, other = conflict.kept.carrier, conflict.other.carrier
        for alias, name in self._aliases.items():
            self._aliases[alias] = kept if name == other else name
        self._aliases[other] = kept
        self._looks = {name: renamed(look, self._aliases) for name, look in self._looks.items()}
        events: list[Event] = [conflict.told()]
        if (here := self.carriers.pop(other, None)) is not None:
            ports = here.ports or self._ports_of(kept, frozenset())
            self.carriers[kept] = Present(conflict.kept, ports)
            identified = Identified(sighting=conflict.kept, port=_only(ports))
            events += [Missed(carrier=other), identified]
        return events

    def _stayed(self, here: Present, sighting: Sighting, duplicates: int) -> list[Event]:
        changed = _content(here.sighting) != _content(sighting) or here.duplicates != duplicates
        here.sighting, here.duplicates = sighting, duplicates
        return [Identified(sighting=sighting, port=here.port)] if changed else []

    def _came(self, carrier: Carrier, sighting: Sighting, duplicates: int, now: float) -> Event:
        away = self._away.pop(carrier, None)
        ports = self._ports_of(carrier, away.ports if away else frozenset())
        self.carriers[carrier] = Present(sighting, ports, duplicates)
        for other in self._away.values():
            if other.until is None and other.ports & ports:
                other.until = now  # the device that held it may have been this carrier's
        if away is None:
            return Identified(sighting=sighting, port=_only(ports))
        return Reenumerated(sighting=sighting, gap_ms=int((now - away.since) * 1000))

    def _ports_of(self, carrier: Carrier, before: Ports) -> Ports:
        """Where a carrier came that was at ``before``: there still, where its device never left."""
        makers = _makers(carrier)
        stayed = self._bus.fitting(before, makers)
        if stayed and stayed == before and not self._bus.is_waiting_at(before):
            return before
        return self._bus.claim(makers, before) or stayed

    def _stayed_away(self, carrier: Carrier, away: _Away) -> list[Event]:
        """A person pulled it, unless its device is plugged."""
        plugged = self._bus.fitting(away.ports, _makers(carrier))
        if len(plugged) <= self._sharing(plugged):
            del self._away[carrier]
            self._leave_to_others(away.ports - plugged)
            return [Pulled(carrier=carrier)]
        away.until = None
        # A device that left and came back is waited for, and told of where that ends.
        if away.told or self._bus.is_waiting_at(plugged):
            return []
        away.told = True
        return [self._silent(_only(plugged), f"{carrier.model} № {carrier.spelled()}")]

    def _leave_to_others(self, gone: Ports) -> None:
        """Who shared ports with a carrier that was pulled from one of them is at another."""
        for here in self.carriers.values():
            here.ports = here.ports - gone or here.ports

    def _token_never_came(self, waiting: Waiting) -> list[Event]:
        """A device's token was not shown anew: either it is silent, or it was so quickly back that
        no look missed it."""
        device, since = waiting.device, waiting.since
        for carrier, here in self.carriers.items():
            if here.left_at is not None and here.port == device.port:
                gap_ms = int((since - here.left_at) * 1000)
                self.carriers[carrier] = Present(here.sighting, here.ports, here.duplicates)
                return [Reenumerated(sighting=here.sighting, gap_ms=gap_ms)]
        at = frozenset({device.port})
        rivals = at.union(*(here.ports for here in self.carriers.values() if here.ports & at))
        plugged = self._bus.fitting(rivals, set(Maker))
        if self._sharing(at) >= len(plugged):
            return []
        self._bus.keep_silent(waiting)
        return [self._silent(device.port, device.model)]

    def _sharing(self, ports: Ports) -> int:
        """How many carriers that are here may be at these ports."""
        return sum(1 for here in self.carriers.values() if here.ports & ports)

    def _silent(self, port: str, label: str) -> Unreadable:
        """What is plugged, at ``port`` where that is known, and shows no carrier."""
        device = self._bus.at(port)
        unread = Unread(
            module="",
            slot=MODULE_WIDE,
            obstacle=Obstacle.NO_TOKEN_APPEARED,
            detail=device.usb_id if device else "",
            label=label,
        )
        return Unreadable(unread=unread, port=port, device=device)

    def _tell_unread(self, now: float, *modules: str) -> list[Event]:
        waking = self._bus.is_waiting(now)
        return [
            self._unreadable(unread, _only(self._bus.claim(_possible_makers(unread))))
            for unread in self._sick.tell(modules, now, waking=waking)
        ]

    def _unreadable(self, unread: Unread, port: str) -> Unreadable:
        return Unreadable(unread=unread, port=port, device=self._bus.at(port))


def _makers(carrier: Carrier) -> set[Maker]:
    """Whose device the carrier's may be; nobody's where it is storage, which is no token."""
    return set() if carrier.maker in STORAGE_MAKERS else {carrier.maker, Maker.OTHER}


def _possible_makers(unread: Unread) -> set[Maker]:
    """Whose device may hold what could not be read."""
    return set() if unread.module == STORAGE else set(Maker)


def _content(sighting: Sighting) -> object:
    """What of a sighting is worth a record of its own when it changes on a standing carrier."""
    return (
        sighting.objects,
        sighting.certificates,
        sighting.unparsed_certificates,
        sighting.label,
        sighting.containers,
    )


def _only(ports: Ports) -> str:
    """The port; empty where several could be meant, or none is known."""
    return min(ports) if len(ports) == 1 else ""
