"""One look at the file systems of flash drives and at this machine's own key containers."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from domain.carrier import Carrier, Maker, SerialDefect, canonical_model, flash_serial
from domain.sighting import Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import STORAGE
from drivers.inquiry import NAMES_CALL
from drivers.messages import (
    MAX_CONTAINERS,
    MAX_LABEL,
    MAX_SLOTS,
    MODULE_WIDE,
    Ask,
    Finished,
    NotRead,
    Reply,
    Seen,
    Touching,
)
from drivers.mounts import Mount, parse
from drivers.storage.containers import Found, Search, TooManyFiles
from drivers.storage.drives import Drive, drives_on_usb, has_udev
from drivers.worker.decoding import bounded

WORKSTATION_SLOT = 0
WORKSTATION_MODEL = "disk"
NAMELESS_MODEL = "usb storage"
_MOST_DRIVES = MAX_SLOTS - 4
_CHUNK = 1 << 20
_WORD_EVERY_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What was taken before files were renounced: ``root`` is "/" but in tests, ``mountinfo`` an
    open descriptor, ``serial`` this machine's (empty: it has none), ``directories`` where its own
    containers are."""

    root: Path
    mountinfo: int
    serial: str
    directories: tuple[str, ...]


class Looking:
    """One request, answered message by message through ``say``."""

    def __init__(self, machine: Machine, ask: Ask, say: Callable[[Reply], None]) -> None:
        self._machine = machine
        self._ask = ask
        self._say = say
        self._touched_at = 0.0

    def run(self) -> None:
        """Answer to the end. Raises OSError where the peer has gone."""
        self._touch(MODULE_WIDE, "sysfs")
        drives = drives_on_usb(self._machine.root)[:_MOST_DRIVES]
        if drives and not has_udev(self._machine.root):
            self._not_read(MODULE_WIDE, None, Obstacle.NO_UDEV, "/run/udev/data")
        mounts = self._mounts()
        for drive in drives:
            if drive.slot not in self._ask.skip:
                self._drive(drive, _mount_of(drive, mounts))
        if WORKSTATION_SLOT not in self._ask.skip:
            self._workstation()
        self._say(Finished(look=self._ask.look, slots=len(drives) + 1))

    def _mounts(self) -> list[Mount]:
        os.lseek(self._machine.mountinfo, 0, os.SEEK_SET)
        chunks = []
        while chunk := os.read(self._machine.mountinfo, _CHUNK):
            chunks.append(chunk)
        return list(parse(b"".join(chunks)))

    def _drive(self, drive: Drive, mount: Mount | None) -> None:
        found = None
        if mount is not None and self._may_search(drive.slot):
            found = self._search(drive.slot, os.fsencode(self._machine.root) + mount.point, mount)
        uuid = drive.untrusted.get("ID_FS_UUID", "")
        serial = flash_serial(uuid, _usb_serial(drive))
        if isinstance(serial, SerialDefect):
            if found and found.containers:
                self._nameless(drive.slot, Maker.FLASH, "ID_FS_UUID", serial)
            return
        model = bounded(drive.untrusted.get("ID_MODEL", "").replace("_", " "), MAX_LABEL)
        carrier = Carrier(
            maker=Maker.FLASH, model=canonical_model(model) or NAMELESS_MODEL, serial=serial
        )
        evidence = Evidence.FILE_SYSTEM_AND_USB if "/" in serial else Evidence.FILE_SYSTEM
        label = bounded(drive.untrusted.get("ID_FS_LABEL", ""), MAX_LABEL)
        self._tell(carrier, drive.slot, evidence, found, label)

    def _workstation(self) -> None:
        found = None
        if self._may_search(WORKSTATION_SLOT):
            found = Found()
            for directory in self._machine.directories:
                path = os.fsencode(self._machine.root) + os.fsencode(directory)
                one = self._search(WORKSTATION_SLOT, path)
                found.containers += one.containers
                found.error = found.error or one.error
        if self._machine.serial:
            carrier = Carrier(
                maker=Maker.WORKSTATION, model=WORKSTATION_MODEL, serial=self._machine.serial
            )
            self._tell(carrier, WORKSTATION_SLOT, Evidence.MACHINE_ID, found)
        elif found and found.containers:
            self._nameless(WORKSTATION_SLOT, Maker.WORKSTATION, "machine-id", SerialDefect.EMPTY)

    def _may_search(self, slot: int) -> bool:
        return self._ask.objects and slot not in self._ask.bare

    def _search(self, slot: int, path: bytes, mount: Mount | None = None) -> Found:
        """What is in this folder; nothing where it does not exist."""
        self._touch(slot, NAMES_CALL)
        try:
            root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            return Found(error=error if mount else None)
        except OSError as error:
            return Found(error=error)
        try:
            if mount is not None and _is_another(root, mount):
                return Found(error=OSError(errno.ESTALE, "unmounted meanwhile"))
            return Search(root, lambda: self._going_on(slot)).run()
        except OSError as error:
            return Found(error=error)
        finally:
            os.close(root)

    def _tell(
        self,
        carrier: Carrier,
        slot: int,
        evidence: Evidence,
        found: Found | None,
        label: str = "",
    ) -> None:
        """The carrier, and what kept us from seeing all that is on it."""
        asked = found is not None and (found.containers or found.error is None)
        sighting = Sighting(
            carrier=carrier,
            label=label,
            module=STORAGE,
            slot=slot,
            evidence=evidence,
            objects=len(found.containers) if found and asked else -1,
            certificates=(),
            containers=tuple(found.containers[:MAX_CONTAINERS]) if found else (),
        )
        self._say(Seen(look=self._ask.look, sighting=sighting))
        error = found.error if found else None
        if isinstance(error, TooManyFiles):
            self._not_read(slot, carrier.maker, Obstacle.TOO_MANY_FILES, NAMES_CALL)
        elif error is not None:
            name = errno.errorcode.get(error.errno or 0, "")
            self._not_read(slot, carrier.maker, Obstacle.FILE_SYSTEM_ERROR, name)

    def _nameless(self, slot: int, maker: Maker, what: str, defect: SerialDefect) -> None:
        """There are containers on what can't be told from others."""
        self._not_read(slot, maker, Obstacle.NO_SERIAL, what, defect)

    def _touch(self, slot: int, call: str) -> None:
        self._touched_at = time.monotonic()
        self._say(Touching(look=self._ask.look, slot=slot, call=call))

    def _going_on(self, slot: int) -> None:
        """Some other folder is read now, which is worth a word only now and then."""
        if time.monotonic() - self._touched_at > _WORD_EVERY_S:
            self._touch(slot, NAMES_CALL)

    def _not_read(
        self,
        slot: int,
        maker: Maker | None,
        obstacle: Obstacle,
        detail: str,
        defect: SerialDefect | None = None,
    ) -> None:
        unread = Unread(
            module=STORAGE,
            slot=slot,
            obstacle=obstacle,
            detail=detail,
            defect=defect,
            maker=maker,
        )
        self._say(NotRead(look=self._ask.look, unread=unread))


def _usb_serial(drive: Drive) -> str:
    """The USB device's own; a disk behind a bridge may tell another by the general name."""
    untrusted = drive.untrusted
    return untrusted.get("ID_USB_SERIAL_SHORT") or untrusted.get("ID_SERIAL_SHORT", "")


def _mount_of(drive: Drive, mounts: list[Mount]) -> Mount | None:
    """Where the whole file system is mounted, else where a part of it is."""
    node = os.fsencode(f"/dev/{drive.node}")
    own = [mount for mount in mounts if drive.device == mount.device or mount.source == node]
    return min(own, key=lambda mount: (mount.root != b"/", mount.point), default=None)


def _is_another(root: int, mount: Mount) -> bool:
    """Whether this folder is not of that mount: it was unmounted meanwhile, or hidden by another.

    Device 0 is of file systems over several disks, whose folders tell numbers of their own.
    """
    return mount.device[0] != 0 and os.fstat(root).st_dev != os.makedev(*mount.device)
