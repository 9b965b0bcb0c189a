"""The bench itself: the guest is a real Debian, its bus is real, its power can be cut."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.bench import hotplug
from tests.bench.emulator.cards.rutoken import RutokenCard
from tests.bench.emulator.devices.tokens import RutokenEcp
from tests.bench.emulator.images import with_containers
from tests.bench.emulator.ports.usbredir import UsbRedir
from tests.bench.vm import GuestFailed, Machine

pytestmark = pytest.mark.bench

SERIAL = "KC-0001"
READERS = "opensc-tool --list-readers"
LISTEN = "systemd-run --quiet --unit=listen udevadm monitor --udev --property -s usb -s block"
"""What udev tells everyone goes to the journal."""


def test_debian_is_up_with_somebody_at_the_seat(bare: Machine) -> None:
    assert bare.run("cat /proc/1/comm") == "systemd"
    assert bare.run("systemctl is-system-running") == "running"
    assert bare.run("systemctl is-active systemd-udevd dbus systemd-logind pcscd.socket")
    assert bare.attempt("test -e /usr/sbin/policy-rc.d").code == 1, "packages start their services"
    session = bare.run("loginctl show-seat seat0 -p ActiveSession --value")
    told = bare.run(f"loginctl show-session {session} -p Name -p Active -p Type --value")
    assert sorted(told.split()) == ["ivanova", "tty", "yes"]


def test_a_loaded_snapshot_has_the_right_time_and_random_numbers_of_its_own(bare: Machine) -> None:
    assert abs(time.time() - float(bare.run("date +%s.%N"))) < 5
    assert bare.run("dmesg | grep -c 'crng reseeded due to virtual machine fork'") == "1"


def test_udev_sees_a_flash_drive_come_and_go(bare: Machine, tmp_path: Path) -> None:
    listening(bare)
    (tmp_path / "flash").write_bytes(with_containers(["ivanov00"], label="KEYS"))
    hotplug.plug_storage(bare, tmp_path / "flash", SERIAL)
    heard(bare, "ACTION=add", "ID_USB_SERIAL_SHORT=" + SERIAL, "ID_FS_LABEL=KEYS")
    bare.run("mount -o ro /dev/disk/by-label/KEYS /mnt")
    assert "primary.key" in bare.run("ls /mnt/ivanov00.000")
    hotplug.pull_storage(bare, SERIAL)
    heard(bare, "ACTION=remove", "ID_USB_SERIAL_SHORT=" + SERIAL)


def test_debians_own_tools_see_a_token_come_and_go(bare: Machine) -> None:
    listening(bare)
    with UsbRedir(bare.usb[1]).plugged(RutokenEcp(RutokenCard("3a1b2c4d"))):
        heard(bare, "ACTION=add", "ID_VENDOR_ID=0a89", "ID_PATH=pci-0000:00:03.0-usb-0:2")
        bare.wait_until(f"{READERS} | grep 'Aktiv Rutoken ECP'")
        assert bare.run("opensc-tool --serial").startswith("3A 1B 2C 4D")
    heard(bare, "ACTION=remove", "PRODUCT=a89/30/")
    bare.wait_until(f"{READERS} | grep 'No smart card readers found'")


def test_who_sits_at_the_seat_sees_a_reader_come_and_go(bare: Machine) -> None:
    hotplug.plug_reader(bare, "reader")
    bare.wait_until(f"{READERS} | grep Detected")
    told = bare.run(f"id -un; {READERS}", user="ivanova")
    assert told.startswith("ivanova")
    assert "Gemplus USB SmartCard Reader" in told
    hotplug.pull(bare, "reader")
    bare.wait_until(f"{READERS} | grep 'No smart card readers found'")


def test_a_power_cut_loses_what_was_not_flushed_and_nothing_else(bare: Machine) -> None:
    bare.run("echo kept > /root/flushed; sync /root /root/flushed; echo lost > /root/written")
    bare.power_cut()
    bare.start()
    assert bare.run("cat /root/flushed") == "kept"
    assert bare.attempt("grep lost /root/written").code != 0
    bare.run("test $(systemctl is-system-running --wait) = running", timeout_s=120)


def test_a_command_that_hangs_is_ended_and_told_of(bare: Machine) -> None:
    bare.run("echo 'the last words' > /dev/ttyS0")
    with pytest.raises(GuestFailed, match=r"(?s)was killed: sleep 100.*the last words"):
        bare.run("sleep 100", timeout_s=1)
    with pytest.raises(GuestFailed, match=r"not within 1.0 s: echo never && false\nnever"):
        bare.wait_until("echo never && false", deadline_s=1.0)
    assert bare.run("echo alive") == "alive"


def listening(machine: Machine) -> None:
    """Have udev's messages written down from now on."""
    machine.run(LISTEN)
    machine.wait_until("journalctl -u listen | grep 'UDEV - the event'")


def heard(machine: Machine, *lines: str) -> None:
    """Wait until one message of udev had all these beginnings of lines."""
    wanted = "".join(f" && /(^|\\n){line.replace('/', '.')}/" for line in lines)
    machine.wait_until(
        f"journalctl -u listen -o cat | awk -v RS= '1{wanted} {{found = 1}} END {{exit !found}}'"
    )
