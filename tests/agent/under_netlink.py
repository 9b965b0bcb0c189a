"""Run by test_bus.py in a network namespace: the real agent, and messages as udevd sends them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from domain.events import Identified, Judged, Reenumerated, Unreadable
from domain.sighting import Obstacle
from journal.verify import verify
from tests.agent.story import told
from tests.udevd import Udevd, udevd_runs
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

VENDOR, MODEL = "23a0", "0001"
"""A carrier by its ids whose token may be of any maker."""

PORT = "/devices/pci/usb1/1-1"
BURST = 200


@pytest.fixture(scope="module", autouse=True)
def _udevd_runs() -> Iterator[None]:
    with udevd_runs():
        yield


@pytest.fixture
def udevd() -> Udevd:
    return Udevd()


@contextmanager
def started(*, hurried: bool) -> Iterator[Workstation]:
    with workstation(demo=False) as made:
        made.make_tokens("a", "b")
        made.issue("a", "b")
        made.start(hurried=hurried)
        yield made
        assert made.stop() == 0
        assert made.said() == ""
        assert verify(made.journal, public_key=None, strict=True).whole
        told(made.records())


@pytest.fixture
def station() -> Iterator[Workstation]:
    with started(hurried=False) as made:
        yield made


def slot_in(station: Workstation, name: str) -> None:
    """The slots show the token; nobody is told."""
    (station.layout.drawer / name).rename(station.layout.tokens / name)


def slot_out(station: Workstation, name: str) -> None:
    (station.layout.tokens / name).rename(station.layout.drawer / name)


def happened(station: Workstation, name: str, times: int = 1) -> None:
    wait_for(lambda: len(station.events(name)) >= times, what=f"{times} {name}")


def plug(station: Workstation, udevd: Udevd, name: str) -> None:
    """As real ones do it: the message comes before the token can be read."""
    udevd.plug(PORT, VENDOR, MODEL)
    happened(station, "Appeared")
    slot_in(station, name)
    happened(station, "Judged")


def ports(station: Workstation, name: str) -> list[str]:
    return [record.event.device.port for record in station.events(name)]  # type: ignore[union-attr]


def test_a_burst_on_the_bus_is_recorded_once_each_and_hides_nothing(
    station: Workstation, udevd: Udevd
) -> None:
    """Two hundred come and go without a pause; a real one comes in the midst of them and stays."""
    passing = [f"/devices/pci/usb1/2-{number}" for number in range(BURST)]
    for number, port in enumerate(passing):
        udevd.plug(port, VENDOR, MODEL)
        if number == BURST // 2:
            slot_in(station, "a")
            udevd.plug(PORT, VENDOR, MODEL)
        udevd.pull(port)
    happened(station, "Vanished", BURST)
    happened(station, "Judged")
    assert [port for port in ports(station, "Appeared") if port != PORT] == passing
    assert ports(station, "Vanished") == passing
    assert ports(station, "Appeared").count(PORT) == 1
    assert not [blind for blind in station.events("Blind") if blind.event.what != "pcscd"]  # type: ignore[union-attr]
    (identified,) = station.events("Identified")
    assert isinstance(identified.event, Identified)
    assert identified.event.sighting.carrier == station.carrier("a")


def test_two_hundred_carriers_one_after_another_are_judged_once_each(
    station: Workstation, udevd: Udevd
) -> None:
    """Each is really read by the worker; the next comes as soon as one is judged and missed."""
    for number in range(BURST):
        port = f"/devices/pci/usb1/1-{number}"
        slot_in(station, "ab"[number % 2])
        udevd.plug(port, VENDOR, MODEL)
        happened(station, "Judged", number + 1)
        slot_out(station, "ab"[number % 2])
        udevd.pull(port)
        happened(station, "Missed", number + 1)
    came = station.events("Identified") + station.events("Reenumerated")
    assert len(came) == len(station.events("Judged")) == len(station.events("Missed")) == BURST
    assert len(ports(station, "Appeared")) == len(ports(station, "Vanished")) == BURST
    levels = {judged_level(record.event) for record in station.events("Judged")}
    assert levels == {"allow"}
    assert not station.events("Unreadable")


def judged_level(event: object) -> str:
    assert isinstance(event, Judged)
    return event.verdict.level.value


def test_a_deauthorised_carrier_fell_silent_and_was_not_pulled(
    station: Workstation, udevd: Udevd
) -> None:
    """The kernel tells of the interfaces only; the device stays on the bus."""
    plug(station, udevd, "a")
    slot_out(station, "a")
    udevd.say("unbind", f"{PORT}/1-1:1.0", "usb_interface")
    udevd.say("remove", f"{PORT}/1-1:1.0", "usb_interface")
    happened(station, "Unreadable")
    (silent,) = station.events("Unreadable")
    assert isinstance(silent.event, Unreadable)
    assert silent.event.port == PORT
    assert silent.event.unread.obstacle is Obstacle.PCSCD_DOWN, "nobody serves readers here"
    slot_in(station, "a")
    udevd.say("add", f"{PORT}/1-1:1.0", "usb_interface", INTERFACE="11/0/0")
    happened(station, "Reenumerated")
    assert not station.events("Pulled")
    assert not station.events("Vanished")


def test_a_service_that_was_down_is_noticed_when_it_is_back(udevd: Udevd) -> None:
    """No message says that the slots show the carrier again."""
    with started(hurried=True) as station:
        plug(station, udevd, "a")
        slot_out(station, "a")
        udevd.say("unbind", f"{PORT}/1-1:1.0", "usb_interface")
        happened(station, "Unreadable")
        slot_in(station, "a")
        happened(station, "Reenumerated")
        assert not station.events("Pulled")


def test_a_usb_reset_that_the_slots_never_show_is_no_pull(
    station: Workstation, udevd: Udevd
) -> None:
    plug(station, udevd, "a")
    udevd.pull(PORT)
    udevd.plug(PORT, VENDOR, MODEL)
    happened(station, "Reenumerated")
    (back,) = station.events("Reenumerated")
    assert isinstance(back.event, Reenumerated)
    assert back.event.gap_ms < 1000
    assert not station.events("Missed")
    assert not station.events("Unreadable")


def test_a_token_that_takes_its_time_to_wake_is_read_then(
    station: Workstation, udevd: Udevd
) -> None:
    """No message tells when pcscd and card are ready: up to 1.5 s after the plug."""
    udevd.plug(PORT, VENDOR, MODEL)
    happened(station, "Appeared")
    time.sleep(1.2)  # its time, not ours: nothing could be waited for
    slot_in(station, "a")
    happened(station, "Judged")
    (identified,) = station.events("Identified")
    assert isinstance(identified.event, Identified)
    assert identified.event.port == PORT
    assert not station.events("Unreadable")
