"""The form of one line."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import encode
from domain.events import Event, Stopped
from journal.digest import sha256
from journal.record import GENESIS, Head, link, prev_of, seq_of
from tests.journal.values import events

heads = st.builds(
    Head,
    seq=st.integers(min_value=0, max_value=2**53 - 2),
    digest=st.binary(min_size=32, max_size=32),
)


@given(st.binary(max_size=300))
def test_our_sha256_is_hashlibs(data: bytes) -> None:
    assert sha256(data) == hashlib.sha256(data).digest()


def test_a_line_is_exactly_these_bytes() -> None:
    line = link(
        GENESIS,
        time_ns=1_795_490_169_123_456_789,
        boot="b007",
        host="pc-17",
        name="Stopped",
        version=1,
        body=Stopped(reason="сигнал"),
    )
    assert line.raw.decode() == (
        '{"body":{"reason":"сигнал"},"boot":"b007","event":"Stopped","host":"pc-17",'
        f'"prev":"{"0" * 64}","seq":1,"time":"2026-11-24T03:16:09.123456Z","v":1}}\n'
    )
    assert line.head == Head(seq=1, digest=hashlib.sha256(line.raw).digest())


@given(heads, events, st.integers(min_value=0, max_value=2**62), st.text(), st.text())
def test_any_event_makes_one_canonical_line(
    head: Head, event: Event, time_ns: int, boot: str, host: str
) -> None:
    line = link(
        head,
        time_ns=time_ns,
        boot=boot,
        host=host,
        name=type(event).__name__,
        version=1,
        body=event,
    )
    assert line.raw.count(b"\n") == 1
    assert line.raw.endswith(b"\n")
    record = json.loads(line.raw)
    assert encode(record) + b"\n" == line.raw
    assert record["prev"] == head.digest.hex()
    assert record["seq"] == seq_of(line.raw) == line.seq == head.seq + 1
    assert prev_of(line.raw) == head.digest
    recorded = datetime.fromisoformat(record["time"])
    assert recorded.tzinfo == UTC
    assert int(recorded.timestamp()) == time_ns // 10**9 or time_ns > 2**61


def test_an_event_cannot_imitate_the_end_of_a_line() -> None:
    imitation = f'","prev":"{"1" * 64}","seq":99,"time":"x","v":1}}'
    line = link(
        GENESIS,
        time_ns=0,
        boot=imitation,
        host=imitation,
        name="Stopped",
        version=1,
        body={"a": imitation, "prev": "1" * 64, "seq": 99, "time": "x", "v": 1},
    )
    assert seq_of(line.raw) == 1


@pytest.mark.parametrize("raw", [b"", b"\n", b"{}\n", b'{"seq":1}\n', b"\0" * 300 + b"\n"])
def test_other_bytes_are_no_record(raw: bytes) -> None:
    with pytest.raises(ValueError, match="not a record"):
        seq_of(raw)
