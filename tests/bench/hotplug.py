"""QEMU's own devices, plugged into a running machine and pulled: a disk, a flash drive, a reader.

The carriers that matter come from the emulator, through `Machine.usb`.
"""

from __future__ import annotations

from pathlib import Path

from tests.bench.hardware import FREE_PORTS
from tests.bench.vm import Machine


def attach_disk(machine: Machine, image: Path, name: str, *, read_only: bool = True) -> str:
    """A disk of the machine; where the guest finds it. The image's format is raw."""
    _open(machine, image, name, read_only=read_only)
    machine.qmp.execute(
        "device_add", driver="scsi-hd", id=name, bus="scsi.0", drive=name, serial=name
    )
    device = f"/dev/disk/by-id/scsi-0QEMU_QEMU_HARDDISK_{name}"
    machine.wait_until(f"test -b {device}")
    return device


def detach_disk(machine: Machine, name: str) -> None:
    """Take a disk away that the guest has unmounted."""
    machine.qmp.execute("device_del", id=name)
    machine.qmp.wait_event("DEVICE_DELETED", name)
    machine.qmp.execute("blockdev-del", node_name=name)


def plug_storage(
    machine: Machine,
    image: Path,
    serial: str,
    *,
    port: int = FREE_PORTS[0],
    read_only: bool = False,
) -> None:
    """A flash drive 46f4:0001 with this serial number, which also names it for `pull`."""
    _open(machine, image, serial, read_only=read_only)
    machine.qmp.execute(
        "device_add",
        driver="usb-storage",
        id=serial,
        bus="xhci.0",
        port=str(port),
        drive=serial,
        serial=serial,
        removable=True,
    )


def pull_storage(machine: Machine, serial: str) -> None:
    """Pull a flash drive, mounted or not."""
    detach_disk(machine, serial)


def plug_reader(machine: Machine, name: str, *, port: int = FREE_PORTS[1]) -> None:
    """A smart card reader 08e6:4433 that no card can be put into."""
    machine.qmp.execute("device_add", driver="usb-ccid", id=name, bus="xhci.0", port=str(port))


def pull(machine: Machine, name: str) -> None:
    """Pull what was plugged under this name."""
    machine.qmp.execute("device_del", id=name)
    machine.qmp.wait_event("DEVICE_DELETED", name)


def _open(machine: Machine, image: Path, name: str, *, read_only: bool) -> None:
    machine.qmp.execute(
        "blockdev-add",
        node_name=name,
        driver="raw",
        read_only=read_only,
        file={"driver": "file", "filename": str(image)},
    )
