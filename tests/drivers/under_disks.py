"""Run by test_disks.py in namespaces of its own, where it may mount and speak as udevd."""

from __future__ import annotations

import select
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.disks import DiskWatch
from drivers.watch import Change, Remounted
from tests.udevd import Udevd, udevd_runs

STICK = "/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1:1.0/host6/block/sdb"


@pytest.fixture(autouse=True)
def udevd() -> Iterator[Udevd]:
    with udevd_runs():
        yield Udevd()


@pytest.fixture
def point(tmp_path: Path) -> Path:
    point = tmp_path / "point"
    point.mkdir()
    return point


def wakes(watch: DiskWatch, timeout_ms: int = 10_000) -> bool:
    """Whether poll(2) as the agent calls it returns for the watch."""
    poll = select.poll()
    poll.register(watch.fileno(), select.POLLIN)
    return bool(poll.poll(timeout_ms))


def told(watch: DiskWatch) -> list[Change]:
    assert wakes(watch)
    return watch.changes()


def mount(source: str, point: Path) -> None:
    """A tmpfs may be called by any name, as a disk's too."""
    subprocess.run(["mount", "-t", "tmpfs", source, str(point)], check=True)


def unmount(point: Path) -> None:
    subprocess.run(["umount", str(point)], check=True)


def test_a_disk_that_is_mounted_and_unmounted_wakes_once_each(point: Path) -> None:
    watch = DiskWatch()
    assert watch.name == "disks (udev, mounts)"
    assert watch.present() == []
    assert not wakes(watch, 0)
    mount("/dev/sdb1", point)
    assert told(watch) == [Remounted(reason="mounts")]
    assert not wakes(watch, 0), "it does not spin"
    unmount(point)
    assert told(watch) == [Remounted(reason="mounts")]
    assert not wakes(watch, 0)


def test_other_mounts_concern_nobody(point: Path) -> None:
    watch = DiskWatch()
    mount("overlay", point)
    assert told(watch) == []
    unmount(point)
    assert told(watch) == []


def test_messages_of_disks_on_usb_alone(udevd: Udevd) -> None:
    watch = DiskWatch()
    udevd.say("add", "/devices/virtual/block/loop0", "disk", "block")
    assert told(watch) == []
    udevd.plug("/devices/pci0000:00/usb1/1-1", "0a89", "0030")
    assert not wakes(watch, 0), "what is no disk does not even wake"
    udevd.say("add", STICK, "disk", "block")
    udevd.say("add", f"{STICK}/sdb1", "partition", "block")
    assert told(watch) == [Remounted(reason=f"add {STICK}")]
    udevd.say("remove", f"{STICK}/sdb1", "partition", "block")
    assert told(watch) == [Remounted(reason=f"remove {STICK}/sdb1")]


def test_more_messages_than_the_kernel_keeps_are_told_as_one_change(udevd: Udevd) -> None:
    watch = DiskWatch()
    for _ in range(20_000):
        udevd.say("change", STICK, "disk", "block", FILLER="x" * 1000)
    assert len(told(watch)) == 1
    assert not wakes(watch, 0)
