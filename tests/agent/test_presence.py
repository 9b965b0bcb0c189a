"""The fold of looks and USB changes, told as little stories."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.bus import SETTLE_S
from agent.presence import Presence
from agent.sick_slots import CONFIRM_S
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
from tests.agent.story import Story

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
    assert presence.unplugged(PLUG, 9.9) == [Vanished(device=PLUG)]
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
    sick = look(sighting("ffee", slot=1), unread=(unread(slot=0),))
    assert presence.looked(sick, 5.0) == []
    assert names(presence.looked(sick, 5.0 + CONFIRM_S)) == ["Unreadable"]
    assert len(presence.carriers) == 2
    assert names(presence.looked(look(sighting("ffee", slot=1)), 9.0)) == ["Missed"]


def test_a_slot_that_failed_is_worth_another_look_and_one_that_answered_is_not() -> None:
    presence = Presence(GRACE)
    presence.looked(look(unread=(unread(obstacle=Obstacle.NOT_RECOGNISED),)), 0.0)
    assert not presence.impaired
    presence.looked(look(unread=(unread(obstacle=Obstacle.MODULE_DIED),)), 1.0)
    assert presence.impaired
    presence.looked(look(sighting()), 2.0)
    assert not presence.impaired


def test_an_unreadable_slot_does_not_hold_what_the_bus_says_is_gone() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.unplugged(PLUG, 4.9)
    assert not presence.settled(5.0)
    sick = look(unread=(unread(slot=0),))
    assert names(presence.looked(sick, 5.0)) == ["Missed"]
    assert not presence.settled(5.0)
    assert names(presence.looked(sick, 5.5)) == ["Unreadable"]
    assert presence.settled(5.5)


def test_a_slot_that_fails_while_its_token_is_pulled_is_no_event_of_its_own() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    assert presence.looked(look(unread=(unread(slot=0),)), 5.0) == []
    assert presence.doubtful
    assert names(presence.looked(look(), 5.2)) == ["Missed"]
    assert not presence.doubtful
    # Nor is one that begins to fail again later told at once.
    assert presence.looked(look(unread=(unread(slot=0),)), 6.0) == []


def test_a_death_is_told_at_once() -> None:
    presence = Presence(GRACE)
    dead = look(unread=(unread(slot=0, obstacle=Obstacle.MODULE_DIED),))
    assert names(presence.looked(dead, 0.0)) == ["Unreadable"]


def test_a_slot_that_fails_another_way_each_time_is_told_once() -> None:
    presence = Presence(GRACE)
    told = []
    for number in range(9):
        sick = Unread(
            module=VENDOR.name, slot=0, obstacle=Obstacle.PKCS11_ERROR, detail=f"0x{number}"
        )
        told += presence.looked(look(unread=(sick,)), float(number))
    assert names(told) == ["Unreadable"]


def test_a_module_that_can_not_be_asked_blinds_and_loses_nobody() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    dead = look(unread=(unread(slot=-1, obstacle=Obstacle.MODULE_DIED),))
    assert [type(e) for e in presence.looked(dead, 5.0)] == [Blind]
    assert presence.looked(dead, 6.0) == []
    assert len(presence.carriers) == 1
    assert presence.looked(look(sighting()), 7.0) == [Seeing(what=VENDOR.name)]


def test_a_module_that_can_not_be_asked_does_not_hold_what_the_bus_says_is_gone() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.unplugged(PLUG, 5.0)
    dead = look(unread=(unread(slot=-1, obstacle=Obstacle.MODULE_DIED),))
    assert names(presence.looked(dead, 5.1)) == ["Blind", "Missed"]
    assert presence.impaired
    assert names(presence.due(9.0)) == ["Pulled"]


def test_a_carrier_whose_device_stays_plugged_fell_silent_and_was_not_pulled() -> None:
    """Deauthorised, or its service stopped: the slots lose it, the bus does not."""
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    assert names(presence.looked(look(), 10.0)) == ["Missed"]
    (silent,) = presence.due(13.0)
    assert isinstance(silent, Unreadable)
    assert (silent.port, silent.unread.obstacle) == (PLUG.port, Obstacle.NO_TOKEN_APPEARED)
    assert sighting().carrier.spelled() in silent.unread.label
    assert presence.impaired
    assert (presence.due(99.0), presence.next_due) == ([], None)
    (back,) = presence.looked(look(sighting()), 70.0)
    assert back == Reenumerated(sighting=sighting(), gap_ms=60_000)
    assert presence.carriers[sighting().carrier].port == PLUG.port
    assert not presence.impaired


def test_a_silent_carrier_is_pulled_when_its_device_leaves() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.looked(look(), 10.0)
    presence.due(13.0)
    assert presence.unplugged(PLUG, 50.0) == [Vanished(device=PLUG)]
    assert presence.due(52.9) == []
    assert presence.due(53.0) == [Pulled(carrier=sighting().carrier)]


def test_another_carrier_at_the_port_says_that_the_first_was_pulled() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.unplugged(PLUG, 5.0)
    presence.looked(look(), 5.1)
    presence.plugged(PLUG, 7.0)
    assert presence.due(8.1) == []  # that device may be the same: its token is awaited
    assert names(presence.looked(look(sighting("ffee")), 8.5)) == ["Identified"]
    assert presence.due(8.5) == [Pulled(carrier=sighting().carrier)]


def test_a_device_of_another_maker_at_the_port_does_not_hold_the_carrier() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.unplugged(PLUG, 5.0)
    presence.looked(look(), 5.1)
    other = Device(port=PLUG.port, usb_id="24dc:0101", maker=Maker.JACARTA, model="JaCarta")
    presence.plugged(other, 7.0)
    assert presence.due(8.1) == [Pulled(carrier=sighting().carrier)]


def test_a_reset_too_quick_for_any_look_is_one_reenumeration() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.unplugged(PLUG, 10.0)
    assert names(presence.plugged(PLUG, 10.25)) == ["Appeared"]
    assert presence.looked(look(sighting()), 10.3) == []
    assert not presence.settled(10.3)
    assert presence.due(10.25 + SETTLE_S) == [Reenumerated(sighting=sighting(), gap_ms=250)]
    assert presence.settled(20.0)
    assert presence.due(99.0) == []


def test_a_hub_that_resets_gives_each_carrier_its_port_back() -> None:
    presence = Presence(GRACE)
    second = Device(port="/usb1/1-3", usb_id=PLUG.usb_id, maker=Maker.RUTOKEN, model="")
    presence.plugged(PLUG, 0.0)
    presence.looked(look(sighting()), 0.5)
    presence.plugged(second, 5.0)
    presence.looked(look(sighting(), sighting("ffee", slot=1)), 5.5)
    for device in (second, PLUG):
        presence.unplugged(device, 10.0)
    presence.looked(look(), 10.1)
    for device in (second, PLUG):
        presence.plugged(device, 10.5)
    back = presence.looked(look(sighting(), sighting("ffee", slot=1)), 11.0)
    assert names(back) == ["Reenumerated", "Reenumerated"]
    ports = {carrier.serial: here.port for carrier, here in presence.carriers.items()}
    assert ports == {"1a2b3c4d": PLUG.port, "ffee": second.port}


SECOND = replace(PLUG, port="/usb1/1-3")
BOTH = (sighting(), sighting("ffee", slot=1))


def two_at_once() -> Presence:
    """Two alike that came together, as at every start: which is where can't be told."""
    presence = Presence(GRACE)
    for device in (PLUG, SECOND):
        presence.plugged(device, 0.0)
    assert names(presence.looked(look(*BOTH), 0.5)) == ["Identified", "Identified"]
    return presence


