"""The fold of looks and USB changes, told as little stories."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.presence import SETTLE_S, Presence
from domain.carrier import Carrier, Maker
from domain.events import (
    Appeared,
    Blind,
    Event,
    Identified,
    Missed,
    Pulled,
    Reenumerated,
    Seeing,
    Unreadable,
    Vanished,
)
from domain.sighting import Device, Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import Module
from drivers.eye import Look

VENDOR = Module(name="rutoken", path="/vendor.so", general=False)
GENERAL = Module(name="opensc", path="/opensc.so", general=True)
PLUG = Device(port="/usb1/1-1", usb_id="0a89:0030", maker=Maker.RUTOKEN, model="Rutoken ECP")
READER = Device(
    port="/usb1/1-2", usb_id="076b:3031", maker=Maker.OTHER, model="reader", is_reader=True
)
GRACE = 3.0


def sighting(serial: str = "1a2b3c4d", slot: int = 0, module: Module = VENDOR) -> Sighting:
    return Sighting(
        carrier=Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial=serial),
        label="",
        module=module.name,
        slot=slot,
        evidence=Evidence.TOKEN_INFO,
        objects=0,
        certificates=(),
    )


def look(*sightings: Sighting, module: Module = VENDOR, unread: tuple[Unread, ...] = ()) -> Look:
    return Look(module=module, sightings=sightings, unread=unread, slots=4)


def unread(slot: int = 0, obstacle: Obstacle = Obstacle.PKCS11_ERROR) -> Unread:
    return Unread(module=VENDOR.name, slot=slot, obstacle=obstacle, detail="")


def names(events: list[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_an_insertion_is_identified_at_its_port_and_a_pull_settles_after_the_grace() -> None:
    presence = Presence(GRACE)
    assert presence.plugged(PLUG, 0.0) == [Appeared(device=PLUG)]
    assert presence.looked(look(), 0.1) == []
    assert presence.looked(look(sighting()), 0.4) == [
        Identified(sighting=sighting(), port=PLUG.port)
    ]
    assert presence.unplugged(PLUG) == [Vanished(device=PLUG)]
    assert presence.looked(look(), 10.0) == [Missed(carrier=sighting().carrier)]
    assert presence.due(12.9) == []
    assert presence.due(13.0) == [Pulled(carrier=sighting().carrier)]
    assert presence.due(99.0) == []


def test_back_within_the_grace_is_a_reenumeration_and_never_a_pull() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    presence.looked(look(), 10.0)
    assert presence.looked(look(sighting(slot=2)), 11.5) == [
        Reenumerated(sighting=sighting(slot=2), gap_ms=1500)
    ]
    assert presence.due(99.0) == []


def test_could_not_ask_is_never_no() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting(), sighting("ffee", slot=1)), 0.0)
    sick = unread(slot=0)
    assert names(presence.looked(look(sighting("ffee", slot=1), unread=(sick,)), 5.0)) == [
        "Unreadable"
    ]
    assert len(presence.carriers) == 2
    assert names(presence.looked(look(sighting("ffee", slot=1)), 9.0)) == ["Missed"]


def test_an_unreadable_slot_does_not_hold_what_the_bus_says_is_gone() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.unplugged(PLUG)
    assert not presence.settled(5.0)
    assert names(presence.looked(look(unread=(unread(slot=0),)), 5.0)) == ["Missed", "Unreadable"]
    assert presence.settled(5.0)


def test_a_module_that_can_not_be_asked_blinds_and_loses_nobody() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    dead = look(unread=(unread(slot=-1, obstacle=Obstacle.MODULE_DIED),))
    assert [type(e) for e in presence.looked(dead, 5.0)] == [Blind]
    assert presence.looked(dead, 6.0) == []
    assert len(presence.carriers) == 1
    assert presence.looked(look(sighting()), 7.0) == [Seeing(what=VENDOR.name)]


def test_a_device_whose_token_never_comes_is_unreadable_at_its_port() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(), 1.0)
    (event,) = presence.due(SETTLE_S)
    assert isinstance(event, Unreadable)
    assert (event.port, event.unread.obstacle) == (PLUG.port, Obstacle.NO_TOKEN_APPEARED)


def test_a_card_that_is_still_waking_up_is_not_called_unreadable() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    assert presence.looked(look(unread=(unread(obstacle=Obstacle.NOT_RECOGNISED),)), 0.2) == []
    assert names(presence.looked(look(sighting()), 0.6)) == ["Identified"]


def test_a_card_that_stays_unrecognised_is_told_once_with_its_port() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    blank = look(unread=(unread(obstacle=Obstacle.NOT_RECOGNISED),))
    presence.looked(blank, 0.2)
    (event,) = presence.due(SETTLE_S)
    assert isinstance(event, Unreadable)
    assert (event.port, event.unread.obstacle) == (PLUG.port, Obstacle.NOT_RECOGNISED)
    assert presence.looked(blank, 9.0) == []


def test_the_general_module_yields_to_the_vendors() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    assert presence.looked(look(sighting(module=GENERAL), module=GENERAL), 0.1) == []
    foreign = Unread(module=GENERAL.name, slot=3, obstacle=Obstacle.NOT_RECOGNISED, detail="0xE1")
    assert presence.looked(look(module=GENERAL, unread=(foreign,)), 0.2) == []


def test_the_same_serial_in_two_slots_of_one_module_is_a_duplicate() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting(), sighting(slot=1)), 0.0)
    (present,) = presence.carriers.values()
    assert present.duplicates == 1


def test_two_ports_at_once_claim_none() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.plugged(
        Device(port="/usb1/1-3", usb_id=PLUG.usb_id, maker=Maker.RUTOKEN, model=""), 0.0
    )
    both = presence.looked(look(sighting(), sighting("ffee", slot=1)), 0.5)
    assert [event.port for event in both if isinstance(event, Identified)] == ["", ""]


def test_a_reader_is_no_carrier_but_makes_us_poll() -> None:
    presence = Presence(GRACE)
    assert names(presence.plugged(READER, 0.0)) == ["Appeared"]
    assert presence.settled(0.0)
    assert presence.has_reader
    presence.unplugged(READER)
    assert not presence.has_reader


SERIALS = ("aa", "bb", "cc")
STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0.01, max_value=5.0),
        st.sets(st.sampled_from(SERIALS)),
        st.sets(st.sampled_from(range(3))),
    ),
    max_size=30,
)


@given(steps=STEPS)
def test_every_coming_has_one_going(steps: list[tuple[float, set[str], set[int]]]) -> None:
    """Replaying the events gives the carriers that are here: nothing is lost or doubled."""
    presence = Presence(GRACE)
    now, here, away = 0.0, set[str](), set[str]()
    for pause, serials, sick in steps:
        now += pause
        seen = [
            sighting(serial, slot)
            for slot, serial in enumerate(SERIALS)
            if serial in serials and slot not in sick
        ]
        failed = tuple(unread(slot) for slot in sorted(sick))
        for event in presence.due(now) + presence.looked(look(*seen, unread=failed), now):
            match event:
                case Identified(sighting=came):
                    assert came.carrier.serial not in here | away
                    here.add(came.carrier.serial)
                case Reenumerated(sighting=came):
                    away.remove(came.carrier.serial)
                    here.add(came.carrier.serial)
                case Missed(carrier=gone):
                    here.remove(gone.serial)
                    away.add(gone.serial)
                case Pulled(carrier=gone):
                    away.remove(gone.serial)
                case _:
                    pass
        assert here == {carrier.serial for carrier in presence.carriers}
