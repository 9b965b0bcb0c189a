"""A machine in a directory: drives by their /sys, udev's database and mounts, all made up but read
by the real worker, which takes the directory for "/"."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from drivers.activation import Activation
from drivers.catalogue import storage
from drivers.eye import Eye, Look
from tests.workers import Workers

MACHINE_ID = "0123456789abcdef0123456789abcdef"
KEYS = "/var/opt/cprocsp/keys"
EXCHANGE = ("header", "masks", "masks2", "name", "primary", "primary2")
SIGNATURE = ("header", "masks2", "name", "primary2")


def make_container(folder: Path, names: tuple[str, ...] = EXCHANGE) -> Path:
    """A container's folder whose files can't be taken for anything but noise."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / f"{name}.key").write_bytes(b"not a key")
    return folder


class MadeUpMachine:
    """Drives are plugged, mounted, unmounted and pulled by the test."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for directory in ("sys/class/block", "run/udev/data", "proc/self", "etc", KEYS[1:]):
            (root / directory).mkdir(parents=True)
        (root / "etc/machine-id").write_text(f"{MACHINE_ID}\n")
        self.mountinfo = root / "proc/self/mountinfo"
        self.mountinfo.touch()
        self._numbers: dict[str, int] = {}

    def plug(self, node: str, properties: Mapping[str, str], bus: str = "usb1") -> None:
        """A partition such as "sdb1", and what udev found out about it."""
        minor = self._numbers.setdefault(node, 17 + len(self._numbers))
        device = self.root / f"sys/devices/pci0000:00/{bus}/1-1/host1/block/{node[:-1]}/{node}"
        device.mkdir(parents=True)
        (device / "dev").write_text(f"8:{minor}\n")
        link = self.root / "sys/class/block" / node
        link.symlink_to(os.path.relpath(device, link.parent))
        entry = "".join(f"E:{name}={value}\n" for name, value in properties.items())
        self.udev_entry(node).write_text(f"S:disk/by-id/x\nI:123\n{entry}G:systemd\n")

    def udev_entry(self, node: str) -> Path:
        return self.root / f"run/udev/data/b8:{self._numbers[node]}"

    def pull(self, node: str) -> None:
        (self.root / "sys/class/block" / node).unlink()
        self.udev_entry(node).unlink()

    def mount(self, node: str, point: Path) -> None:
        """As if ``point`` were that partition's root: the number is of what it really is on."""
        number = os.stat(point).st_dev
        where = "/" + str(point.relative_to(self.root)).replace(" ", "\\040")
        with self.mountinfo.open("a") as lines:
            lines.write(
                f"90 1 {os.major(number)}:{os.minor(number)} / {where} rw,nosuid shared:1 - "
                f"vfat /dev/{node} rw\n"
            )

    def unmount(self, node: str) -> None:
        lines = self.mountinfo.read_text().splitlines(keepends=True)
        # In place: the worker holds the descriptor.
        self.mountinfo.write_text("".join(line for line in lines if f"/dev/{node} " not in line))


STICK = {
    "ID_BUS": "usb",
    "ID_FS_UUID": "1A2B-3C4D",
    "ID_FS_LABEL": "KEYS",
    "ID_SERIAL_SHORT": "0401AB77",
    "ID_MODEL": "Flash_Disk",
}


class StorageWorkers(Workers):
    """Storage workers that take ``root`` for "/"."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self.activation.close()
        self.command = [sys.executable, "-m", "drivers.storage", str(root)]
        self.activation = Activation(self.socket_path, self.command, env=self.env)


@contextmanager
def looking(root: Path, deadline_s: float = 20.0) -> Iterator[tuple[Eye, StorageWorkers]]:
    """An eye on that machine."""
    with StorageWorkers(root) as workers:
        eye = Eye(storage((KEYS,)), workers.socket_path, deadline_s=deadline_s)
        yield eye, workers
        eye.close()


def look_at(root: Path) -> Look:
    """One look by a worker of its own."""
    with looking(root) as (eye, workers):
        return workers.look(eye)
