"""The agent takes the inventory over: what changed, once, and nothing that is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent.stock import Stock
from domain import canonical
from domain.events import Blind, Event, Inventoried, Seeing
from domain.inventory import FORMAT, Inventory
from tests.machines import CSP, inventory


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "inventory"


@pytest.fixture
def stock(file: Path) -> Stock:
    return after_a_restart(file)


def after_a_restart(file: Path) -> Stock:
    return Stock(file, file.with_name("cursor"))


def write(file: Path, one: Inventory) -> None:
    put(file, canonical.encode({"format": FORMAT, **canonical.plain(one)}))


def put(file: Path, content: bytes) -> None:
    new = file.with_name("new")
    new.write_bytes(content)
    new.rename(file)


def recorded(stock: Stock) -> list[Event]:
    events = stock.refresh()
    stock.recorded()
    return events


def test_none_yet_is_nothing_to_say(stock: Stock) -> None:
    assert recorded(stock) == []


def test_a_change_is_one_event_and_no_change_none(stock: Stock, file: Path) -> None:
    write(file, inventory())
    assert recorded(stock) == [Inventoried(inventory=inventory())]
    assert recorded(stock) == []
    write(file, inventory())  # taken again the next day
    assert recorded(stock) == []
    write(file, newer := inventory(CSP | {"lsb-cprocsp-base": "5.0.13300-7"}))
    assert recorded(stock) == [Inventoried(inventory=newer)]


def test_a_restart_is_none(stock: Stock, file: Path) -> None:
    write(file, inventory())
    recorded(stock)
    again = after_a_restart(file)
    assert recorded(again) == []
    write(file, changed := inventory({}))
    assert recorded(again) == [Inventoried(inventory=changed)]


def test_what_was_not_recorded_is_told_again(stock: Stock, file: Path) -> None:
    write(file, inventory())
    stock.refresh()  # and the power went before the record
    assert recorded(after_a_restart(file)) == [Inventoried(inventory=inventory())]


def test_a_lost_cursor_costs_one_more_record(stock: Stock, file: Path) -> None:
    write(file, inventory())
    recorded(stock)
    file.with_name("cursor").unlink()
    assert recorded(after_a_restart(file)) == [Inventoried(inventory=inventory())]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 5000,
        b"[" * 60_000,
        b"{}",
        b'{"format":"klyuchar inventory 2"}',
        b"null",
        b" " * (65 << 10),
        b'{"format":"klyuchar inventory 1","machine":{}}',
        b"\xff\xfe",
    ],
    ids=["empty", "zeros", "deep", "no members", "newer", "null", "huge", "torn", "binary"],
)
def test_what_is_no_inventory_is_told_once_until_one_comes(
    stock: Stock, file: Path, content: bytes
) -> None:
    put(file, content)
    (blind,) = recorded(stock)
    assert isinstance(blind, Blind)
    put(file, content)
    assert recorded(stock) == []
    write(file, inventory())
    assert recorded(stock) == [Seeing(what="inventory"), Inventoried(inventory=inventory())]


def test_another_mistake_is_not_told_while_the_first_is(stock: Stock, file: Path) -> None:
    put(file, b"null")
    assert len(recorded(stock)) == 1
    put(file, b"{")
    assert recorded(stock) == []


def test_the_same_inventory_after_a_mistake_is_seen_again_only(stock: Stock, file: Path) -> None:
    write(file, inventory())
    recorded(stock)
    put(file, b"null")
    recorded(stock)
    write(file, inventory())
    assert recorded(stock) == [Seeing(what="inventory")]


def test_a_pipe_does_not_hold_the_agent_up(stock: Stock, file: Path) -> None:
    os.mkfifo(file)
    (blind,) = recorded(stock)
    assert isinstance(blind, Blind)


def test_a_link_is_not_followed(stock: Stock, file: Path) -> None:
    secret = file.with_name("key")
    write(secret, inventory())
    file.symlink_to(secret)
    (blind,) = recorded(stock)
    assert isinstance(blind, Blind)


def test_a_cursor_that_can_not_be_written_costs_nothing_now(
    stock: Stock, file: Path, tmp_path: Path
) -> None:
    (tmp_path / "cursor").mkdir()
    stock = Stock(file, tmp_path / "cursor" / "absent" / "cursor")
    write(file, inventory())
    assert len(recorded(stock)) == 1
    assert recorded(stock) == []
