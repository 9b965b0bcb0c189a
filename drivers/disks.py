"""Disks coming and going, and what is mounted of them: a trigger for reading names anew.

The kernel tells of mounts by POLLPRI on /proc/self/mountinfo, udevd of disks. Both are put behind
one epoll descriptor, which poll(2) sees as readable for either.
"""

from __future__ import annotations

import os
import select

from domain.sighting import Device
from drivers.libudev import pyudev
from drivers.mounts import Mount, parse
from drivers.udev import source, waiting_messages
from drivers.watch import Change, Lost, Remounted

MOUNTINFO = "/proc/self/mountinfo"
_CHUNK = 64 << 10


class DiskWatch:
    """Disks on USB, and mounts of any disk."""

    def __init__(self) -> None:
        self.name = f"disks ({source()}, mounts)"
        self._monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source())
        self._monitor.filter_by("block")
        self._monitor.start()
        self._mountinfo = os.open(MOUNTINFO, os.O_RDONLY | os.O_CLOEXEC)
        self._epoll = select.epoll()
        self._epoll.register(self._monitor.fileno(), select.EPOLLIN)
        self._epoll.register(self._mountinfo, select.EPOLLPRI)
        self._mounted = self._disks_mounted()

    def fileno(self) -> int:
        """Readable when a disk or a mount changed, whatever it was."""
        return self._epoll.fileno()

    def present(self) -> list[Device]:
        """None: which drives are carriers is told by what is on them."""
        return []

    def check(self, now: float) -> list[Change]:
        """Nothing: storage is looked at now and then without a cause."""
        del now
        return []

    def changes(self) -> list[Change]:
        """One `Remounted` where a disk on USB changed or another disk's file system is mounted."""
        reasons = [
            reason for message in waiting_messages(self._monitor) if (reason := _of(message))
        ]
        # The kernel tells of each change once, to whoever polls: what changed is for us to find.
        self._epoll.poll(0)
        mounted = self._disks_mounted()
        if mounted != self._mounted:
            self._mounted = mounted
            reasons.append("mounts")
        return [Remounted(reason=reasons[0])] if reasons else []

    def _disks_mounted(self) -> frozenset[Mount]:
        """Mounts of block devices; those of containers, services and programs concern nobody."""
        os.lseek(self._mountinfo, 0, os.SEEK_SET)
        chunks = []
        while chunk := os.read(self._mountinfo, _CHUNK):
            chunks.append(chunk)
        mounts = parse(b"".join(chunks))
        return frozenset(mount for mount in mounts if mount.source.startswith(b"/dev/"))


def _of(message: object) -> str:
    """What a message tells of a disk on USB, empty where it is another disk's."""
    if isinstance(message, Lost):
        return message.reason
    path = str(getattr(message, "device_path", ""))
    return f"{getattr(message, 'action', '')} {path}" if "/usb" in path else ""
