"""Messages of the smart card class: USB Device Class: Smart Card CCID, revision 1.1, chapter 6."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from enum import IntEnum

_HEAD = struct.Struct("<BIBB")
HEAD_SIZE = 10
LONGEST = 271
"""Bytes of the longest message of a reader that exchanges short APDUs."""


class To(IntEnum):
    """Commands, on the bulk OUT endpoint."""

    SET_PARAMETERS = 0x61
    POWER_ON = 0x62
    POWER_OFF = 0x63
    SLOT_STATUS = 0x65
    GET_PARAMETERS = 0x6C
    RESET_PARAMETERS = 0x6D
    EXCHANGE = 0x6F
    ABORT = 0x72


class From(IntEnum):
    """Answers, on the bulk IN endpoint, and the one notice of the interrupt endpoint."""

    SLOT_CHANGED = 0x50
    DATA = 0x80
    SLOT_STATUS = 0x81
    PARAMETERS = 0x82


class Slot(IntEnum):
    """The card in the slot, in the low bits of an answer's status."""

    ACTIVE = 0
    INACTIVE = 1
    EMPTY = 2


class Outcome(IntEnum):
    """The command, in the high bits of an answer's status."""

    DONE = 0x00
    FAILED = 0x40
    MORE_TIME = 0x80


class Error(IntEnum):
    """Why a command failed."""

    NONE = 0x00
    NOT_SUPPORTED = 0x00
    MUTE = 0xFE
    """The slot is empty or its card does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A command; ``sequence`` returns in its answer."""

    kind: int
    slot: int
    sequence: int
    data: bytes


def take(buffer: bytearray) -> Message | None:
    """The first whole message, taken out of what the bulk OUT endpoint collected."""
    if len(buffer) < HEAD_SIZE:
        return None
    kind, size, slot, sequence = _HEAD.unpack_from(buffer)
    if len(buffer) < HEAD_SIZE + size:
        return None
    data = bytes(buffer[HEAD_SIZE : HEAD_SIZE + size])
    del buffer[: HEAD_SIZE + size]
    return Message(kind=kind, slot=slot, sequence=sequence, data=data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the reader says to a command; ``parameter`` is the last byte of the header."""

    kind: From
    slot: Slot
    outcome: Outcome = Outcome.DONE
    error: int = Error.NONE
    parameter: int = 0
    data: bytes = b""

    def failed(self, error: Error) -> Answer:
        return replace(self, outcome=Outcome.FAILED, error=error, data=b"")

    def to(self, message: Message) -> bytes:
        head = _HEAD.pack(self.kind, len(self.data), message.slot, message.sequence)
        return head + bytes([self.outcome | self.slot, self.error, self.parameter]) + self.data


def more_time(message: Message) -> bytes:
    """The request to wait for the answer as long again."""
    again = Answer(kind=From.DATA, slot=Slot.ACTIVE, outcome=Outcome.MORE_TIME, error=1)
    return again.to(message)


def slot_changed(*, present: bool) -> bytes:
    """The notice that the card of the first slot came or went."""
    return bytes([From.SLOT_CHANGED, 0x02 | present])