def test_two_whose_ports_are_unknown_fall_silent_together() -> None:
    presence = two_at_once()
    assert names(presence.looked(look(), 10.0)) == ["Missed", "Missed"]
    silent = presence.due(13.0)
    assert names(silent) == ["Unreadable", "Unreadable"]
    assert [event.port for event in silent if isinstance(event, Unreadable)] == ["", ""]
    assert names(presence.looked(look(*BOTH), 60.0)) == ["Reenumerated", "Reenumerated"]
    assert presence.due(99.0) == []


def test_one_of_two_whose_ports_are_unknown_is_pulled() -> None:
    presence = two_at_once()
    presence.unplugged(PLUG, 10.0)
    assert names(presence.looked(look(BOTH[1]), 10.1)) == ["Missed"]
    assert presence.due(13.1) == [Pulled(carrier=BOTH[0].carrier)]
    # And where the other one is, is known from now on.
    assert presence.carriers[BOTH[1].carrier].port == SECOND.port
    presence.looked(look(), 20.0)
    (silent,) = presence.due(23.0)
    assert isinstance(silent, Unreadable)
    assert silent.port == SECOND.port


def test_of_two_silent_ones_the_one_that_is_back_says_that_the_other_was_pulled() -> None:
    presence = two_at_once()
    presence.looked(look(), 10.0)
    presence.due(13.0)
    presence.unplugged(PLUG, 20.0)
    assert presence.due(30.0) == []  # one of them, and nobody knows which
    assert names(presence.looked(look(BOTH[1]), 40.0)) == ["Reenumerated"]
    assert presence.due(40.0) == [Pulled(carrier=BOTH[0].carrier)]


