"""The snapshot's layout: what is packed is found, in few reads, and nothing else is."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.accounting import CarrierEntry, KeyDocument, OutOfAction, Standing
from domain.carrier import Carrier, Maker
from domain.snapshot import Header, Mark, ReadAt, entries, find, pack, read_header

MARK = Mark(version=12, made_at="2026-11-24T03:16:09.000001Z")

_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_documents = st.builds(
    KeyDocument,
    number=_words,
    standing=st.sampled_from(Standing),
    reason=st.none() | st.sampled_from(OutOfAction),
    logins=st.lists(_words, max_size=2).map(tuple),
    shared_logins=st.lists(_words, max_size=2).map(tuple),
    certificate=_words,
    key_not_after=_words,
    made_on=_words,
)
_entries = st.builds(
    CarrierEntry,
    carrier=st.builds(Carrier, maker=st.sampled_from(Maker), model=_words, serial=_words),
    retired=st.booleans(),
    documents=st.lists(_documents, max_size=2).map(tuple),
)


def key(serial: str) -> bytes:
    return sha256(serial.encode()).digest()


def carrier(serial: str, model: str = "m") -> CarrierEntry:
    identity = Carrier(maker=Maker.OTHER, model=model, serial=serial)
    return CarrierEntry(carrier=identity, retired=False, documents=())


def opened(packed: list[CarrierEntry]) -> tuple[ReadAt, Header, list[int]]:
    """The snapshot as a file that counts how much is read of it."""
    content = pack(MARK, "pc-17", "salt", ((key(one.carrier.serial), one) for one in packed))
    reads: list[int] = []

    def read_at(offset: int, size: int) -> bytes:
        reads.append(size)
        return content[offset : offset + size]

    return read_at, read_header(read_at), reads


@given(st.lists(_entries, max_size=12, unique_by=lambda one: one.carrier))
def test_everything_packed_is_found_and_listed(packed: list[CarrierEntry]) -> None:
    read_at, header, _ = opened(packed)
    assert (header.mark, header.workstation, header.salt) == (MARK, "pc-17", "salt")
    assert header.entries == len(packed)
    for one in packed:
        same = [other for other in packed if other.carrier.serial == one.carrier.serial]
        found = find(read_at, header, key(one.carrier.serial))
        assert sorted(map(repr, found)) == sorted(map(repr, same))
    assert sorted(map(repr, entries(read_at, header))) == sorted(map(repr, packed))


@given(st.lists(_words, max_size=40, unique=True), _words)
def test_what_was_not_packed_is_not_found(serials: list[str], other: str) -> None:
    read_at, header, _ = opened([carrier(serial) for serial in serials if serial != other])
    assert find(read_at, header, key(other)) == ()


def test_looking_up_costs_a_handful_of_reads_and_little_memory_however_long_it_is() -> None:
    read_at, header, reads = opened([carrier(f"{number:x}") for number in range(20_000)])
    costs = []
    for number in range(0, 40_000, 97):
        reads.clear()
        found = find(read_at, header, key(f"{number:x}"))
        assert [one.carrier.serial for one in found] == ([f"{number:x}"] if number < 20_000 else [])
        costs.append((len(reads), sum(reads)))
    assert max(count for count, _ in costs) <= 20
    assert max(size for _, size in costs) < 2000


@pytest.mark.parametrize("hashes", ["equal beginnings", "both ends"])
def test_hashes_that_are_not_evenly_spread_are_found_too(hashes: str) -> None:
    beginning = {"equal beginnings": b"\x80" * 8, "both ends": b""}[hashes]
    keys = [beginning + bytes([255 * (number % 2)]) * 8 + number.to_bytes(2, "big")
            for number in range(1, 201)]  # fmt: skip
    keys = [one.ljust(32, b"\0") for one in keys]
    content = pack(MARK, "", "", ((one, carrier(one.hex())) for one in keys))

    def read_at(offset: int, size: int) -> bytes:
        return content[offset : offset + size]

    header = read_header(read_at)
    for one in keys:
        assert [entry.carrier.serial for entry in find(read_at, header, one)] == [one.hex()]
    assert find(read_at, header, b"\0" * 32) == ()
    assert find(read_at, header, b"\xff" * 32) == ()


def test_the_bytes_do_not_depend_on_the_order_the_entries_come_in() -> None:
    some = [(key(serial), carrier(serial)) for serial in "abc"]
    twins = [(key("a"), carrier("a", model)) for model in ("x", "y")]
    forth, back = some + twins, twins[::-1] + some[::-1]
    assert pack(MARK, "", "", forth) == pack(MARK, "", "", back)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"{}\n",
        b"[]\n",
        b"null\n",
        b"\xff\xfe\n",
        b'{"format":"klyuchar snapshot 2"}\n',
        b'{"format":"klyuchar snapshot 1"}\n',
        b'{"entries":"x","format":"klyuchar snapshot 1","made_at":"","salt":"","version":1,'
        b'"workstation":""}\n',
        pack(MARK, "pc-17", "salt", ())[:-1],
        b"x" * 10_000,
    ],
)
def test_what_is_no_snapshot_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(ValueError, match="not a ledger snapshot"):
        read_header(lambda offset, size: content[offset : offset + size])


def test_a_snapshot_is_older_by_version_and_then_by_its_time() -> None:
    later = Mark(version=12, made_at="2026-11-24T03:16:10.000000Z")
    newer = Mark(version=13, made_at="2020-01-01T00:00:00.000000Z")
    assert MARK.order() < later.order() < newer.order()
