"""Key containers on a flash drive and on the workstation's own disk, under systemd and udev."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

import pytest

from domain.carrier import Carrier, Maker, flash_serial
from domain.events import Blind, Identified, Judged, Missed, Pulled, Unreadable
from domain.sighting import ContainerKind, Evidence
from domain.verdict import Level
from tests.bench.emulator.devices.flash import FlashDrive
from tests.bench.emulator.images import with_containers
from tests.bench.vm import Machine
from tests.bench.workplace import Workplace

pytestmark = pytest.mark.bench

USB_SERIAL = "60A44C3FAE22"
NODE = "/dev/disk/by-label/KEYS"
POINT = "/media/ivanova/KEYS"
OPENED = """
import sys
from inotify_simple import INotify, flags
watch = INotify()
watch.add_watch(sys.argv[1], flags.OPEN | flags.ACCESS)
print("watching", flush=True)
while True:
    for event in watch.read():
        print("folder" if event.mask & flags.ISDIR else event.name, flush=True)
"""


@pytest.fixture
def machine(workplace: Workplace) -> Machine:
    return workplace.machine


@pytest.fixture
def carrier(workplace: Workplace, machine: Machine) -> Iterator[Carrier]:
    """A flash drive with one container is plugged in; who it is by the guest's own tools."""
    drive = FlashDrive(with_containers(["ivanov00"]), serial=USB_SERIAL)
    with workplace.ports[0].plugged(drive):
        machine.wait_until(f"test -b {NODE}", 60)
        serial = flash_serial(machine.run(f"blkid -s UUID -o value {NODE}").strip(), USB_SERIAL)
        assert isinstance(serial, str)
        yield Carrier(maker=Maker.FLASH, model="datatraveler 3.0", serial=serial)


def mount(machine: Machine) -> None:
    """As a desktop mounts it for the person at the seat: nobody else may enter."""
    machine.run(
        f"install -d -m 700 -o ivanova /media/ivanova && install -d {POINT} && "
        f"mount -o uid=ivanova,fmask=0177,dmask=0077 {NODE} {POINT}"
    )


def touch_mounts(machine: Machine) -> None:
    """Something is mounted of a disk, and unmounted: a reason to look again."""
    machine.run("mount --bind /usr /mnt && umount /mnt")


def test_a_flash_drive_is_seen_judged_unmounted_and_pulled(
    workplace: Workplace, machine: Machine, carrier: Carrier
) -> None:
    assert not workplace.events(Judged), "what is not mounted and not known is nobody's business"
    mount(machine)
    judged = workplace.wait_for_verdict(carrier, Level.DENY)
    assert judged.verdict.deciding.rule == "unknown-carrier"
    (seen,) = [event.sighting for event in workplace.events(Identified)]
    assert [(one.folder.lower(), one.kind) for one in seen.containers] == [
        ("ivanov00.000", ContainerKind.EXCHANGE)
    ]
    assert (seen.evidence, seen.label) == (Evidence.FILE_SYSTEM_AND_USB, "KEYS")
    said = machine.attempt("klyuchar status").text
    assert carrier.spelled() in said
    register(machine, carrier)
    workplace.wait_for_verdict(carrier, Level.ALLOW, deadline_s=90)
    machine.run(f"umount {POINT}")
    workplace.ports[1].plug(FlashDrive(with_containers([], label="OTHER"), serial="1"))
    machine.wait_until("test -b /dev/disk/by-label/OTHER", 60)
    workplace.ports[1].pull()
    assert not workplace.events(Missed), "unmounting is no pulling"
    workplace.ports[0].pull()
    workplace.wait_for(Pulled, lambda event: event.carrier == carrier)
    assert {event.sighting.carrier for event in workplace.events(Identified)} == {carrier}
    assert not workplace.events(Blind) + workplace.events(Unreadable)
    workplace.verify()


def register(machine: Machine, carrier: Carrier) -> None:
    """By the commands that docs/administrator.md shows, issued to the person at the seat."""
    machine.run(
        f"klyuchar ledger carrier add --maker flash --model {shlex.quote(carrier.model)} "
        f"--serial {carrier.spelled()} && "
        f"klyuchar ledger document add --carrier {carrier.spelled()} --name 'Ключ на флэшке' && "
        "klyuchar ledger issue --document КН-0003 --person 1 --receipt '№ 3' && "
        "systemctl start klyuchar-courier",
        timeout_s=120,
    )


