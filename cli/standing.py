"""What a workstation's journal says of now: its records folded since the agent's last start."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain.carrier import Carrier
from domain.events import (
    Blind,
    Event,
    Identified,
    Judged,
    Missed,
    Noticed,
    Reconfigured,
    Reenumerated,
    Seeing,
    SettingsRefused,
    Started,
    Unreadable,
    Unrecorded,
    Vanished,
)

if TYPE_CHECKING:
    from journal.decode import Record


@dataclass(slots=True)
class Standing:
    """``carriers`` are those that are here, ``unread`` the ports of what could not be identified
    (empty: the port can't be told), each with its last verdict. ``refused`` says why the settings
    that were to be read last are not in force, ``waiting`` which wait for a restart;
    ``unrecorded`` counts what the disk refused."""

    started: Started | None = None
    since: str = ""
    seq: int = 0
    carriers: dict[Carrier, Judged | None] = field(default_factory=dict)
    unread: dict[str, Judged | None] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)
    refused: str = ""
    waiting: tuple[str, ...] = ()
    unrecorded: int = 0
    noticed: list[Noticed] = field(default_factory=list)

    def fold(self, record: Record) -> None:
        """Take one more record into account."""
        self.seq = record.seq
        if isinstance(record.event, Started):
            self.started, self.since = record.event, record.time
            self.refused, self.waiting, self.unrecorded = "", (), 0
            self._look_afresh()
        elif record.event is not None:
            self._fold_event(record.event)
            self._fold_sight(record.event)

    def _look_afresh(self) -> None:
        self.carriers, self.unread, self.blind, self.noticed = {}, {}, {}, []

    def _fold_event(self, event: Event) -> None:
        match event:
            case Identified(sighting=sighting, port=port):
                self.carriers[sighting.carrier] = None
                self._readable(port)
            case Reenumerated(sighting=sighting):
                self.carriers[sighting.carrier] = None
            case Missed(carrier=carrier):
                self.carriers.pop(carrier, None)
            case Unreadable(port=port):
                self.unread[port] = None
            case Vanished(device=device):
                self._readable(device.port)
            case Judged(carrier=None, port=port) if port in self.unread:
                self.unread[port] = event
            case Judged(carrier=Carrier() as carrier) if carrier in self.carriers:
                self.carriers[carrier] = event
            case _:
                pass

    def _fold_sight(self, event: Event) -> None:
        match event:
            case Blind(what=what, reason=reason):
                self.blind[what] = reason
            case Seeing(what=what):
                self.blind.pop(what, None)
            case Noticed():
                self.noticed.append(event)
            case _:
                self._fold_own(event)

    def _fold_own(self, event: Event) -> None:
        match event:
            case Unrecorded(count=count):
                self.unrecorded += count
                self._look_afresh()
            case SettingsRefused(reason=reason):
                self.refused = reason
            case Reconfigured(waiting=waiting):
                self.refused, self.waiting = "", waiting
            case _:
                pass

    def _readable(self, port: str) -> None:
        """What stood at ``port`` is read or gone; so may be what has no known port."""
        self.unread.pop(port, None)
        self.unread.pop("", None)
