"""ELF headers made by hand: libraries of machines that are not here."""

from __future__ import annotations

from typing import Literal, cast

_SHARED_OBJECT = 3
_BITS = {32: 1, 64: 2}
_ORDERS = {"little": 1, "big": 2}


def header(
    *, machine: int = 62, bits: int = 64, order: str = "little", kind: int = _SHARED_OBJECT
) -> bytes:
    """The first 64 bytes of a file that says this of itself."""
    written = cast('Literal["little", "big"]', order)
    identification = bytes([0x7F, *b"ELF", _BITS[bits], _ORDERS[order], 1]).ljust(16, b"\0")
    halves = kind.to_bytes(2, written) + machine.to_bytes(2, written)
    return (identification + halves).ljust(64, b"\0")


def of_another_machine() -> bytes:
    """A shared object that no machine of these tests can load: big-endian S/390."""
    return header(machine=22, bits=64, order="big")