def test_a_quick_reset_of_one_of_two_is_not_told_as_silence() -> None:
    presence = two_at_once()
    presence.unplugged(SECOND, 10.0)
    presence.plugged(SECOND, 10.2)
    presence.looked(look(*BOTH), 10.5)
    assert presence.due(10.2 + SETTLE_S) == []


def test_a_third_that_stays_silent_is_told_beside_two_of_unknown_ports() -> None:
    presence = two_at_once()
    third = replace(PLUG, port="/usb1/1-4")
    presence.plugged(third, 10.0)
    presence.looked(look(*BOTH), 10.5)
    (silent,) = presence.due(10.0 + SETTLE_S)
    assert isinstance(silent, Unreadable)
    assert silent.port == third.port


def test_another_device_at_a_port_says_that_the_first_has_left() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    other = Device(port=PLUG.port, usb_id="24dc:0101", maker=Maker.JACARTA, model="JaCarta")
    assert presence.plugged(other, 1.0) == [Vanished(device=PLUG), Appeared(device=other)]


def test_a_device_whose_token_never_comes_is_unreadable_at_its_port() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(), 1.0)
    (event,) = presence.due(SETTLE_S)
    assert isinstance(event, Unreadable)
    assert (event.port, event.unread.obstacle) == (PLUG.port, Obstacle.NO_TOKEN_APPEARED)


def test_a_token_that_wakes_after_it_was_called_silent_is_found_at_its_port() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    assert names(presence.due(SETTLE_S)) == ["Unreadable"]
    assert presence.impaired, "it is looked for again though no message may come"
    assert presence.looked(look(sighting()), 30.0) == [
        Identified(sighting=sighting(), port=PLUG.port)
    ]
    assert not presence.impaired


def test_a_silent_device_that_leaves_is_looked_for_no_more() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    presence.due(SETTLE_S)
    presence.unplugged(PLUG, 9.0)
    assert not presence.impaired


def test_a_card_that_is_still_waking_up_is_not_called_unreadable() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    assert presence.looked(look(unread=(unread(obstacle=Obstacle.NOT_RECOGNISED),)), 0.2) == []
    assert names(presence.looked(look(sighting()), 0.6)) == ["Identified"]


