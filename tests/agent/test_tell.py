"""What journald gets: a datagram socket stands where journald listens, and it is read whole."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.tell import JournaldFollower
from domain.carrier import Carrier, Maker
from domain.events import Blind, Inventoried, Judged, Started
from domain.inventory import Control
from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from journal.writer import Journal
from tests.machines import inventory

CARRIER = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="3b2f0a11")
FINDING = Finding(
    rule="unknown-carrier",
    clause="3.1",
    level=Level.DENY,
    reason=Text(ru="Носитель не учтён", en="Unknown"),
    advice=Text(ru="Выньте\nего", en="Pull it"),
)
DENIED = Judged(
    carrier=CARRIER,
    port="",
    seat="ivanova",
    verdict=Verdict(findings=(FINDING,), snapshot=None, age=None),
)


@pytest.fixture
def place() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="kt", dir="/tmp"))
    (directory / "cursors").mkdir()
    yield directory
    shutil.rmtree(directory)


def listening(place: Path) -> socket.socket:
    journald = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    journald.bind(str(place / "journald"))
    journald.setblocking(False)
    return journald


def follower(place: Path) -> JournaldFollower:
    return JournaldFollower(
        place / "journal", place / "cursors" / "journald", str(place / "journald")
    )


def fields(datagram: bytes) -> dict[str, str]:
    return dict(line.split("=", 1) for line in datagram.decode().splitlines())


def test_a_verdict_can_be_found_by_its_fields(place: Path) -> None:
    journal = Journal.open(place / "journal", host="pc", boot="b")
    journal.append(DENIED)
    with listening(place) as journald:
        follower(place).follow()
        told = fields(journald.recv(65536))
    assert told["KLYUCHAR_EVENT"] == "Judged"
    assert told["KLYUCHAR_LEVEL"] == "deny"
    assert told["KLYUCHAR_CLAUSE"] == "3.1"
    assert told["KLYUCHAR_CARRIER"] == "0992938513"
    assert told["PRIORITY"] == "4"
    assert told["MESSAGE"].startswith("Носитель не учтён")
    assert told["KLYUCHAR_SEQ"] == "1"


def test_a_time_control_switched_off_is_a_warning(place: Path) -> None:
    journal = Journal.open(place / "journal", host="pc", boot="b")
    for state in (Control.ON, Control.OFF):
        journal.append(Inventoried(inventory=inventory(control=state)))
    with listening(place) as journald:
        follower(place).follow()
        told = [fields(journald.recv(65536))["PRIORITY"] for _ in range(2)]
    assert told == ["6", "5"]


def test_text_from_a_device_can_not_forge_a_field(place: Path) -> None:
    journal = Journal.open(place / "journal", host="pc", boot="b")
    journal.append(Blind(what="x", reason="bad\nKLYUCHAR_LEVEL=allow"), DENIED)
    with listening(place) as journald:
        follower(place).follow()
        first, second = fields(journald.recv(65536)), fields(journald.recv(65536))
    assert "KLYUCHAR_LEVEL" not in first
    assert second["KLYUCHAR_LEVEL"] == "deny"


def test_what_journald_missed_is_told_later_and_once(place: Path) -> None:
    journal = Journal.open(place / "journal", host="pc", boot="b")
    journal.append(Started(version="1", watching=(), modules=()))
    absent = follower(place)
    absent.follow()
    with listening(place) as journald:
        absent.follow()
        assert fields(journald.recv(65536))["KLYUCHAR_EVENT"] == "Started"
        follower(place).follow()
        with pytest.raises(BlockingIOError):
            journald.recv(65536)
