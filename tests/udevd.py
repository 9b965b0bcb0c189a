"""Messages as a real systemd-udevd multicasts them, for a network namespace of the test's own.

The format is libudev's own: a header with a magic number and hashes that the kernel filters by,
then NUL-terminated properties. libudev accepts it from root only. The queue is the kernel's
netlink, so that a burst comes as it does from real devices.
"""

from __future__ import annotations

import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMESPACES = ("unshare", "--net", "--mount")
"""What a process has to be started by, to speak as udevd and to disturb no other listener."""

_UEVENT, _UDEV_GROUP = 15, 2
_MAGIC, _HEADER = 0xFEEDCAFE, 40
_MASK = 0xFFFFFFFF


def murmur2(text: bytes) -> int:
    """The hash by which libudev lets the kernel filter subsystems."""
    factor = 0x5BD1E995
    value = len(text)
    while len(text) >= 4:
        word = int.from_bytes(text[:4], "little") * factor & _MASK
        word = (word ^ word >> 24) * factor & _MASK
        value = (value * factor & _MASK) ^ word
        text = text[4:]
    if text:
        value = (value ^ int.from_bytes(text, "little")) * factor & _MASK
    value = (value ^ value >> 13) * factor & _MASK
    return value ^ value >> 15


class Udevd:
    """Speaks as udevd does."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _UEVENT)
        self._socket.bind((0, 0))
        self._sequence = 0

    def say(
        self,
        action: str,
        path: str,
        devtype: str = "usb_device",
        subsystem: str = "usb",
        **more: str,
    ) -> None:
        self._sequence += 1
        properties = {"ACTION": action, "DEVPATH": path, "SUBSYSTEM": subsystem}
        properties |= {"DEVTYPE": devtype}
        properties |= {"SEQNUM": str(self._sequence)} | more
        body = b"".join(f"{name}={value}\0".encode() for name, value in properties.items())
        hashes = (murmur2(subsystem.encode()), murmur2(devtype.encode()), 0, 0)
        sizes = struct.pack("=III", _HEADER, _HEADER, len(body))
        header = b"libudev\0" + struct.pack(">I", _MAGIC) + sizes + struct.pack(">IIII", *hashes)
        self._socket.sendto(header + body, (0, _UDEV_GROUP))

    def plug(self, path: str, vendor: str, model: str, **more: str) -> None:
        self.say("add", path, ID_VENDOR_ID=vendor, ID_MODEL_ID=model, **more)

    def pull(self, path: str) -> None:
        """No ids at all: a listener must have remembered."""
        self.say("remove", path)


@contextmanager
def udevd_runs() -> Iterator[None]:
    """As long as this lasts libudev in this mount namespace believes that a udevd runs."""
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    control = Path("/run/udev/control")
    control.parent.mkdir()
    control.touch()
    yield
    subprocess.run(["umount", "/run"], check=True)
