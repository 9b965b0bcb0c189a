"""Verifying the chain names the first event that is wrong."""

from __future__ import annotations

import pytest

from journal.record import GENESIS, link
from ledger.verify import verify


@pytest.fixture
def lines() -> list[bytes]:
    head, raw = GENESIS, []
    for number in range(5):
        line = link(
            head, time_ns=number, boot="b", host="h", name="Tried", version=1, body={"n": number}
        )
        head = line.head
        raw.append(line.raw)
    return raw


def test_a_whole_chain(lines: list[bytes]) -> None:
    report = verify(lines)
    assert report.broken is None
    assert report.head.seq == 5


def test_an_empty_chain_is_whole() -> None:
    assert verify([]).broken is None


def test_a_changed_event_shows_at_the_next(lines: list[bytes]) -> None:
    lines[2] = lines[2].replace(b'{"n":2}', b'{"n":7}')
    report = verify(lines)
    assert report.broken is not None
    assert report.head.seq == 3
    assert "Событие 4" in report.broken.ru


def test_a_missing_event(lines: list[bytes]) -> None:
    del lines[2]
    report = verify(lines)
    assert report.broken is not None
    assert (report.head.seq, "4" in report.broken.ru) == (2, True)


@pytest.mark.parametrize("garbage", [b"\xff\xfe\n", b"[]\n", b"{}\n", b"\n"])
def test_garbage_is_named_and_does_not_raise(lines: list[bytes], garbage: bytes) -> None:
    lines[1] = garbage
    report = verify(lines)
    assert report.broken is not None
    assert report.head.seq == 1