def test_a_token_without_a_serial_is_awake_and_not_waited_for() -> None:
    presence = Presence(GRACE)
    presence.plugged(PLUG, 0.0)
    nameless = look(unread=(unread(obstacle=Obstacle.NO_SERIAL),))
    assert presence.looked(nameless, 0.2) == []
    (event,) = presence.looked(nameless, 0.2 + CONFIRM_S)
    assert isinstance(event, Unreadable)
    assert event.port == PLUG.port


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


def foreign(slot: int) -> Unread:
    return Unread(module=GENERAL.name, slot=slot, obstacle=Obstacle.NOT_RECOGNISED, detail="0xE1")


def test_a_pull_does_not_bring_to_light_what_the_general_module_could_not_read() -> None:
    """Both modules are asked at once; the vendor's answers first that its carrier has left."""
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    presence.looked(look(module=GENERAL, unread=(foreign(3),)), 0.1)
    assert names(presence.looked(look(), 10.0)) == ["Missed"]
    assert presence.looked(look(module=GENERAL), 10.1) == []
    assert names(presence.due(20.0)) == ["Pulled"]


def test_one_readable_carrier_does_not_hide_another_that_no_module_can_read() -> None:
    presence = Presence(GRACE)
    presence.looked(look(sighting()), 0.0)
    presence.looked(look(module=GENERAL, unread=(foreign(3),)), 0.1)
    both = look(module=GENERAL, unread=(foreign(3), foreign(4)))
    assert presence.looked(both, 9.0) == []
    assert names(presence.looked(both, 9.5)) == ["Unreadable"]
    assert presence.looked(both, 10.0) == []


def test_what_neither_module_can_read_is_told_once() -> None:
    presence = Presence(GRACE)
    told = []
    for now in (0.0, 0.5, 1.0):
        told += presence.looked(look(unread=(unread(slot=0),)), now)
        told += presence.looked(look(module=GENERAL, unread=(foreign(3),)), now)
    assert names(told) == ["Unreadable"]


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
    presence.unplugged(READER, 1.0)
    assert not presence.has_reader


SERIALS = ("aa", "bb", "cc")
PORTS = ("/usb1/1-1", "/usb1/1-2")
STEPS = st.lists(
    st.tuples(
        st.floats(min_value=0.01, max_value=5.0),
        st.sets(st.sampled_from(SERIALS)),
        st.sets(st.sampled_from(range(-1, 3))),
        st.lists(st.tuples(st.sampled_from(PORTS), st.booleans()), max_size=3),
    ),
    max_size=30,
)


@settings(max_examples=300)
@given(steps=STEPS)
def test_every_coming_has_one_going(
    steps: list[tuple[float, set[str], set[int], list[tuple[str, bool]]]],
) -> None:
    """Replaying the events gives what is here: nothing is lost or doubled, whatever the bus, the
    slots and the modules do."""
    presence, story = Presence(GRACE), Story()
    now, plugged = 0.0, set[str]()
    for pause, serials, sick, changes in steps:
        now += pause
        events = presence.due(now)
        for port, comes in changes:
            device = replace(PLUG, port=port)
            events += presence.plugged(device, now) if comes else presence.unplugged(device, now)
            plugged = plugged | {port} if comes else plugged - {port}
        seen = [
            sighting(serial, slot)
            for slot, serial in enumerate(SERIALS)
            if serial in serials and slot not in sick
        ]
        failed = tuple(unread(slot) for slot in sorted(sick))
        events += presence.looked(look(*seen, unread=failed), now)
        for event in events:
            story.tell(event)
        assert set(story.here) == set(presence.carriers)
        assert story.plugged == plugged
        if -1 not in sick:
            assert {one.carrier for one in seen} <= set(story.here)
    # When all devices have left and nothing is seen, time alone settles the rest.
    for port in plugged:
        for event in presence.unplugged(replace(PLUG, port=port), now):
            story.tell(event)
    for event in presence.looked(look(), now) + presence.due(now + SETTLE_S + GRACE):
        story.tell(event)
    assert (story.here, story.away, story.plugged) == ({}, set(), set())
    assert presence.next_due is None
