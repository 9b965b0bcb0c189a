"""A disk that answers the SCSI commands which a flash drive has to answer (SBC-2, SPC-3)."""

from __future__ import annotations

import struct
from enum import IntEnum

BLOCK = 512


class CheckCondition(Exception):
    """A command failed; `Disk` tells why when it is asked with REQUEST SENSE."""

    def __init__(self, key: int, code: int) -> None:
        super().__init__(f"{key:x} {code:02x}")
        self.sense = struct.pack("<BBB4xB4xB5x", 0x70, 0, key, 10, code)


_ILLEGAL_REQUEST = 5
_NO_SENSE = CheckCondition(0, 0).sense
_NO_PAGES = bytes([3, 0, 0, 0])
_UNKNOWN_COMMAND, _OUT_OF_RANGE, _INVALID_FIELD = 0x20, 0x21, 0x24


class Opcode(IntEnum):
    """The first byte of a command."""

    TEST_UNIT_READY = 0x00
    REQUEST_SENSE = 0x03
    INQUIRY = 0x12
    MODE_SENSE = 0x1A
    START_STOP = 0x1B
    PREVENT_REMOVAL = 0x1E
    READ_CAPACITY = 0x25
    READ = 0x28
    WRITE = 0x2A
    SYNCHRONIZE_CACHE = 0x35


class Disk:
    """A removable disk in memory."""

    def __init__(self, content: bytes, vendor: str, product: str) -> None:
        """``content`` is whole blocks; the names are cut to 8 and 16 characters."""
        if not content or len(content) % BLOCK:
            raise ValueError(f"a disk has blocks of {BLOCK} bytes, not {len(content)} bytes")
        self.content = bytearray(content)
        names = vendor.encode("ascii").ljust(8)[:8] + product.encode("ascii").ljust(16)[:16]
        self._inquiry = bytes([0x00, 0x80, 0x04, 0x02, 31, 0, 0, 0]) + names + b"0100"
        self._sense = _NO_SENSE

    def command(self, block: bytes, data: bytes) -> bytes:
        """What the command reads; ``data`` is what it writes. Raises `CheckCondition`."""
        try:
            return self._command(block, data)
        except CheckCondition as failed:
            self._sense = failed.sense
            raise

    def _command(self, block: bytes, data: bytes) -> bytes:
        match block[0]:
            case Opcode.TEST_UNIT_READY | Opcode.SYNCHRONIZE_CACHE:
                return b""
            case Opcode.START_STOP | Opcode.PREVENT_REMOVAL:
                return b""
            case Opcode.REQUEST_SENSE:
                sense, self._sense = self._sense, _NO_SENSE
                return sense[: block[4]]
            case Opcode.INQUIRY if not block[1]:
                return self._inquiry[: block[4]]
            case Opcode.MODE_SENSE:
                return _NO_PAGES[: block[4]]
            case Opcode.READ_CAPACITY:
                return struct.pack(">II", len(self.content) // BLOCK - 1, BLOCK)
            case Opcode.READ:
                return bytes(self.content[self._place(block)])
            case Opcode.WRITE:
                self._write(self._place(block), data)
                return b""
            case Opcode.INQUIRY:
                raise CheckCondition(_ILLEGAL_REQUEST, _INVALID_FIELD)
            case _:
                raise CheckCondition(_ILLEGAL_REQUEST, _UNKNOWN_COMMAND)

    def _write(self, place: slice, data: bytes) -> None:
        if len(data) != place.stop - place.start:
            raise CheckCondition(_ILLEGAL_REQUEST, _INVALID_FIELD)
        self.content[place] = data

    def _place(self, block: bytes) -> slice:
        first, blocks = struct.unpack_from(">xxIxH", block)
        place = slice(first * BLOCK, (first + blocks) * BLOCK)
        if place.stop > len(self.content):
            raise CheckCondition(_ILLEGAL_REQUEST, _OUT_OF_RANGE)
        return place
