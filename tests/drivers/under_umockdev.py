"""Run by test_udev.py with umockdev preloaded: real libudev on a made-up /sys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.carrier import Maker
from domain.sighting import Device
from drivers import udev
from drivers.udev import DOUBT_S, UdevWatch
from drivers.watch import Change, Plugged, Silent, Speaking, Touched, Unplugged
from tests.udev_messages import Testbed
from tests.waiting import wait_for


@pytest.fixture
def testbed() -> Iterator[Testbed]:
    testbed = Testbed()
    yield testbed
    testbed.close()


def collected(watch: UdevWatch, count: int) -> list[Change]:
    """The next changes, ``count`` at least."""
    changes: list[Change] = []

    def enough() -> bool:
        changes.extend(watch.changes())
        return len(changes) >= count

    wait_for(enough, what=f"{count} changes")
    return changes


def silent(watch: UdevWatch, testbed: Testbed) -> bool:
    """Whether nothing was waiting: the next thing heard is what is plugged only now."""
    port = testbed.plug("9-9", "24dc:0102")
    (change,) = collected(watch, 1)
    return isinstance(change, Plugged) and change.device.port == port


def test_what_is_plugged_at_the_start_comes_by_the_same_road(testbed: Testbed) -> None:
    port = testbed.plug("1-1", "0a89:0030")
    testbed.plug("1-2", "046d:c077")
    watch = UdevWatch()
    device = Device(port=port, usb_id="0a89:0030", maker=Maker.RUTOKEN, model="Rutoken ECP")
    assert watch.present() == [device]
    assert watch.name == "usb (kernel)"
    testbed.pull(port)
    assert collected(watch, 1) == [Unplugged(device=device)]
    assert watch.present() == []


def test_carriers_readers_and_everything_else(testbed: Testbed) -> None:
    watch = UdevWatch()
    testbed.plug("1-1", "046d:c077")
    testbed.plug("1-2", "08e6:3437")
    token = testbed.plug("1-3", "08e6:34cf")
    reader = testbed.plug("1-4", "24dc:0201")
    first, second = collected(watch, 2)
    assert isinstance(first, Plugged)
    assert isinstance(second, Plugged)
    assert (first.device.port, first.device.maker) == (token, Maker.ETOKEN)
    assert (second.device.port, second.device.is_reader) == (reader, True)
    assert silent(watch, testbed)


def test_a_reader_nobody_listed_is_known_by_its_interface(testbed: Testbed) -> None:
    watch = UdevWatch()
    port = testbed.plug("1-1", "072f:90cc")
    testbed.plug("1-1:1.0", "072f:90cc", interface="11/0/0", parent=port)
    (change,) = collected(watch, 1)
    assert isinstance(change, Plugged)
    assert (change.device.port, change.device.is_reader) == (port, True)
    testbed.pull(port)
    assert collected(watch, 1) == [Unplugged(device=change.device)]


def test_a_reader_nobody_listed_is_found_at_the_start_too(testbed: Testbed) -> None:
    reader = testbed.plug("1-1", "072f:90cc")
    testbed.plug("1-1:1.0", "072f:90cc", interface="11/0/0", parent=reader)
    token = testbed.plug("1-2", "0a89:0030")
    testbed.plug("1-2:1.0", "0a89:0030", interface="11/0/0", parent=token)
    mouse = testbed.plug("1-3", "046d:c077")
    testbed.plug("1-3:1.0", "046d:c077", interface="3/1/2", parent=mouse)
    found = {device.port: device.is_reader for device in UdevWatch().present()}
    assert found == {reader: True, token: False}


def test_a_second_add_is_not_a_second_device(testbed: Testbed) -> None:
    watch = UdevWatch()
    port = testbed.plug("1-1", "24dc:0101")
    testbed.say(port, "add")
    testbed.say(port, "change")
    testbed.say(port, "bind")
    assert len(collected(watch, 1)) == 1
    assert silent(watch, testbed)


def test_deauthorising_touches_and_does_not_unplug(testbed: Testbed) -> None:
    watch = UdevWatch()
    port = testbed.plug("1-1", "0a89:0030")
    interface = testbed.plug("1-1:1.0", "0a89:0030", interface="11/0/0", parent=port)
    # Plugging brings interfaces along: no change of their own.
    assert [type(change) for change in collected(watch, 1)] == [Plugged]
    testbed.pull(interface)
    assert collected(watch, 1) == [Touched(reason=f"interface gone: {port}")]
    testbed.plug("1-1:1.0", "0a89:0030", interface="11/0/0", parent=port)
    assert collected(watch, 1) == [Touched(reason=f"interface came: {port}")]


@pytest.fixture
def control(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What is there as long as udevd runs."""
    path = tmp_path / "control"
    path.touch()
    monkeypatch.setattr(udev, "_UDEVD_RUNS", str(path))
    return path


