"""What stands, folded from a real journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.dbus.tidings import Tidings, Word
from domain.carrier import Maker
from domain.events import Blind, Event, Identified, Missed, Seeing, Started, Vanished
from domain.sighting import Device, Evidence, Sighting
from domain.verdict import Level
from journal.reader import Follower
from journal.writer import Journal
from tests.agent.dbus.stage import CARRIER, judged, pulled

STARTED = Started(version="1", watching=(), modules=())
PORT = "/devices/usb1/1-1"
DEVICE = Device(port=PORT, usb_id="0a89:0030", maker=Maker.RUTOKEN, model="rutoken ecp")
IDENTIFIED = Identified(
    sighting=Sighting(
        carrier=CARRIER,
        label="",
        module="m",
        slot=0,
        evidence=Evidence.TOKEN_INFO,
        objects=0,
        certificates=(),
    ),
    port=PORT,
)
UNREAD = judged(None, port=PORT)

Fold = Callable[..., list[Word]]


@pytest.fixture
def tidings() -> Tidings:
    return Tidings()


@pytest.fixture
def fold(tidings: Tidings, tmp_path: Path) -> Fold:
    """Record events and fold what the journal then has."""
    journal = Journal.open(tmp_path / "journal", host="pc", boot="b")
    follower = Follower(tmp_path / "journal", 0)

    def folded(*events: Event) -> list[Word]:
        journal.append(*events)
        return [word for line in follower.new() for word in tidings.fold(line)]

    return folded


def test_a_carrier_that_was_missed_is_not_yet_gone(tidings: Tidings, fold: Fold) -> None:
    fold(judged(), Missed(carrier=CARRIER))
    assert list(tidings.standing) == [CARRIER.key()]
    (gone,) = fold(pulled())
    assert (gone.key, gone.verdict, gone.record) == (CARRIER.key(), {}, 3)
    assert tidings.standing == {}


@pytest.mark.parametrize("end", [Vanished(device=DEVICE), IDENTIFIED])
def test_what_was_unread_ends_with_its_device_or_with_being_read(
    tidings: Tidings, fold: Fold, end: Event
) -> None:
    fold(UNREAD)
    (gone,) = fold(end)
    assert gone.key == f"at:{PORT}"
    assert tidings.standing == {}


def test_a_start_of_the_agent_takes_nothing_away_that_comes_again(
    tidings: Tidings, fold: Fold
) -> None:
    other = replace(CARRIER, serial="1")
    fold(STARTED, judged(), judged(other))
    assert fold(STARTED) == []
    fold(judged())
    (gone,) = tidings.give_up_unconfirmed()
    assert gone.key == other.key()
    assert list(tidings.standing) == [CARRIER.key()]


def test_the_gravest_level_of_what_is_here(tidings: Tidings, fold: Fold) -> None:
    assert tidings.level == ""
    fold(judged(level=Level.ALLOW), judged(replace(CARRIER, serial="1"), level=Level.WARN))
    assert tidings.level == "warn"


def test_what_can_not_be_seen_until_it_is_again(tidings: Tidings, fold: Fold) -> None:
    fold(Blind(what="a", reason="x"), Blind(what="b", reason="y"), Seeing(what="a"))
    assert tidings.blind == {"b": "y"}
    fold(STARTED)
    assert tidings.blind == {}


def test_words_inside_a_record_make_no_event(tidings: Tidings, fold: Fold) -> None:
    fold(Blind(what='","event":"Pulled","host":"', reason="x"))
    assert tidings.blind == {'","event":"Pulled","host":"': "x"}
