"""Commands to a smart card and its answers: short APDUs of ISO 7816-4."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

CHAINED = 0x10
"""The class bit that says: more of this command's data follows."""


class Status(IntEnum):
    """Status words, as cards end every answer."""

    DONE = 0x9000
    VERIFICATION_FAILED = 0x6300
    TRIES_LEFT = 0x63C0
    WRONG_LENGTH = 0x6700
    NOT_ALLOWED_YET = 0x6982
    BLOCKED = 0x6983
    CONDITIONS = 0x6985
    WRONG_DATA = 0x6A80
    NOT_SUPPORTED = 0x6A81
    FILE_NOT_FOUND = 0x6A82
    NOT_ENOUGH_ROOM = 0x6A84
    WRONG_PARAMETERS = 0x6A86
    OBJECT_NOT_FOUND = 0x6A88
    FILE_EXISTS = 0x6A89
    WRONG_OFFSET = 0x6B00
    UNKNOWN_COMMAND = 0x6D00


class Refused(Exception):
    """The card answers with this status word instead of doing what it was asked."""

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command; ``expected`` is the greatest size of the answer, None where none is asked."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int | None = None

    @property
    def parameters(self) -> int:
        """P1 and P2 as one number."""
        return self.p1 << 8 | self.p2

    def after(self, earlier: bytes) -> Command:
        """The same command with the data of the chain before it in front."""
        return replace(self, cla=self.cla & ~CHAINED, data=earlier + self.data)


def parse(raw: bytes) -> Command:
    """A command of any of the four short cases, or `Refused`."""
    if len(raw) < 4:
        raise Refused(Status.WRONG_LENGTH)
    cla, ins, p1, p2 = raw[:4]
    data, expected = _body(raw[4:])
    return Command(cla=cla, ins=ins, p1=p1, p2=p2, data=data, expected=expected)


def _body(body: bytes) -> tuple[bytes, int | None]:
    if not body:
        return b"", None
    if len(body) == 1:
        return b"", body[0] or 256
    data, rest = body[1 : 1 + body[0]], body[1 + body[0] :]
    if not body[0] or len(data) < body[0] or len(rest) > 1:
        raise Refused(Status.WRONG_LENGTH)
    return data, (rest[0] or 256) if rest else None


def fields(data: bytes) -> list[tuple[int, bytes]]:
    """Tags of one byte with lengths of one byte, in order: cards seldom use more."""
    found = []
    while data:
        if len(data) < 2 or len(data) < 2 + data[1]:
            raise Refused(Status.WRONG_DATA)
        found.append((data[0], data[2 : 2 + data[1]]))
        data = data[2 + data[1] :]
    return found


def field(tag: int, value: bytes) -> bytes:
    """One tag with its length and value."""
    return bytes([tag, len(value)]) + value
