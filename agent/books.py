"""What this workstation holds of the ledger: the pinned key and the last verified snapshot."""

from __future__ import annotations

import json
import os
from pathlib import Path

from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile, take_over
from domain.carrier import Carrier
from domain.errors import Wrong
from domain.events import Blind, Event, Seeing, SnapshotAccepted, SnapshotRefused
from domain.text import Text

_LEDGER = "ledger"


class Books:
    """Opens the snapshot at start and takes newer ones over from the courier's inbox.

    ``snapshot`` is the one that verdicts stand on, None where there is none.
    """

    def __init__(self, settings: AgentSettings) -> None:
        self._settings = settings
        self._offered = (0, 0)
        self._pinned = (0, 0)
        self._key = b""
        self._told = ""
        self.snapshot: SnapshotFile | None = None

    def refresh(self) -> list[Event]:
        """Take what the courier has brought since the last call, if anything.

        Cheap when nothing came: three stat calls. What is wrong is told once and tried again.
        """
        events: list[Event] = []
        try:
            self._pin()
            if self.snapshot is None:
                events += self._open_own()
            events += self._take_offered()
        except FileNotFoundError:
            pass  # not enrolled, or nothing was brought
        except Wrong as error:
            events += self.unusable(error.text)
        except OSError as error:
            self._offered = (0, 0)
            reason = f"{error.strerror}: {error.filename}"
            events += self.unusable(Text(ru=reason, en=reason))
        return events

    def close(self) -> None:
        """Let go of the snapshot."""
        if self.snapshot is not None:
            self.snapshot.close()
            self.snapshot = None

    def has_anything_of(self, carrier: Carrier) -> bool:
        """Whether the ledger has an entry of that serial, be it one that can't be read."""
        try:
            return self.snapshot is not None and bool(self.snapshot.of_serial(carrier.serial))
        except Wrong:
            return True

    def unusable(self, why: Text) -> list[Event]:
        """What is to be recorded where the ledger's data can't be used: once until they can."""
        if why.ru == self._told:
            return []
        self._told = why.ru
        return [Blind(what=_LEDGER, reason=why.ru)]

    def _pin(self) -> None:
        """Read the ledger's key as a person confirmed it at enrolment.

        Enrolled again, what was known of the ledger before is forgotten: its versions begin afresh.
        """
        path = self._settings.enrolment
        pinned = _identity(path)
        if pinned == self._pinned:
            return
        try:
            self._key = bytes.fromhex(json.loads(path.read_bytes())["ledger_key"])
        except (KeyError, TypeError, ValueError) as error:
            raise Wrong(
                Text(
                    ru=f"файл подключения {path} испорчен ({error}); подключите рабочее место "
                    "заново: klyuchar enrol",
                    en=f"the enrolment file {path} is damaged ({error}); enrol this workstation "
                    "again: klyuchar enrol",
                )
            ) from error
        self._pinned, self._offered = pinned, (0, 0)
        self.close()

    def _usable(self) -> list[Event]:
        told, self._told = self._told, ""
        return [Seeing(what=_LEDGER)] if told else []

    def _open_own(self) -> list[Event]:
        """The snapshot taken over before; put aside where somebody has changed it since."""
        path = self._settings.snapshot
        try:
            self.snapshot = SnapshotFile.open(path, self._key)
        except FileNotFoundError:
            return []
        except Wrong as error:
            path.rename(path.with_suffix(".refused"))
            return self.unusable(error.text)
        return self._usable()

    def _take_offered(self) -> list[Event]:
        offered = _identity(self._settings.inbox)
        if offered == self._offered:
            return []
        self._offered = offered
        last = self.snapshot.mark if self.snapshot else None
        try:
            taken = take_over(
                self._settings.inbox,
                self._settings.snapshot,
                self._key,
                host=self._settings.host,
                last=last,
            )
        except Wrong as error:
            return [SnapshotRefused(reason=error.text.ru)]
        if self.snapshot is not None:
            self.snapshot.close()
        self.snapshot = taken
        events = self._usable()
        if taken.mark != last:
            events.append(SnapshotAccepted(mark=taken.mark, entries=taken.header.entries))
        return events


def _identity(path: Path) -> tuple[int, int]:
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns
