"""The layout of a ledger snapshot: a file that is read in place.

    header      one line of canonical JSON
    index       per record 32 bytes SHA-256 of the carrier's serial, 8 bytes offset, 4 bytes length;
                sorted, big-endian
    records     per record one line of canonical JSON (`domain.accounting.CarrierEntry`)
    signature   64 bytes: Ed25519 by the ledger over the 32-byte SHA-256 of all the bytes before it

Looking a carrier up costs a handful of short reads and no memory, however long the ledger is:
hashes are spread evenly, so the place of one can be interpolated.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from domain import canonical
from domain.accounting import CarrierEntry, entry_from_json

FORMAT = "klyuchar snapshot 1"
HASH_SIZE = 32
SIGNATURE_SIZE = 64
MAX_HEADER_SIZE = 4096
LARGEST_SNAPSHOT = 256 << 20
"""Bytes that a workstation takes: some hundred thousand carriers."""
_INDEX_ROW = HASH_SIZE + 8 + 4
_NARROW = 16

ReadAt = Callable[[int, int], bytes]
"""``(offset, size) -> bytes``, as os.pread of an open file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Which snapshot: the ledger's event count and when it was made (RFC 3339, UTC).

    A snapshot is older than another exactly when `order` is smaller.
    """

    version: int
    made_at: str

    def order(self) -> tuple[int, str]:
        return self.version, self.made_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """The ledger has the workstation's journal from its first record up to ``seq``, all of it;
    that record has the SHA-256 ``head``."""

    seq: int
    head: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The first line: ``workstation`` is whom the snapshot was made for, ``salt`` what login
    marks were made with, ``entries`` the number of records. ``acknowledged`` is None where the
    ledger does not vouch for having the journal whole."""

    mark: Mark
    workstation: str
    salt: str
    entries: int
    index_at: int
    acknowledged: Acknowledged | None = None


def pack(
    mark: Mark,
    workstation: str,
    salt: str,
    entries: Iterable[tuple[bytes, CarrierEntry]],
    acknowledged: Acknowledged | None = None,
) -> bytes:
    """All of the file but its signature. ``entries`` come with the SHA-256 of their serial."""
    rows = sorted(
        ((key, canonical.encode(canonical.plain(entry)) + b"\n") for key, entry in entries),
    )
    header = canonical.encode(
        {
            "acknowledged": canonical.plain(acknowledged),
            "entries": len(rows),
            "format": FORMAT,
            "made_at": mark.made_at,
            "salt": salt,
            "version": mark.version,
            "workstation": workstation,
        }
    )
    offset = len(header) + 1 + len(rows) * _INDEX_ROW
    index = []
    for key, record in rows:
        index.append(key + offset.to_bytes(8, "big") + len(record).to_bytes(4, "big"))
        offset += len(record)
    return b"".join([header, b"\n", *index, *(record for _, record in rows)])


def read_header(read_at: ReadAt) -> Header:
    """The header of an opened file. Raises ValueError where it is not a snapshot."""
    line, newline, _ = read_at(0, MAX_HEADER_SIZE).partition(b"\n")
    try:
        value = json.loads(line)
        if not newline or value["format"] != FORMAT:
            raise ValueError("another format")
        return Header(
            mark=Mark(version=int(value["version"]), made_at=str(value["made_at"])),
            workstation=str(value["workstation"]),
            salt=str(value["salt"]),
            entries=int(value["entries"]),
            index_at=len(line) + 1,
            acknowledged=_acknowledged(value.get("acknowledged")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"not a ledger snapshot: {error}") from error


def _acknowledged(value: Any) -> Acknowledged | None:
    return Acknowledged(seq=int(value["seq"]), head=str(value["head"])) if value else None


def find(read_at: ReadAt, header: Header, key: bytes) -> tuple[CarrierEntry, ...]:
    """Every entry whose serial has the SHA-256 ``key``: usually one, none where unknown."""
    found = []
    row = _first_row(read_at, header, key)
    while row < header.entries:
        raw = read_at(header.index_at + row * _INDEX_ROW, _INDEX_ROW)
        if raw[:HASH_SIZE] != key:
            break
        found.append(_entry(read_at, raw))
        row += 1
    return tuple(found)


def entries(read_at: ReadAt, header: Header) -> Iterator[CarrierEntry]:
    """Every entry, one after the other: for a person's search, as long as the ledger is."""
    for row in range(header.entries):
        raw = read_at(header.index_at + row * _INDEX_ROW, _INDEX_ROW)
        yield _entry(read_at, raw)


def _entry(read_at: ReadAt, row: bytes) -> CarrierEntry:
    offset = int.from_bytes(row[HASH_SIZE : HASH_SIZE + 8], "big")
    length = int.from_bytes(row[HASH_SIZE + 8 :], "big")
    return entry_from_json(json.loads(read_at(offset, length)))


def _first_row(read_at: ReadAt, header: Header, key: bytes) -> int:
    """The first row not smaller than ``key``: interpolation while the range is wide."""
    low, high = 0, header.entries
    low_value, high_value = 0, 1 << 64
    wanted = int.from_bytes(key[:8], "big")
    while low < high:
        if high - low > _NARROW and low_value <= wanted < high_value:
            guess = low + (high - low) * (wanted - low_value) // (high_value - low_value)
            middle = min(max(guess, low), high - 1)
        else:
            middle = (low + high) // 2
        row_key = read_at(header.index_at + middle * _INDEX_ROW, HASH_SIZE)
        if row_key < key:
            low, low_value = middle + 1, int.from_bytes(row_key[:8], "big")
        else:
            high, high_value = middle, int.from_bytes(row_key[:8], "big") + 1
    return low
