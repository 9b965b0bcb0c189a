"""The storage worker as its own process, on a machine made up in a directory and on real mounts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from domain.carrier import Maker, typed_serials
from domain.sighting import Evidence, Obstacle, Sighting
from drivers.eye import Look
from drivers.storage.machine import machine_serial
from tests.drivers.storage.sticks import (
    KEYS,
    MACHINE_ID,
    STICK,
    MadeUpMachine,
    look_at,
    looking,
    make_container,
)
from tests.workers import REPOSITORY


@pytest.fixture
def machine(tmp_path: Path) -> MadeUpMachine:
    return MadeUpMachine(tmp_path / "root")


def sticks(look: Look) -> list[Sighting]:
    return [one for one in look.sightings if one.carrier.maker is Maker.FLASH]


def of_the_machine(look: Look) -> Sighting:
    (one,) = [one for one in look.sightings if one.carrier.maker is Maker.WORKSTATION]
    return one


def test_a_mounted_stick_with_a_container(machine: MadeUpMachine) -> None:
    point = machine.root / "media/ivanova/K E Y S"
    make_container(point / "ivanov00.000")
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    look = look_at(machine.root)
    (stick,) = sticks(look)
    assert stick.carrier.key() == "flash|flash disk|1a2b3c4d/0401ab77"
    assert stick.carrier.spelled() == "1A2B-3C4D/0401AB77"
    assert typed_serials(Maker.FLASH, stick.carrier.spelled()) == (stick.carrier.serial,)
    assert (stick.label, stick.objects) == ("KEYS", 1)
    assert stick.evidence is Evidence.FILE_SYSTEM_AND_USB
    assert [one.folder for one in stick.containers] == ["ivanov00.000"]
    assert look.unread == ()


def test_one_worker_sees_it_mounted_unmounted_and_gone(machine: MadeUpMachine) -> None:
    point = machine.root / "media/KEYS"
    make_container(point / "a.000")
    machine.plug("sdb1", STICK)
    with looking(machine.root) as (eye, workers):
        assert [one.objects for one in sticks(workers.look(eye))] == [-1]
        machine.mount("sdb1", point)
        assert [one.objects for one in sticks(workers.look(eye))] == [1]
        machine.unmount("sdb1")
        assert [one.objects for one in sticks(workers.look(eye))] == [-1]
        machine.pull("sdb1")
        assert sticks(workers.look(eye)) == []
        assert len(workers.activation.pids) == 1


def test_a_disk_inside_the_machine_is_no_stick(machine: MadeUpMachine) -> None:
    machine.plug("sda1", STICK, bus="ata1")
    assert sticks(look_at(machine.root)) == []


@pytest.mark.parametrize("serial", ["", "000000000000", "\u2013\u2013"])
def test_without_a_usb_serial_the_file_system_alone_is_the_evidence(
    machine: MadeUpMachine, serial: str
) -> None:
    machine.plug("sdb1", STICK | {"ID_SERIAL_SHORT": serial})
    (stick,) = sticks(look_at(machine.root))
    assert (stick.carrier.serial, stick.evidence) == ("1a2b3c4d", Evidence.FILE_SYSTEM)


def test_behind_a_bridge_the_usb_serial_comes_first(machine: MadeUpMachine) -> None:
    machine.plug("sdb1", STICK | {"ID_USB_SERIAL_SHORT": "BRIDGE-1"})
    (stick,) = sticks(look_at(machine.root))
    assert stick.carrier.serial == "1a2b3c4d/bridge1"


def test_two_copies_are_told_as_two_of_one_identity(machine: MadeUpMachine) -> None:
    machine.plug("sdb1", STICK | {"ID_SERIAL_SHORT": ""})
    machine.plug("sdc1", STICK | {"ID_SERIAL_SHORT": ""})
    first, second = sticks(look_at(machine.root))
    assert first.carrier == second.carrier
    assert first.slot != second.slot


def test_containers_on_what_has_no_uuid_are_said_to_be_there(machine: MadeUpMachine) -> None:
    point = machine.root / "media/x"
    make_container(point / "a.000")
    machine.plug("sdb1", STICK | {"ID_FS_UUID": "0000-0000"})
    machine.mount("sdb1", point)
    look = look_at(machine.root)
    assert sticks(look) == []
    assert [(one.obstacle, one.maker) for one in look.unread] == [(Obstacle.NO_SERIAL, Maker.FLASH)]


def test_properties_of_a_hostile_drive_stay_text(machine: MadeUpMachine) -> None:
    properties = {"ID_MODEL": "\x1b[2J" + "m" * 500, "ID_FS_LABEL": "\u202e" + "l" * 500}
    machine.plug("sdb1", STICK | properties)
    (stick,) = sticks(look_at(machine.root))
    assert stick.carrier.model.isprintable()
    assert len(stick.carrier.model) <= 64 >= len(stick.label)


def test_without_udev_nothing_is_guessed(machine: MadeUpMachine) -> None:
    machine.plug("sdb1", STICK)
    shutil.rmtree(machine.root / "run/udev")
    look = look_at(machine.root)
    assert [(one.slot, one.obstacle) for one in look.unread] == [(-1, Obstacle.NO_UDEV)]


def test_this_machine_s_own_containers(machine: MadeUpMachine) -> None:
    make_container(machine.root / KEYS[1:] / "ivanova" / "a.000")
    make_container(machine.root / KEYS[1:] / "petrov" / "b.000", ("header", "name"))
    disk = of_the_machine(look_at(machine.root))
    assert [one.folder for one in disk.containers] == ["ivanova/a.000", "petrov/b.000"]
    assert (disk.carrier.model, disk.objects) == ("disk", 2)
    assert disk.evidence is Evidence.MACHINE_ID
    assert typed_serials(Maker.WORKSTATION, disk.carrier.spelled()) == (disk.carrier.serial,)


def test_the_machine_s_number_is_what_systemd_derives_and_not_its_id(
    machine: MadeUpMachine,
) -> None:
    serial = of_the_machine(look_at(machine.root)).carrier.serial
    assert serial == machine_serial(MACHINE_ID)
    assert MACHINE_ID not in serial
    own = Path("/etc/machine-id").read_text() if Path("/etc/machine-id").exists() else ""
    if shutil.which("systemd-id128") and own.strip():
        derived = subprocess.run(
            ["systemd-id128", "machine-id", "-a", "5f0f9c9e-6a34-4c0f-8d52-3c7d5f8f2b61"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert machine_serial(own) == derived.strip()


def test_a_machine_without_an_id_says_that_its_containers_can_t_be_accounted_for(
    machine: MadeUpMachine,
) -> None:
    make_container(machine.root / KEYS[1:] / "ivanova" / "a.000")
    (machine.root / "etc/machine-id").write_text("uninitialized\n")
    look = look_at(machine.root)
    assert look.sightings == ()
    assert [(one.obstacle, one.maker) for one in look.unread] == [
        (Obstacle.NO_SERIAL, Maker.WORKSTATION)
    ]


def test_a_file_in_the_place_of_a_mount_point_is_an_error_and_no_silence(
    machine: MadeUpMachine,
) -> None:
    point = machine.root / "media"
    point.mkdir()
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    point.rmdir()
    point.touch()
    look = look_at(machine.root)
    assert [one.objects for one in sticks(look)] == [-1]
    assert [(one.obstacle, one.detail) for one in look.unread] == [
        (Obstacle.FILE_SYSTEM_ERROR, "ENOTDIR")
    ]


def test_what_is_hidden_by_another_mount_is_not_taken_for_the_stick(
    machine: MadeUpMachine,
) -> None:
    point = machine.root / "media"
    make_container(point / "not-the-sticks.000")
    machine.plug("sdb1", STICK)
    machine.mountinfo.write_text("90 1 8:17 / /media rw - vfat /dev/sdb1 rw\n")
    (stick,) = sticks(look_at(machine.root))
    assert (stick.objects, stick.containers) == (-1, ())


def test_a_worker_that_stands_still_is_left_and_the_drive_is_told_without_it(
    machine: MadeUpMachine,
) -> None:
    """As a file system of a dying drive holds a process: stopped while it reads names."""
    point = machine.root / "media"
    point.mkdir()
    for number in range(60_000):
        os.mknod(point / f"{number}")
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    with looking(machine.root, deadline_s=2.0) as (eye, workers):
        workers.look(eye)
        (stopped,) = workers.activation.pids
        eye.look(time.monotonic())
        os.kill(stopped, signal.SIGSTOP)
        look = workers.answer(eye)
        assert [one.carrier.maker for one in look.sightings] == [Maker.FLASH, Maker.WORKSTATION]
        assert stopped in workers.activation.pids, "nobody waits for it"


STRACE = shutil.which("strace")


@pytest.mark.skipif(STRACE is None, reason="strace is not installed")
def test_the_whole_worker_opens_no_file_on_the_stick(machine: MadeUpMachine) -> None:
    point = machine.root / "media"
    make_container(point / "a.000")
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    log = machine.root / "strace.log"
    with looking(machine.root) as (eye, workers):
        traced = ["strace", "-f", "-qq", "-e", "trace=%file", "-o", str(log), *workers.command]
        workers.activation._command = traced
        assert sticks(workers.look(eye))[0].objects == 1
    opened = [line for line in log.read_text().splitlines() if ".key" in line]
    assert "openat(" in log.read_text()
    assert opened == []


RENOUNCE = """
import os, sys
from pathlib import Path
from drivers.storage.landlock import forbid_files_but
from drivers.worker.confinement import confine
confine()
forbidden = forbid_files_but([Path(sys.argv[1], "allowed")])
print(forbidden, flush=True)
for name in ("allowed/file", "a.000/header.key"):
    try:
        os.close(os.open(os.path.join(sys.argv[1], name), os.O_RDONLY))
        print("open")
    except PermissionError:
        print("closed")
