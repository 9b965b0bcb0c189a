"""The schema between eye and worker: everything of ours passes, nothing else does."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carrier import Carrier, Maker, SerialDefect, canonical_model, canonical_serial
from domain.sighting import (
    Certificate,
    Container,
    ContainerKind,
    Evidence,
    Obstacle,
    Sighting,
    Unread,
)
from drivers import messages
from drivers.messages import (
    Ask,
    Finished,
    Nonsense,
    NotRead,
    Open,
    Ready,
    Seen,
    Touching,
    emit,
    parse_reply,
    parse_request,
)

numbers = st.integers(0, 2**53 - 1)
slots = st.integers(0, 2**53 - 1)
printable = st.characters(exclude_categories=("C", "Zl", "Zp")).filter(str.isprintable)


def text(longest: int) -> st.SearchStrategy[str]:
    return st.text(printable, max_size=longest)


instants = st.datetimes().map(lambda t: t.replace(microsecond=0).isoformat() + "Z")
certificates = st.builds(
    Certificate,
    sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    serial=text(64),
    subject=text(512),
    issuer=text(512),
    not_before=instants,
    not_after=instants,
    key_not_after=st.just("") | instants,
)


@st.composite
def carriers(draw: st.DrawFn) -> Carrier:
    maker = draw(st.sampled_from(Maker))
    serial = canonical_serial(maker, draw(st.text("0123456789abcdefXYZ", min_size=1, max_size=16)))
    model = canonical_model(draw(text(16)))[:32].strip()
    fits = canonical_model(model) == model
    fallback = "1" if isinstance(serial, SerialDefect) else serial
    return Carrier(maker=maker, model=model if fits else "m", serial=fallback)


sightings = st.builds(
    Sighting,
    carrier=carriers(),
    label=text(64),
    module=text(64),
    slot=slots,
    evidence=st.sampled_from(Evidence),
    objects=st.integers(-1, 10_000),
    certificates=st.lists(certificates, max_size=3).map(tuple),
    unparsed_certificates=st.integers(0, 100),
    pin_locked=st.booleans(),
    containers=st.lists(
        st.builds(Container, folder=text(128), kind=st.sampled_from(ContainerKind)), max_size=3
    ).map(tuple),
)
unreads = st.builds(
    Unread,
    module=text(64),
    slot=st.integers(-1, 2**53 - 1),
    obstacle=st.sampled_from(Obstacle),
    detail=text(200),
    label=text(64),
    defect=st.none() | st.sampled_from(SerialDefect),
    maker=st.none() | st.sampled_from(Maker),
)
slot_lists = st.lists(slots, max_size=64).map(tuple)
requests = st.one_of(
    st.builds(Open, module=text(64), path=text(1024), deadline_ms=st.integers(1, 600_000)),
    st.builds(Ask, look=numbers, skip=slot_lists, bare=slot_lists, objects=st.booleans()),
)
replies = st.one_of(
    st.builds(Ready),
    st.builds(Touching, look=numbers, slot=st.integers(-1, 2**53 - 1), call=text(64)),
    st.builds(Seen, look=numbers, sighting=sightings),
    st.builds(NotRead, look=numbers, unread=unreads),
    st.builds(Finished, look=numbers, slots=st.integers(0, 64)),
)

anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


@given(requests)
def test_requests_arrive_as_they_were(request: Open | Ask) -> None:
    line = emit(request)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert parse_request(line) == request


@given(replies)
def test_replies_arrive_as_they_were(reply: messages.Reply) -> None:
    line = emit(reply)
    assert line.count(b"\n") == 1
    assert len(line) <= messages.MAX_LINE
    assert parse_reply(line) == reply


@given(st.binary(max_size=200) | anything.map(lambda value: json.dumps(value).encode()))
def test_anything_else_is_nonsense(untrusted: bytes) -> None:
    for parse in (parse_reply, parse_request):
        with pytest.raises(Nonsense):
            parse(untrusted)


@given(replies, st.data())
def test_one_wrong_field_makes_a_reply_nonsense_or_another_reply(
    reply: messages.Reply, data: st.DataObject
) -> None:
    value = json.loads(emit(reply))
    _spoil(value, data)
    line = json.dumps(value).encode()
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    with suppress(Nonsense):
        assert emit(parse_reply(line)) == canonical.encode() + b"\n"


def _spoil(value: dict[str, Any], data: st.DataObject) -> None:
    """Replace, drop or add one field somewhere in the message."""
    name = data.draw(st.sampled_from(sorted(value)))
    if isinstance(value[name], dict) and data.draw(st.booleans()):
        _spoil(value[name], data)
    elif data.draw(st.booleans()):
        value[name] = data.draw(anything)
    elif data.draw(st.booleans()):
        del value[name]
    else:
        value[data.draw(st.text(min_size=1))] = data.draw(anything)


SEEN = Seen(
    look=1,
    sighting=Sighting(
        carrier=Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="a1b2c3d"),
        label="Ключ",
        module="rutoken",
        slot=0,
        evidence=Evidence.TOKEN_INFO,
        objects=0,
        certificates=(),
    ),
)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("label", "with\x1b[31m an escape"),
        ("label", "\u202eturned"),
        ("label", "x" * 65),
        ("slot", -1),
        ("slot", 1.0),
        ("slot", True),
        ("slot", 2**53),
        ("objects", -2),
        ("evidence", "proof"),
        ("certificates", [None]),
        ("certificates", [{}] * 17),
        ("pin_locked", 0),
        ("carrier", {"maker": "rutoken", "model": "rutoken ecp", "serial": "0A1B2C3D"}),
        ("carrier", {"maker": "rutoken", "model": "Rutoken  ECP", "serial": "a1b2c3d"}),
        ("carrier", {"maker": "nobody", "model": "rutoken ecp", "serial": "a1b2c3d"}),
        ("carrier", {"maker": "rutoken", "model": "rutoken ecp", "serial": "0"}),
        ("carrier", {"maker": "rutoken", "model": "rutoken ecp", "serial": ""}),
        ("carrier", None),
    ],
)
def test_each_field_is_checked(field: str, value: object) -> None:
    message = json.loads(emit(SEEN))
    assert parse_reply(json.dumps(message).encode()) == SEEN
    message["sighting"][field] = value
    with pytest.raises(Nonsense):
        parse_reply(json.dumps(message).encode())


def test_too_long_is_nonsense_before_it_is_parsed() -> None:
    with pytest.raises(Nonsense, match="too long"):
        parse_reply(b'{"type":"ready"}' + b" " * messages.MAX_LINE)


def test_deep_nesting_is_nonsense() -> None:
    with pytest.raises(Nonsense):
        parse_reply(b"[" * 100_000)
