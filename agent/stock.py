"""What this machine is and has installed, taken over from the inventory service when it changed."""

from __future__ import annotations

import json
import os
import stat
from contextlib import suppress
from pathlib import Path

from domain import canonical
from domain.events import Blind, Event, Inventoried, Seeing
from domain.inventory import FORMAT, LARGEST_INVENTORY, Inventory, from_json
from journal.digest import sha256

_INVENTORY = "inventory"


class Stock:
    """Reads the service's file when it is another one and tells what it says once.

    ``cursor`` remembers the digest of what was recorded last. Where it is lost, the inventory is
    recorded once more, which says nothing false.
    """

    def __init__(self, path: Path, cursor: Path) -> None:
        self._path = path
        self._cursor = cursor
        self._offered = (0, 0)
        self._told = ""
        self._recorded = cursor.read_bytes() if cursor.exists() else b""
        self._digest = self._recorded

    def refresh(self) -> list[Event]:
        """What is to be recorded: nothing where the file is as it was. `recorded` comes after.

        Cheap then: one stat call. A file that is no inventory is told once, until it is one.
        """
        try:
            status = os.stat(self._path, follow_symlinks=False)
        except OSError:
            return []  # none was made yet, or none can be reached: `status` tells its age
        offered = status.st_ino, status.st_mtime_ns
        if offered == self._offered:
            return []
        self._offered = offered
        try:
            inventory = read(self._path)
        except (OSError, ValueError) as error:
            return self._unusable(str(error))
        told, self._told = self._told, ""
        events: list[Event] = [Seeing(what=_INVENTORY)] if told else []
        self._digest = sha256(canonical.encode(inventory)).hex().encode()
        if self._digest != self._recorded:
            events.append(Inventoried(inventory=inventory))
        return events

    def recorded(self) -> None:
        """What `refresh` told is in the journal. A full disk costs no more than a second record."""
        if self._digest != self._recorded:
            self._recorded = self._digest
            with suppress(OSError):
                self._cursor.write_bytes(self._digest)

    def _unusable(self, reason: str) -> list[Event]:
        if reason == self._told:
            return []
        already, self._told = self._told, reason
        return [] if already else [Blind(what=_INVENTORY, reason=reason)]


def read(path: Path) -> Inventory:
    """The inventory in ``path``, which another user may write: never waits, follows no link.

    Raises OSError where it can't be read, ValueError where it is none.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST_INVENTORY:
            raise ValueError("not a file of an inventory's size")
        untrusted_content = os.pread(descriptor, LARGEST_INVENTORY, 0)
    finally:
        os.close(descriptor)
    try:
        untrusted_value = json.loads(untrusted_content)
    except RecursionError as error:
        raise ValueError("not an inventory: too deep") from error
    if not isinstance(untrusted_value, dict) or untrusted_value.get("format") != FORMAT:
        raise ValueError("not an inventory of this version")
    return from_json(untrusted_value)
