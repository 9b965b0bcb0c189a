"""What this workstation holds of the ledger: the pinned key and the last verified snapshot."""

from __future__ import annotations

import json
import os

from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile, take_over
from domain.errors import Wrong
from domain.events import Blind, SnapshotAccepted, SnapshotRefused


class Books:
    """Opens the snapshot at start and takes newer ones over from the courier's inbox."""

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._offered = (0, 0)
        self._key = b""
        self._told_broken = False
        self.snapshot: SnapshotFile | None = None

    def refresh(self) -> SnapshotAccepted | SnapshotRefused | Blind | None:
        """Take what the courier has brought since the last call, if anything.

        Cheap when nothing came: two stat calls. What is wrong is told once.
        """
        if not self._key:
            try:
                self._pin()
            except FileNotFoundError:
                return None
            except (OSError, KeyError, TypeError, ValueError) as error:
                return self._broken_enrolment(error)
        if self.snapshot is None and self._settings.snapshot.exists():
            self._open_own()
        try:
            status = os.stat(self._settings.inbox)
        except OSError:
            return None
        offered = status.st_ino, status.st_mtime_ns
        if offered == self._offered:
            return None
        self._offered = offered
        return self._take_over()

    def _pin(self) -> None:
        """Read the ledger's key as a person confirmed it at enrolment."""
        enrolment = json.loads(self._settings.enrolment.read_bytes())
        self._key = bytes.fromhex(enrolment["ledger_key"])

    def _broken_enrolment(self, error: Exception) -> Blind | None:
        if self._told_broken:
            return None
        self._told_broken = True
        return Blind(
            what="ledger",
            reason=f"файл подключения {self._settings.enrolment} испорчен ({error}); подключите "
            "рабочее место заново: klyuchar enrol",
        )

    def _open_own(self) -> None:
        try:
            self.snapshot = SnapshotFile.open(self._settings.snapshot, self._key)
        except Wrong:
            self._settings.snapshot.rename(self._settings.snapshot.with_suffix(".refused"))

    def _take_over(self) -> SnapshotAccepted | SnapshotRefused | None:
        last = self.snapshot.mark if self.snapshot else None
        try:
            taken = take_over(self._settings.inbox, self._settings.snapshot, self._key, last)
        except Wrong as error:
            return SnapshotRefused(reason=error.text.ru)
        except FileNotFoundError:
            return None
        if self.snapshot is not None:
            self.snapshot.close()
        self.snapshot = taken
        if taken.mark == last:
            return None
        return SnapshotAccepted(mark=taken.mark, entries=taken.header.entries)
