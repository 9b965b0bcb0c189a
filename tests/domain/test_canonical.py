"""The canonical codec against the reference implementation of RFC 8785."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.canonical import encode, plain
from domain.events import Event
from tests.journal.values import values as typed_values

LARGEST = 2**53 - 1

scalars = st.none() | st.booleans() | st.integers(min_value=-LARGEST, max_value=LARGEST) | st.text()
keys = st.text(alphabet=st.characters(max_codepoint=127))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner) | st.dictionaries(keys, inner),
    max_leaves=20,
)


@given(values)
def test_the_bytes_are_those_of_rfc8785(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(values)
def test_nothing_is_lost_on_the_way_back(value: object) -> None:
    assert json.loads(encode(value)) == value


def test_every_control_and_separator_character_is_escaped_as_rfc8785_says() -> None:
    for code in [*range(0x20), 0x22, 0x5C, 0x7F, 0x80, 0x2028, 0x2029, 0xFFFF, 0x1F600]:
        assert encode(chr(code)) == rfc8785.dumps(chr(code))


@pytest.mark.parametrize("value", [1.5, float("nan"), b"x", {1: 2}, {"ключ": 1}, {"a": {1}}])
def test_what_canonical_json_does_not_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize("value", [LARGEST + 1, -LARGEST - 1, "\ud800"])
def test_numbers_and_strings_that_other_readers_would_change_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"2\^53|surrogates"):
        encode(value)


class Colour(StrEnum):
    RED = "red"


class Rank(IntEnum):
    FIRST = 1


class Pair(NamedTuple):
    left: str
    right: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Nothing:
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    имя: str  # noqa: PLC2401  the point of it
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    inner: Inner | None
    many: tuple[Inner, ...]


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_an_event_is_written_as_rfc8785_writes_its_plain_form(
    kind: type[Any], data: st.DataObject
) -> None:
    event = data.draw(typed_values(kind))
    assert encode(event) == encode(plain(event)) == rfc8785.dumps(plain(event))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Colour.RED, b'"red"'),
        (Rank.FIRST, b"1"),
        (Pair("a", True), b'["a",true]'),
        (MappingProxyType({"b": 1, "a": None}), b'{"a":null,"b":1}'),
        (Nothing(), b"{}"),
        (Inner(colour=Colour.RED), b'{"colour":"red"}'),
        ({"x": [Nothing(), ()]}, b'{"x":[{},[]]}'),
    ],
)
def test_values_of_derived_types_are_written_as_what_they_are(
    value: object, written: bytes
) -> None:
    assert encode(value) == written
    assert encode(value) == written, "the second time the type is known"


def test_a_member_whose_name_is_not_ascii_is_refused() -> None:
    with pytest.raises(TypeError, match="not an ASCII string"):
        encode(Named(имя="x", other="y"))


def test_frozen_values_become_plain_objects() -> None:
    outer = Outer(inner=Inner(colour=Colour.RED), many=(Inner(colour=Colour.RED),))
    assert encode(plain(outer)) == b'{"inner":{"colour":"red"},"many":[{"colour":"red"}]}'
