"""The devices on the bus, and which of them still wait for a module to show their carrier.

Nothing says which port a token is read from. Where one device waited it is that one's; where
several did it may be any of theirs, and they stay candidates.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from domain.carrier import Maker
from domain.sighting import Device

SETTLE_S = 4.0
"""How long a plugged device may take until its token is readable: pcscd needs 0.2 to 1.5 s."""

Ports = frozenset[str]


@dataclass(slots=True)
class Waiting:
    """A device plugged at ``since`` whose token is awaited until ``until``. ``rivals`` are the
    ports it was confused with when another's token came, its own included."""

    device: Device
    since: float
    until: float
    rivals: Ports = frozenset()


class Bus:
    """What is plugged. Times are monotonic."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._waiting: list[Waiting] = []
        self._silent: list[Waiting] = []
        """Told of as silent; their token may come late on a slow or busy machine."""

    @property
    def has_silent(self) -> bool:
        """Whether a device is plugged whose token has not come in time."""
        return bool(self._silent)

    @property
    def has_reader(self) -> bool:
        """Whether a plain reader is plugged, where a card can come without any USB event."""
        return any(device.is_reader for device in self._devices.values())

    @property
    def has_usb(self) -> bool:
        """Whether anything real is plugged: a demonstration's tokens have no USB."""
        return any(device.usb_id for device in self._devices.values())

    @property
    def ports(self) -> Ports:
        """Where something is plugged."""
        return frozenset(self._devices)

    @property
    def ends(self) -> list[float]:
        """When the devices that wait will have waited long enough."""
        return [waiting.until for waiting in self._waiting]

    def at(self, port: str) -> Device | None:
        """The device plugged at ``port``."""
        return self._devices.get(port)

    def fitting(self, ports: Ports, makers: Set[Maker]) -> Ports:
        """Those of ``ports`` where a device of one of these makers is plugged."""
        plugged = ((port, self._devices.get(port)) for port in ports)
        return frozenset(port for port, device in plugged if device and device.maker in makers)

    def is_waiting(self, now: float) -> bool:
        """Whether a token may still wake up."""
        return any(waiting.until > now for waiting in self._waiting)

    def is_waiting_at(self, ports: Ports) -> bool:
        """Whether a device at one of these ports will be told of where its token never comes."""
        return any(waiting.device.port in ports for waiting in self._waiting)

    def plugged(self, device: Device, now: float) -> None:
        """Remember the device; unless it is a reader its token is waited for."""
        self._devices[device.port] = device
        if not device.is_reader:
            self._waiting.append(Waiting(device, since=now, until=now + SETTLE_S))

    def unplugged(self, port: str) -> Device | None:
        """Forget the device at ``port``; it, or None where there is none."""
        self._waiting = [w for w in self._waiting if w.device.port != port]
        self._silent = [w for w in self._silent if w.device.port != port]
        return self._devices.pop(port, None)

    def claim(self, makers: Set[Maker], before: Ports = frozenset()) -> Ports:
        """Where the token that came may be; one of the devices there waits no more.

        ``before`` is where its carrier was last: devices there come first. Devices told of as
        silent come after those that wait. Empty where there is neither.
        """
        fitting = [w for w in self._waiting if w.device.maker in makers]
        fitting = fitting or [w for w in self._silent if w.device.maker in makers]
        fitting = [w for w in fitting if w.device.port in before] or fitting
        if not fitting:
            return frozenset()
        ports = frozenset(waiting.device.port for waiting in fitting)
        if len(before) != 1:
            ports = ports.union(*(waiting.rivals for waiting in fitting))
        for waiting in fitting:
            waiting.rivals = ports if len(ports) > 1 else waiting.rivals
        self._waiting = [w for w in self._waiting if w is not fitting[0]]
        self._silent = [w for w in self._silent if w is not fitting[0]]
        return ports

    def overdue(self, now: float) -> list[Waiting]:
        """Devices that waited long enough; each is told once."""
        over = [waiting for waiting in self._waiting if waiting.until <= now]
        self._waiting = [waiting for waiting in self._waiting if waiting.until > now]
        return over

    def keep_silent(self, waiting: Waiting) -> None:
        """The device was told of as silent; it is neither forgotten nor told again."""
        self._silent.append(waiting)