print(sorted(os.listdir(os.path.join(sys.argv[1], "a.000")))[0])
"""


def test_the_kernel_itself_keeps_files_closed_to_the_worker(tmp_path: Path) -> None:
    """As root, whom no file mode keeps out; where the kernel has no Landlock it says so."""
    make_container(tmp_path / "a.000")
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed/file").touch()
    said = subprocess.run(
        [sys.executable, "-c", RENOUNCE, str(tmp_path)],
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    if said[0] == "False":
        assert said[1:] == ["open", "open", "header.key"]
    else:
        assert said[1:] == ["open", "closed", "header.key"]


def _may_mount() -> bool:
    """Whether this machine lets a loop device be mounted, in a namespace of its own."""
    script = "mount -t tmpfs none /mnt && losetup -f"
    command = ["unshare", "--mount", "sh", "-c", script]
    if os.geteuid() != 0:
        return False
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(params=["vfat", "ext4"])
def image(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file system of that kind; this kernel may know none of FAT, the bench's guest does."""
    if request.param not in Path("/proc/filesystems").read_text().split():
        pytest.skip(f"this kernel knows no {request.param}")
    path = tmp_path / "image"
    with path.open("wb") as disk:
        disk.truncate(16 << 20)
    make = {
        "vfat": ["mkfs.vfat", "-i", "1a2b3c4d"],
        "ext4": ["mkfs.ext4", "-q", "-F"],
    }[request.param]
    environment = os.environ | {"PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
    subprocess.run([*make, str(path)], check=True, capture_output=True, env=environment)
    return path


REAL = """
set -e
stick="$2/media/ivanova/STICK"
mount -o loop,X-mount.mkdir "$1" "$stick"
mkdir "$stick/IVANOV.000"
for name in header masks name primary; do echo x > "$stick/IVANOV.000/$name.key"; done
chmod 700 "$2/media/ivanova"
grep STICK /proc/self/mountinfo | sed -E "s#$2##; s#/dev/loop[0-9]+#/dev/sdb1#" \\
  > "$2/proc/self/mountinfo"
exec "$3" -m pytest -q -s -p no:xdist -p no:cacheprovider "$4"
"""


@pytest.mark.skipif(not _may_mount(), reason="no loop device may be mounted here")
def test_on_a_real_file_system(image: Path, machine: MadeUpMachine) -> None:
    machine.plug("sdb1", STICK)
    environment = os.environ | {"KLYUCHAR_TEST_ROOT": str(machine.root)}
    inner = Path(__file__).with_name("under_mount.py")
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", REAL, "sh", image, machine.root, sys.executable, inner],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
