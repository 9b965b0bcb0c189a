"""Packets of the USB redirection protocol, which QEMU's usb-redir device speaks.

Numbers and layouts are those of usbredir's protocol description, version 0.7: everything is
little-endian, and what is laid out how depends on the capabilities that both ends named in their
first packet. We name just enough for one layout each.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

NAME = b"klyuchar emulator"
_HELLO = struct.Struct("<64s")
_CAPABILITIES = struct.Struct("<I")
_SHORT_HEAD, _HEAD = struct.Struct("<III"), struct.Struct("<IIQ")
LONGEST = 1 << 20
"""Bytes of the longest packet that makes sense here; more means that we lost the thread."""


class Capability(IntEnum):
    """Bits of the capabilities in the first packet."""

    DEVICE_VERSION = 1
    PACKET_SIZES = 4
    WIDE_IDS = 5
    LONG_BULK = 6


_OURS = sum(1 << capability for capability in Capability)


class Type(IntEnum):
    """The packets that are used here."""

    HELLO = 0
    DEVICE_CONNECT = 1
    DEVICE_DISCONNECT = 2
    RESET = 3
    INTERFACE_INFO = 4
    EP_INFO = 5
    SET_CONFIGURATION = 6
    GET_CONFIGURATION = 7
    CONFIGURATION_STATUS = 8
    SET_ALT_SETTING = 9
    GET_ALT_SETTING = 10
    ALT_SETTING_STATUS = 11
    START_INTERRUPT_RECEIVING = 15
    STOP_INTERRUPT_RECEIVING = 16
    INTERRUPT_RECEIVING_STATUS = 17
    CANCEL_DATA = 21
    CONTROL = 100
    BULK = 101
    INTERRUPT = 103


class Status(IntEnum):
    """How the other end's request ended."""

    SUCCESS = 0
    CANCELLED = 1
    INVALID = 2
    STALL = 4
    BABBLE = 6


LAYOUTS: dict[int, struct.Struct] = {
    Type.DEVICE_CONNECT: struct.Struct("<BBBBHHH"),  # speed, class triple, vendor, product, release
    Type.INTERFACE_INFO: struct.Struct("<I32s32s32s32s"),
    Type.EP_INFO: struct.Struct("<32s32s32s64s"),
    Type.SET_CONFIGURATION: struct.Struct("<B"),
    Type.CONFIGURATION_STATUS: struct.Struct("<BB"),
    Type.SET_ALT_SETTING: struct.Struct("<BB"),
    Type.GET_ALT_SETTING: struct.Struct("<B"),
    Type.ALT_SETTING_STATUS: struct.Struct("<BBB"),
    Type.START_INTERRUPT_RECEIVING: struct.Struct("<B"),
    Type.STOP_INTERRUPT_RECEIVING: struct.Struct("<B"),
    Type.INTERRUPT_RECEIVING_STATUS: struct.Struct("<BB"),
    Type.CONTROL: struct.Struct("<BBBBHHH"),  # endpoint, request, kind, status, setup
    Type.BULK: struct.Struct("<BBHIH"),  # endpoint, status, length, stream, high half of length
    Type.INTERRUPT: struct.Struct("<BBH"),  # endpoint, status, length
}
"""What stands between a packet's head and its data; types not named have nothing there."""


class NotUsbRedir(Exception):
    """The other end says what the protocol does not allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One packet: its type, the id that an answer repeats, its fields and the data behind them."""

    type: int
    id: int = 0
    fields: tuple[Any, ...] = ()
    data: bytes = b""

    def encode(self) -> bytes:
        layout = LAYOUTS.get(self.type)
        body = (layout.pack(*self.fields) if layout else b"") + self.data
        return _HEAD.pack(self.type, len(body), self.id) + body


def hello() -> bytes:
    """The first packet, which always has the short head."""
    body = _HELLO.pack(NAME) + _CAPABILITIES.pack(_OURS)
    return _SHORT_HEAD.pack(Type.HELLO, len(body), 0) + body


class Decoder:
    """Takes packets out of a stream of bytes; checks first that the other end can what we need."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False

    def feed(self, untrusted_data: bytes) -> list[Packet]:
        """The packets completed by these bytes; raises `NotUsbRedir`."""
        self._buffer += untrusted_data
        packets = []
        while (packet := self._take()) is not None:
            packets.append(packet)
        return packets

    def _take(self) -> Packet | None:
        head = _HEAD if self._greeted else _SHORT_HEAD
        if len(self._buffer) < head.size:
            return None
        kind, size, packet_id = head.unpack_from(self._buffer)
        if size > LONGEST:
            raise NotUsbRedir(f"a packet of {size} bytes")
        if len(self._buffer) < head.size + size:
            return None
        body = bytes(self._buffer[head.size : head.size + size])
        del self._buffer[: head.size + size]
        return self._greeting(kind, body) if not self._greeted else _packet(kind, packet_id, body)

    def _greeting(self, kind: int, body: bytes) -> Packet:
        if kind != Type.HELLO or len(body) < _HELLO.size + _CAPABILITIES.size:
            raise NotUsbRedir("the first packet is no greeting with capabilities")
        (theirs,) = _CAPABILITIES.unpack_from(body, _HELLO.size)
        if missing := [c.name for c in Capability if not theirs >> c & 1]:
            raise NotUsbRedir(f"the other end lacks {', '.join(missing)}")
        self._greeted = True
        return Packet(type=Type.HELLO, data=body)


def _packet(kind: int, packet_id: int, body: bytes) -> Packet:
    layout = LAYOUTS.get(kind)
    if layout is None:
        return Packet(type=kind, id=packet_id, data=body)
    if len(body) < layout.size:
        raise NotUsbRedir(f"a packet of type {kind} with {len(body)} bytes")
    fields = layout.unpack_from(body)
    return Packet(type=kind, id=packet_id, fields=fields, data=body[layout.size :])
