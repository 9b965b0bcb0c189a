"""The devices on the bus, and which of them still wait for a module to show their carrier."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from domain.carrier import Maker
from domain.sighting import Device

SETTLE_S = 4.0
"""How long a plugged device may take until its token is readable: pcscd needs 0.2 to 1.5 s."""


@dataclass(slots=True)
class Waiting:
    """A device plugged at ``since`` whose token is awaited until ``until``; ``doubtful`` once a
    token that came might have been another device's."""

    device: Device
    since: float
    until: float
    doubtful: bool = False


class Bus:
    """What is plugged. Times are monotonic."""

    def __init__(self) -> None:
        self._devices: dict[str, Device] = {}
        self._waiting: list[Waiting] = []

    @property
    def has_reader(self) -> bool:
        """Whether a plain reader is plugged, where a card can come without any USB event."""
        return any(device.is_reader for device in self._devices.values())

    @property
    def ends(self) -> list[float]:
        """When the devices that wait will have waited long enough."""
        return [waiting.until for waiting in self._waiting]

    def at(self, port: str) -> Device | None:
        """The device plugged at ``port``."""
        return self._devices.get(port)

    def is_waiting(self, now: float) -> bool:
        """Whether a token may still wake up."""
        return any(waiting.until > now for waiting in self._waiting)

    def plugged(self, device: Device, now: float) -> None:
        """Remember the device; unless it is a reader its token is waited for."""
        self._devices[device.port] = device
        if not device.is_reader:
            self._waiting.append(Waiting(device, since=now, until=now + SETTLE_S))

    def unplugged(self, port: str) -> Device | None:
        """Forget the device at ``port``; it, or None where there is none."""
        self._waiting = [w for w in self._waiting if w.device.port != port]
        return self._devices.pop(port, None)

    def claim(self, makers: Set[Maker], before: str = "") -> str:
        """The port of the device that was waited for, which waits no more.

        ``before`` is where the carrier was last: its device at the same port is certainly meant.
        Empty where nothing waits, or where two could be meant.
        """
        fitting = [w for w in self._waiting if w.device.maker in makers]
        for waiting in fitting:
            if waiting.device.port == before:
                self._waiting.remove(waiting)
                return before
        if not fitting:
            return ""
        if len(fitting) > 1:
            for waiting in fitting:
                waiting.doubtful = True
        self._waiting.remove(fitting[0])
        return "" if fitting[0].doubtful else fitting[0].device.port

    def overdue(self, now: float) -> list[Waiting]:
        """Devices that waited long enough; each is told once."""
        over = [waiting for waiting in self._waiting if waiting.until <= now]
        self._waiting = [waiting for waiting in self._waiting if waiting.until > now]
        return over
