"""Why a plugged carrier has no serial: module absent, refused or quarantined, pcscd down."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agent.presence import Presence
from agent.sight import PCSCD, Sight
from agent.silence import explained
from domain.carrier import Carrier, Maker
from domain.events import Blind, Noticed, Seeing, Unreadable
from domain.sighting import Device, Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import Module
from drivers.eye import Look
from tests.agent.story import Story

RUTOKEN = Module(name="rutoken", path="/r.so", general=False, maker=Maker.RUTOKEN)
JACARTA = Module(name="jacarta", path="/j.so", general=False, maker=Maker.JACARTA)
PKI = Module(name="jacarta-pki", path="/a.so", general=False, maker=Maker.JACARTA)
OPENSC = Module(name="opensc", path="/o.so", general=True)
PLUG = Device(
    port="/usb1/1-1",
    usb_id="0a89:0030",
    maker=Maker.RUTOKEN,
    model="Rutoken ECP",
    usb_serial="0000001",
)


def silent(device: Device | None = PLUG) -> Unreadable:
    unread = Unread(
        module="",
        slot=-1,
        obstacle=Obstacle.NO_TOKEN_APPEARED,
        detail="0a89:0030",
        label="Rutoken ECP",
    )
    return Unreadable(unread=unread, port=PLUG.port, device=device)


def sighting(
    module: Module, model: str, maker: Maker = Maker.JACARTA, serial: str = "4e46"
) -> Sighting:
    return Sighting(
        carrier=Carrier(maker=maker, model=model, serial=serial),
        label="",
        module=module.name,
        slot=0,
        evidence=Evidence.TOKEN_INFO,
        objects=0,
        certificates=(),
    )


def look(module: Module, *sightings: Sighting, refused: Obstacle | None = None) -> Look:
    wide = Unread(module=module.name, slot=-1, obstacle=refused, detail="x") if refused else None
    return Look(module=module, sightings=sightings, unread=(wide,) if wide else (), slots=1)


def cause(*modules: Module, sight: Sight | None = None) -> tuple[Obstacle, str]:
    unread = explained(silent(), modules, sight or Sight()).unread
    assert unread.label == "Rutoken ECP"
    return unread.obstacle, unread.detail


def test_no_module_of_its_maker_names_what_to_install() -> None:
    assert cause(JACARTA) == (Obstacle.MODULE_ABSENT, "librtpkcs11ecp")
    lite = silent(replace(PLUG, usb_id="0a89:0025"))
    assert explained(lite, [OPENSC], Sight()).unread.obstacle is Obstacle.MODULE_ABSENT


def test_what_a_general_module_reads_lacks_no_other() -> None:
    assert cause(OPENSC, JACARTA) == (Obstacle.NO_TOKEN_APPEARED, "0a89:0030")


def test_its_module_is_there_and_it_shows_nothing() -> None:
    assert cause(OPENSC, RUTOKEN) == (Obstacle.NO_TOKEN_APPEARED, "0a89:0030")


def test_its_module_is_quarantined() -> None:
    sight = Sight()
    sight.changed("rutoken", "quarantined", "3 failures")
    sight.lost("opensc", "deadline")
    assert cause(OPENSC, RUTOKEN, sight=sight) == (
        Obstacle.MODULE_NOT_ASKED,
        "rutoken: quarantined",
    )


def test_one_of_two_modules_of_a_maker_is_enough() -> None:
    sight = Sight()
    sight.lost("jacarta", "deadline")
    event = silent(replace(PLUG, maker=Maker.JACARTA))
    told = explained(event, [JACARTA, PKI], sight)
    assert told.unread.obstacle is Obstacle.NO_TOKEN_APPEARED


def test_a_service_that_nobody_reaches_comes_before_all() -> None:
    sight = Sight()
    sight.lost(PCSCD, "pcscd-denied", by="opensc")
    assert cause(OPENSC, sight=sight)[0] is Obstacle.PCSCD_DENIED


@pytest.mark.parametrize("maker", [Maker.OTHER])
def test_a_maker_without_a_module_of_its_own_is_just_silent(maker: Maker) -> None:
    told = explained(silent(replace(PLUG, maker=maker)), [OPENSC], Sight())
    assert told == silent(replace(PLUG, maker=maker))


def test_what_is_not_silent_or_has_no_device_stays_as_it_is() -> None:
    nowhere = silent(device=None)
    assert explained(nowhere, [], Sight()) is nowhere
    died = replace(silent(), unread=replace(silent().unread, obstacle=Obstacle.MODULE_DIED))
    assert explained(died, [], Sight()) is died


def test_pcscd_is_told_of_once_for_all_modules_and_takes_nobody_away() -> None:
    presence = Presence(3.0)
    presence.plugged(PLUG, 0.0)
    presence.looked(look(JACARTA, sighting(JACARTA, "jacarta")), 1.0)
    events = presence.looked(look(OPENSC, refused=Obstacle.PCSCD_DOWN), 2.0)
    events += presence.looked(look(JACARTA, refused=Obstacle.PCSCD_DOWN), 2.1)
    assert events == [Blind(what="pcscd", reason="pcscd-down: x")]
    assert len(presence.carriers) == 1
    assert presence.impaired
    assert presence.looked(look(JACARTA, sighting(JACARTA, "jacarta")), 9.0) == []
    assert presence.looked(look(OPENSC), 9.1) == [Seeing(what="pcscd")]


def test_a_module_that_answers_at_last_that_pcscd_refuses_is_blind_no_more_by_itself() -> None:
    presence = Presence(3.0)
    presence.looked(look(OPENSC, refused=Obstacle.DEADLINE), 1.0)
    assert presence.looked(look(OPENSC, refused=Obstacle.PCSCD_DENIED), 2.0) == [
        Seeing(what="opensc"),
        Blind(what="pcscd", reason="pcscd-denied: x"),
    ]


@pytest.mark.parametrize("first", [JACARTA, PKI])
def test_two_modules_that_disagree_make_one_carrier_told_once_and_nobody_flaps(
    first: Module,
) -> None:
    shown = {
        "jacarta": look(JACARTA, sighting(JACARTA, "jacarta laser")),
        "jacarta-pki": look(PKI, sighting(PKI, "idprotect", Maker.OTHER)),
    }
    second = PKI if first is JACARTA else JACARTA
    laser = shown["jacarta"].sightings[0].carrier
    presence, story, noticed = Presence(3.0), Story(), list[Noticed]()
    presence.plugged(replace(PLUG, maker=Maker.JACARTA), 0.0)

    def looked(seen: Look, now: float) -> list[str]:
        events = presence.looked(seen, now)
        for event in events:
            story.tell(event)
        noticed.extend(event for event in events if isinstance(event, Noticed))
        return [type(event).__name__ for event in events if not isinstance(event, Blind | Seeing)]

    assert looked(shown[first.name], 0.0) == ["Identified"]
    better = ["Missed", "Identified"] if first is PKI else []
    assert looked(shown[second.name], 1.0) == ["Noticed", *better]
    assert list(presence.carriers) == [laser], "the one whose maker is known"
    for number in range(4):
        assert looked(look(first, refused=Obstacle.DEADLINE), 2.0 + number) == []
        assert looked(shown[second.name], 2.3 + number) == []
        assert looked(shown[first.name], 2.6 + number) == []
    assert presence.due(8.0) == [], "nobody pulled it by its other name"
    assert looked(look(first), 9.0) == []
    assert looked(look(second), 9.1) == ["Missed"]
    assert looked(shown["jacarta-pki"], 10.0) == ["Reenumerated"]
    assert looked(shown["jacarta"], 10.1) == []
    assert list(presence.carriers) == [laser]
    (told,) = noticed
    assert (told.what, told.finding) == ("jacarta-pki", "modules-disagree")
    assert "idprotect" in told.detail
    assert "jacarta laser" in told.detail


def test_shown_at_once_the_maker_that_is_known_counts() -> None:
    presence = Presence(3.0)
    unnamed = replace(PKI, name="a-first-by-name")
    presence._looks[unnamed.name] = look(unnamed, sighting(unnamed, "idprotect", Maker.OTHER))
    presence.looked(look(JACARTA, sighting(JACARTA, "jacarta laser")), 0.0)
    (carrier,) = presence.carriers
    assert carrier.maker is Maker.JACARTA


def test_the_same_serial_of_two_makers_are_two_carriers() -> None:
    presence = Presence(3.0)
    presence.looked(look(JACARTA, sighting(JACARTA, "jacarta")), 0.0)
    presence.looked(look(RUTOKEN, sighting(RUTOKEN, "rutoken ecp", Maker.RUTOKEN)), 0.1)
    assert len(presence.carriers) == 2
