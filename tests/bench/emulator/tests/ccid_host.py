"""Messages to a smart card reader, as libccid writes them."""

from __future__ import annotations

import struct

OUT, IN, NOTICES = 0x02, 0x82, 0x81
POWER_ON, POWER_OFF, SLOT_STATUS, EXCHANGE, GET_PARAMETERS = 0x62, 0x63, 0x65, 0x6F, 0x6C
PRESENT, INACTIVE, EMPTY, FAILED, MORE_TIME = 0x00, 0x01, 0x02, 0x40, 0x80


def message(kind: int, data: bytes = b"", sequence: int = 0) -> bytes:
    """A command to slot 0."""
    return struct.pack("<BIBB3x", kind, len(data), 0, sequence) + data


def status(answer: bytes) -> int:
    """The status byte of an answer; its header must fit."""
    assert struct.unpack_from("<I", answer, 1)[0] == len(answer) - 10
    return answer[7]
