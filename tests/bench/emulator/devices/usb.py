"""A USB device as its host sees it: descriptors, standard requests, endpoints that answer or NAK.

Nothing here knows how a device reaches a kernel; `usbredir` and `vhci` do. Layouts are those of
the USB 2.0 specification, chapter 9.
"""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import ClassVar

IN = 0x80
"""The direction bit of an endpoint's address and of a request: set when the host reads."""


class Stalled(Exception):
    """The device refuses: a STALL handshake, which ends the host's transfer with an error."""


class Babbled(Exception):
    """A packet was longer than the room the host had left: it is lost, the transfer ends badly."""


class Speed(Enum):
    """How fast a device runs; it bounds the packet sizes of its endpoints."""

    FULL = "full"
    HIGH = "high"


class Kind(IntEnum):
    """The kind of an endpoint, as its descriptor numbers it."""

    BULK = 2
    INTERRUPT = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What tells one device from another on the bus; ``release`` is bcdDevice."""

    vendor: int
    product: int
    manufacturer: str
    name: str
    serial: str | None = None
    release: int = 0x0100


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One endpoint; ``packet`` is its wMaxPacketSize in bytes, ``interval`` in the bus's units."""

    address: int
    kind: Kind
    packet: int
    interval: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """The one interface of a device; ``class_descriptor`` stands between it and its endpoints."""

    kind: tuple[int, int, int]
    """Class, subclass, protocol."""
    endpoints: tuple[Endpoint, ...]
    class_descriptor: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The eight bytes that begin a control transfer."""

    kind: int
    request: int
    value: int
    index: int
    length: int

    LAYOUT: ClassVar[struct.Struct] = struct.Struct("<BBHHH")

    @classmethod
    def parse(cls, packet: bytes) -> Setup:
        kind, request, value, index, length = cls.LAYOUT.unpack(packet)
        return cls(kind=kind, request=request, value=value, index=index, length=length)


class Request(IntEnum):
    """The standard requests that a device must answer."""

    GET_STATUS = 0
    CLEAR_FEATURE = 1
    SET_FEATURE = 3
    SET_ADDRESS = 5
    GET_DESCRIPTOR = 6
    GET_CONFIGURATION = 8
    SET_CONFIGURATION = 9
    GET_INTERFACE = 10
    SET_INTERFACE = 11


_DEVICE, _CONFIGURATION, _STRING = 1, 2, 3
_STANDARD, _TYPE_MASK = 0x00, 0x60
_TO_ENDPOINT = 0x02
_US_ENGLISH = struct.pack("<BBH", 4, _STRING, 0x0409)
_BUS_POWERED, _MILLIAMPERES = 0x80, 100


def first_packets(waiting: deque[bytes], length: int, packet: int) -> bytes | None:
    """Of what waits to be read, the packets of the first piece that fit ``length`` bytes of room.

    None where nothing waits. A host that has room for less than the next whole packet gets
    `Babbled`, and the packet is gone.
    """
    if not waiting:
        return None
    first = waiting.popleft()
    sent = min(len(first), -(-length // packet) * packet)
    if sent < len(first):
        waiting.appendleft(first[sent:])
    if sent > length:
        raise Babbled(sent, length)
    return first[:sent]


def _nothing() -> None: ...


class Device:
    """A device with one configuration of one interface. Subclasses answer on its endpoints.

    A port calls everything here from one thread of its own. `read` never waits: None is a NAK,
    and the port asks again after the device called ``wake``.
    """

    def __init__(self, identity: Identity, interface: Interface, speed: Speed) -> None:
        self.identity = identity
        self.interface = interface
        self.speed = speed
        self.configuration = 0
        self._wake: Callable[[], None] = _nothing
        self._strings = [identity.manufacturer, identity.name]
        if identity.serial is not None:
            self._strings.append(identity.serial)

    def attach(self, wake: Callable[[], None]) -> None:
        """The device got power; ``wake`` may be called from any thread."""
        self._wake = wake
        self.reset()

    def detach(self) -> None:
        """The device lost power."""
        self._wake = _nothing

    def reset(self) -> None:
        """The host reset the bus: unconfigured, everything in flight forgotten."""
        self.configuration = 0

    def write(self, endpoint: int, data: bytes) -> None:
        """The host wrote ``data`` to an OUT endpoint, or `Stalled`."""
        raise Stalled(endpoint)

    def read(self, endpoint: int, length: int) -> bytes | None:
        """At most ``length`` bytes of an IN endpoint, None while there is nothing.

        Raises `Stalled`, or `Babbled` where ``length`` is not enough for the packets.
        """
        raise Stalled(endpoint)

    def class_request(self, setup: Setup, data: bytes) -> bytes:
        """A request that the device's class defines, or `Stalled`."""
        raise Stalled(setup)

    def clear_halt(self, endpoint: int) -> None:
        """The host resumes a stalled endpoint."""

    def control(self, setup: Setup, data: bytes = b"") -> bytes:
        """The answer to a control transfer, at most ``setup.length`` bytes, or `Stalled`."""
        if setup.kind & _TYPE_MASK != _STANDARD:
            return self.class_request(setup, data)[: setup.length]
        return self._standard(setup)[: setup.length]

    def _standard(self, setup: Setup) -> bytes:
        match setup.request:
            case Request.GET_DESCRIPTOR:
                return self._descriptor(setup.value >> 8, setup.value & 0xFF)
            case Request.SET_CONFIGURATION:
                self.configuration = setup.value
            case Request.GET_CONFIGURATION:
                return bytes([self.configuration])
            case Request.GET_STATUS:
                return bytes(2)
            case Request.GET_INTERFACE:
                return bytes(1)
            case Request.CLEAR_FEATURE:
                if setup.kind & 0x1F == _TO_ENDPOINT:
                    self.clear_halt(setup.index)
            case Request.SET_FEATURE | Request.SET_ADDRESS | Request.SET_INTERFACE:
                pass
            case _:
                raise Stalled(setup)
        return b""

    def _descriptor(self, kind: int, index: int) -> bytes:
        if kind == _DEVICE:
            return self._device_descriptor()
        if kind == _CONFIGURATION and index == 0:
            return self._configuration_descriptor()
        if kind == _STRING and index == 0:
            return _US_ENGLISH
        if kind == _STRING and index <= len(self._strings):
            text = self._strings[index - 1].encode("utf-16-le")
            return bytes([2 + len(text), _STRING]) + text
        raise Stalled(kind, index)

    def _device_descriptor(self) -> bytes:
        who = self.identity
        head = struct.pack("<BBHBBBB", 18, _DEVICE, 0x0200, 0, 0, 0, 64)
        ids = struct.pack("<HHH", who.vendor, who.product, who.release)
        return head + ids + bytes([1, 2, 0 if who.serial is None else 3, 1])

    def _configuration_descriptor(self) -> bytes:
        face = self.interface
        body = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, len(face.endpoints), *face.kind, 0)
        body += face.class_descriptor
        for end in face.endpoints:
            body += struct.pack("<BBBBHB", 7, 5, end.address, end.kind, end.packet, end.interval)
        total, power = 9 + len(body), _MILLIAMPERES // 2
        return struct.pack("<BBHBBBBB", 9, 2, total, 1, 1, 0, _BUS_POWERED, power) + body
