"""An inventory comes back from JSON as it went, and nothing else comes back at all."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.canonical import encode, plain
from domain.inventory import (
    LONGEST_TEXT,
    MOST_PACKAGES,
    Control,
    Inventory,
    Machine,
    Manager,
    Package,
    TimeControl,
    from_json,
)
from tests.machines import inventory

TEXTS = st.text(max_size=LONGEST_TEXT).filter(str.isprintable)
INVENTORIES = st.builds(
    Inventory,
    machine=st.builds(Machine, **dict.fromkeys(Machine.__slots__, TEXTS)),
    packages=st.lists(
        st.builds(Package, name=TEXTS, version=TEXTS, manager=st.sampled_from(Manager)), max_size=3
    ).map(tuple),
    time_control=st.builds(TimeControl, state=st.sampled_from(Control), detail=TEXTS),
    unasked=st.lists(TEXTS, max_size=2).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda parts: st.lists(parts) | st.dictionaries(st.text(), parts),
)


@given(one=INVENTORIES)
def test_it_comes_back_as_it_went(one: Inventory) -> None:
    assert from_json(json.loads(encode(one))) == one


@given(value=JSON)
def test_nothing_else_is_one(value: object) -> None:
    with pytest.raises(ValueError, match=r"expected|not an inventory"):
        from_json(value)


@given(value=JSON, data=st.data())
def test_one_wrong_member_is_enough(value: object, data: st.DataObject) -> None:
    document: dict[str, Any] = plain(inventory())
    member = data.draw(st.sampled_from(sorted(document)))
    document[member] = value
    try:
        came = from_json(document)
    except ValueError:
        return
    assert plain(came) == document


@pytest.mark.parametrize(
    "text", ["two\nlines", "\x1b[2J", "\u202eright to left", "a" * (LONGEST_TEXT + 1), "\ud800"]
)
def test_no_text_commands_a_terminal_or_fills_a_disk(text: str) -> None:
    document: dict[str, Any] = plain(inventory())
    document["packages"][0]["version"] = text
    with pytest.raises(ValueError, match="printable"):
        from_json(document)


def test_there_are_not_more_packages_than_anybody_has() -> None:
    document: dict[str, Any] = plain(inventory())
    document["packages"] = document["packages"][:1] * (MOST_PACKAGES + 1)
    with pytest.raises(ValueError, match="at most"):
        from_json(document)


def test_it_is_complete_unless_a_package_manager_could_not_be_asked() -> None:
    assert inventory().is_complete
    assert inventory(unasked=("os-release: no such file",)).is_complete
    assert not inventory(unasked=("rpm: no answer in time",)).is_complete
    assert not inventory(unasked=("dpkg: Permission denied",)).is_complete
