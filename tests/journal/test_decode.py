"""From raw lines back to the domain's events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Wrong
from journal.decode import decode
from journal.record import GENESIS, link
from tests.journal.values import KINDS, values


def line(name: str, body: object, version: int = 1) -> bytes:
    return link(GENESIS, time_ns=0, boot="b", host="h", name=name, version=version, body=body).raw


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_comes_back_as_it_was(kind: type[Any], data: st.DataObject) -> None:
    event = data.draw(values(kind))
    record = decode(line(kind.__name__, event))
    assert record.event == event
    assert type(record.event) is kind
    assert (record.seq, record.boot, record.host, record.name) == (1, "b", "h", kind.__name__)
    assert record.time == "1970-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(("name", "version"), [("FromTheFuture", 1), ("Stopped", 2)])
def test_what_this_program_does_not_know_keeps_its_name(name: str, version: int) -> None:
    record = decode(line(name, {"reason": [1, {"new": None}]}, version))
    assert record.event is None
    assert record.name == name


def test_a_field_added_later_does_no_harm() -> None:
    assert decode(line("Stopped", {"reason": "x", "new": 1})).event is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\n",
        b"nonsense\n",
        b"{}\n",
        b"[]\n",
        b"[" * 100_000 + b"\n",
        b'{"body":' * 50_000 + b"\n",
        line("Stopped", {}),
        line("Stopped", {"reason": 5}),
        line("Stopped", {"reason": "x"}).replace(b'"x"', b'"\xff"'),
        line("Stopped", {"reason": "x"})[:-20],
        line("Stopped", {"reason": "x"}).replace(b'"v":1', b'"v":1,"w":2'),
    ],
)
def test_other_bytes_are_wrong_and_never_a_traceback(raw: bytes) -> None:
    with pytest.raises(Wrong, match="can't be read"):
        decode(raw)
