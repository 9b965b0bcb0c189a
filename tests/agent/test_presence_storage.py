"""Drives beside tokens in the fold of looks: neither takes the other's place."""

from __future__ import annotations

from dataclasses import replace

from agent.bus import SETTLE_S
from agent.presence import Presence
from agent.sick_slots import CONFIRM_S
from domain.carrier import Carrier, Maker
from domain.events import Identified, Missed, Pulled, Reenumerated, Unreadable
from domain.sighting import Container, ContainerKind, Device, Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import storage
from drivers.eye import Look

STORAGE = storage(("/keys",))
TOKEN = Device(port="/usb1/1-1", usb_id="23a0:0001", maker=Maker.OTHER, model="iBank2Key")
CARRIER = Carrier(maker=Maker.FLASH, model="flash disk", serial="1a2b3c4d/0401ab77")
A = Container(folder="a.000", kind=ContainerKind.EXCHANGE)
GRACE = 3.0


def drive(*containers: Container, slot: int = 2065) -> Sighting:
    return Sighting(
        carrier=CARRIER,
        label="",
        module=STORAGE.name,
        slot=slot,
        evidence=Evidence.FILE_SYSTEM_AND_USB,
        objects=len(containers),
        certificates=(),
        containers=containers,
    )


def look(*sightings: Sighting, unread: tuple[Unread, ...] = ()) -> Look:
    return Look(module=STORAGE, sightings=sightings, unread=unread, slots=2)


def hanging(slot: int = 2065) -> Unread:
    return Unread(module=STORAGE.name, slot=slot, obstacle=Obstacle.DEADLINE, detail="getdents")


def test_a_drive_does_not_stand_in_for_a_token_that_never_came() -> None:
    presence = Presence(GRACE)
    presence.plugged(TOKEN, 0.0)
    assert presence.looked(look(drive(A)), 1.0) == [Identified(sighting=drive(A), port="")]
    (silent,) = presence.due(SETTLE_S)
    assert isinstance(silent, Unreadable)
    assert silent.port == TOKEN.port


def test_a_drive_that_hangs_is_not_told_at_the_token_s_port() -> None:
    presence = Presence(GRACE)
    presence.plugged(TOKEN, 0.0)
    assert presence.looked(look(unread=(hanging(),)), 1.0) == [
        Unreadable(unread=hanging(), port="")
    ]
    assert [event.port for event in presence.due(SETTLE_S) if isinstance(event, Unreadable)] == [
        TOKEN.port
    ]


def test_a_container_more_is_worth_a_record_and_nothing_else_is() -> None:
    presence = Presence(GRACE)
    presence.looked(look(drive(A)), 0.0)
    assert presence.looked(look(drive(A, slot=2081)), 1.0) == []
    more = drive(A, replace(A, folder="b.000"))
    assert presence.looked(look(more), 2.0) == [Identified(sighting=more, port="")]


def test_pulled_and_back_quickly_or_for_good() -> None:
    presence = Presence(GRACE)
    presence.looked(look(drive(A)), 0.0)
    assert presence.looked(look(), 1.0) == [Missed(carrier=CARRIER)]
    assert presence.looked(look(drive(A)), 2.0) == [Reenumerated(sighting=drive(A), gap_ms=1000)]
    presence.looked(look(), 5.0)
    assert presence.due(5.0 + GRACE) == [Pulled(carrier=CARRIER)]


def test_another_that_hangs_in_its_place_does_not_keep_a_pulled_one_here() -> None:
    presence = Presence(GRACE)
    presence.looked(look(drive(A)), 0.0)
    events = presence.looked(look(unread=(hanging(),)), 1.0)
    assert Missed(carrier=CARRIER) in events


def test_too_many_files_are_told_once_and_not_asked_for_again() -> None:
    presence = Presence(GRACE)
    full = replace(hanging(), obstacle=Obstacle.TOO_MANY_FILES)
    presence.looked(look(drive(A), unread=(full,)), 0.0)
    told = presence.looked(look(drive(A), unread=(full,)), CONFIRM_S)
    assert told == [Unreadable(unread=full, port="")]
    assert not presence.impaired
    assert presence.looked(look(drive(A), unread=(full,)), 99.0) == []
