"""Run by test_udev.py in a network namespace: messages as systemd-udevd multicasts them."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from drivers.udev import UdevWatch
from drivers.watch import Lost, Plugged, Touched, Unplugged
from tests.udevd import Udevd, udevd_runs


@pytest.fixture(scope="module", autouse=True)
def _udevd_runs() -> Iterator[None]:
    with udevd_runs():
        yield


@pytest.fixture
def udevd() -> Udevd:
    return Udevd()


def test_the_source_is_named(udevd: Udevd) -> None:
    assert UdevWatch().name == "usb (udev)"


def test_ids_come_from_udevd_and_are_remembered(udevd: Udevd) -> None:
    watch = UdevWatch()
    udevd.plug("/devices/pci/usb1/1-2", "0a89", "0030")
    udevd.pull("/devices/pci/usb1/1-2")
    udevd.pull("/devices/pci/usb1/1-3")
    plugged, unplugged = watch.changes()
    assert isinstance(plugged, Plugged)
    assert plugged.device.usb_id == "0a89:0030"
    assert unplugged == Unplugged(device=plugged.device)
    assert watch.changes() == []


def test_a_reader_nobody_listed_is_known_by_udevd(udevd: Udevd) -> None:
    watch = UdevWatch()
    udevd.plug("/devices/usb1/1-1", "072f", "90cc", ID_USB_INTERFACES=":0b0000:")
    udevd.plug("/devices/usb1/1-2", "046d", "c077", ID_USB_INTERFACES=":030102:")
    (change,) = watch.changes()
    assert isinstance(change, Plugged)
    assert (change.device.usb_id, change.device.is_reader) == ("072f:90cc", True)


def test_interfaces_of_a_carrier_that_stays(udevd: Udevd) -> None:
    watch = UdevWatch()
    udevd.plug("/devices/usb1/1-1", "0a89", "0030")
    watch.changes()
    udevd.say("unbind", "/devices/usb1/1-1/1-1:1.0", "usb_interface")
    udevd.say("remove", "/devices/usb1/1-1/1-1:1.0", "usb_interface")
    assert watch.changes() == [Touched(reason="interface gone: /devices/usb1/1-1")]


def test_messages_of_anybody_else_are_not_heard(udevd: Udevd) -> None:
    watch = UdevWatch()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(65534)
            Udevd().plug("/devices/usb1/1-1", "0a89", "0030")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert watch.changes() == []


def test_an_overflow_is_told_and_made_good(udevd: Udevd) -> None:
    watch = UdevWatch()
    udevd.plug("/devices/usb1/9-9", "0a89", "0030")
    (first,) = watch.changes()
    with socket.socket(fileno=os.dup(watch.fileno())) as same:
        same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for number in range(500):
        udevd.plug(f"/devices/usb1/1-{number}", "0a89", "0030")
    changes = watch.changes()
    losses = [change for change in changes if isinstance(change, Lost)]
    assert losses, "nothing was told as lost"
    # Nothing of this is in /sys, so the fresh look says that all of it is gone.
    assert isinstance(first, Plugged)
    assert Unplugged(device=first.device) in changes[changes.index(losses[-1]) :]
    came = {c.device.port for c in changes if isinstance(c, Plugged)}
    gone = {c.device.port for c in changes if isinstance(c, Unplugged)}
    assert came <= gone
    assert watch.changes() == []
    udevd.plug("/devices/usb1/2-2", "0a89", "0030")
    assert len(watch.changes()) == 1


def test_two_hundred_insertions_none_lost_none_doubled(udevd: Udevd) -> None:
    watch = UdevWatch()
    paths = [f"/devices/usb1/1-{number}" for number in range(200)]
    for path in paths:
        udevd.plug(path, "0a89", "0025")
        udevd.pull(path)
    changes = watch.changes()
    assert [c.device.port for c in changes if isinstance(c, Plugged)] == paths
    assert [c.device.port for c in changes if isinstance(c, Unplugged)] == paths