def test_no_key_file_is_opened_and_none_could_be(
    workplace: Workplace, machine: Machine, carrier: Carrier
) -> None:
    mount(machine)
    workplace.wait_for_verdict(carrier)
    folder = machine.run(f"ls -d {POINT}/*.000").strip()
    python = f"/usr/lib/klyuchar/bin/python -c {shlex.quote(OPENED)} {folder}"
    machine.run(f"systemd-run -q --unit=opened -p StandardOutput=file:/run/opened {python}")
    machine.wait_until("grep watching /run/opened")
    touch_mounts(machine)
    told = machine.wait_until("grep -A9 folder /run/opened", 60)
    assert set(told.split()) == {"folder"}, "the folder is listed, no file is opened"
    machine.run(f"head -c 1 {folder}/*eader.* > /run/read || head -c 1 {folder}/HEADER.KEY")
    machine.wait_until("grep -i header /run/opened")
    pid = machine.run("pgrep -u klyuchar-storage").split()[0]
    status = machine.run(f"cat /proc/{pid}/status")
    assert "CapEff:\t0000000000000004" in status, "CAP_DAC_READ_SEARCH alone"
    assert "NoNewPrivs:\t1" in status
    others = machine.run(
        "for p in $(pgrep -u klyuchar,klyuchar-worker); do cat /proc/$p/status; done"
    )
    assert {line for line in others.splitlines() if line.startswith("CapEff")} == {
        "CapEff:\t0000000000000000"
    }


PROBE = """
import os
from drivers.storage.landlock import forbid_files_but
from drivers.worker.confinement import confine
confine()
print("forbidden", forbid_files_but([]), flush=True)
print("listed", os.listdir("/media/ivanova"), flush=True)
for path in ("/media/ivanova/secret", "/etc/passwd"):
    try:
        open(path)
    except PermissionError:
        print("closed", flush=True)
"""


def test_the_unit_lets_the_worker_give_files_up(machine: Machine) -> None:
    """Another program in the same unit: its filter of system calls must let Landlock be asked."""
    machine.run("install -d -m 700 -o ivanova /media/ivanova && touch /media/ivanova/secret")
    machine.put("/usr/lib/klyuchar/probe.py", PROBE.encode())
    unit = (
        "[Service]\nExecStart=\nExecStart=/usr/lib/klyuchar/bin/python /usr/lib/klyuchar/probe.py\n"
        "StandardInput=null\nStandardOutput=file:/run/probe\n"
    )
    machine.put("/run/systemd/system/klyuchar-storage@probe.service.d/probe.conf", unit.encode())
    machine.run("systemctl daemon-reload && systemctl start klyuchar-storage@probe")
    said = machine.wait_until("grep -A9 closed /run/probe && cat /run/probe", 60)
    assert "forbidden True" in said
    assert "listed ['secret']" in said, "the capability enters where nobody else may"
    machine.wait_until("test $(grep -c closed /run/probe) = 2")


def test_keys_on_the_disk_make_the_workstation_a_carrier(
    workplace: Workplace, machine: Machine
) -> None:
    machine.run(
        "cd /var/opt && install -d -m 755 cprocsp cprocsp/keys && cd cprocsp/keys && "
        "install -d -m 700 ivanova ivanova/abcdefgh.000 && cd ivanova/abcdefgh.000 && "
        "touch header.key masks.key name.key primary.key && chown -R ivanova ../../ivanova"
    )
    touch_mounts(machine)
    judged = workplace.wait_for(
        Judged,
        lambda event: event.carrier is not None and event.carrier.maker is Maker.WORKSTATION,
    )
    assert judged.verdict.deciding.rule == "unknown-carrier"
    (seen,) = [event.sighting for event in workplace.events(Identified)]
    assert [one.folder for one in seen.containers] == ["ivanova/abcdefgh.000"]
    own = machine.run("systemd-id128 machine-id -a 5f0f9c9e-6a34-4c0f-8d52-3c7d5f8f2b61").strip()
    assert seen.carrier.serial == own
    assert machine.run("cat /etc/machine-id").strip() not in str(workplace.records())