def test_a_usb_serial_is_told_and_is_the_same_at_every_look(testbed: Testbed) -> None:
    watch = UdevWatch()
    port = testbed.plug("1-1", "0a89:0025", serial="0042 \x1b[2J\r")
    (plugged,) = collected(watch, 1)
    assert isinstance(plugged, Plugged)
    assert plugged.device.usb_serial == "0042 [2J"
    assert UdevWatch().present() == [plugged.device]
    assert plugged.device.port == port


def test_a_stopped_udevd_is_told_once_and_devices_are_still_found(
    testbed: Testbed, control: Path
) -> None:
    first = testbed.plug("1-1", "0a89:0030")
    watch = UdevWatch()
    watch.present()
    assert watch.check(0.0) == []
    control.unlink()
    (silent,) = watch.check(1.0)
    assert (silent.cause, type(silent)) == ("udevd-stopped", Silent)
    testbed.leave(first)
    (gone,) = watch.check(2.0)
    assert isinstance(gone, Unplugged)
    assert gone.device.port == first
    assert watch.check(3.0) == []
    control.touch()
    assert watch.check(4.0) == [Speaking()]
    assert watch.check(5.0) == []


def test_a_udevd_that_is_silent_while_devices_change_is_told(
    testbed: Testbed, control: Path
) -> None:
    first = testbed.plug("1-1", "0a89:0030")
    watch = UdevWatch()
    watch.present()
    testbed.leave(first)
    assert watch.check(10.0) == [], "its message may be on its way"
    assert watch.check(10.0 + DOUBT_S / 2) == []
    silent, gone = watch.check(10.0 + DOUBT_S)
    assert isinstance(silent, Silent)
    assert (silent.cause, type(gone)) == ("udev-silent", Unplugged)
    testbed.plug("1-2", "0a89:0025")
    speaking, came = collected(watch, 2)
    assert (speaking, type(came)) == (Speaking(), Plugged)


def test_a_message_that_comes_late_is_no_silence(testbed: Testbed, control: Path) -> None:
    port = testbed.plug("1-1", "0a89:0030")
    watch = UdevWatch()
    watch.present()
    testbed.leave(port)
    assert watch.check(0.0) == []
    testbed.plug("1-1", "0a89:0030")
    assert watch.check(99.0) == []
    assert watch.check(199.0) == []


def test_the_kernels_own_messages_need_no_udevd(testbed: Testbed) -> None:
    port = testbed.plug("1-1", "0a89:0030")
    watch = UdevWatch()
    assert watch.name == "usb (kernel)"
    watch.present()
    testbed.leave(port)
    assert watch.check(0.0) == []
    assert watch.check(99.0) == []


def test_two_hundred_insertions_none_lost_none_doubled(testbed: Testbed) -> None:
    """Heard one by one: umockdev aborts where ten messages wait, as many as a socket of its kind
    holds unless systemd raised that. Without a pause they come by netlink, in under_netlink.py."""
    watch = UdevWatch()
    ports: list[str] = []
    changes: list[Change] = []
    for number in range(200):
        ports.append(testbed.plug(f"1-{number}", "0a89:0025"))
        testbed.pull(ports[-1])
        changes += collected(watch, 2)
    assert silent(watch, testbed)
    came = [c.device.port for c in changes if isinstance(c, Plugged)]
    gone = [c.device.port for c in changes if isinstance(c, Unplugged)]
    assert (came, gone) == (ports, ports)
