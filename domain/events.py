"""The events of a workstation's journal: past participles, facts only.

Each is stored as ``{"event": <class name>, "v": 1, "body": <its fields>, ...}``; see
`journal.record`. A field is added with a default; any other change makes a new version.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.carrier import Carrier
from domain.inventory import Inventory
from domain.sighting import Device, Sighting, Unread
from domain.snapshot import Mark
from domain.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting of the agent as a person writes it, without quotes."""

    name: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The agent began to watch. ``watching`` names what it watches and how, for `status`;
    ``settings`` are all that are in force, so that verdicts can be told what they stood on."""

    version: str
    watching: tuple[str, ...]
    modules: tuple[str, ...]
    settings: tuple[Setting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconfigured:
    """The settings were read again: ``changed`` are in force from here on, ``waiting`` names those
    that changed too and take effect when the agent starts again."""

    changed: tuple[Setting, ...]
    waiting: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRefused:
    """The settings were to be read again and are wrong; those in force stay."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrecorded:
    """The disk refused ``count`` events since ``since`` (UTC, RFC 3339): they are lost. What is
    here is looked at afresh after this, as after a start."""

    count: int
    since: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The agent ended by itself; a Started without it before says that it was killed."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentReleased:
    """The records ``first_seq`` to ``last_seq``, whose last has the SHA-256 ``digest``, are to be
    kept by the ledger alone, and their file is removed after this. ``acknowledged_seq`` is how far
    the ledger's signed snapshot ``snapshot`` says that it has this journal."""

    segment: str
    first_seq: int
    last_seq: int
    digest: str
    acknowledged_seq: int
    snapshot: Mark


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """A torn last line was cut off at start: it was never acknowledged. ``torn`` holds its first
    bytes (at most 512) in hexadecimal."""

    segment: str
    size: int
    sha256: str
    torn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """All lines up to ``seq``, whose SHA-256 is ``head``, signed. See `journal.checkpoint`."""

    seq: int
    head: str
    public_key: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeared:
    """A device that is a carrier (or a reader) by its ids was plugged in."""

    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Vanished:
    """The device at ``port`` is gone."""

    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """A carrier was read. ``port`` is where, empty where it can't be told which port it is."""

    sighting: Sighting
    port: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Something is there and could not be identified, or was and shows itself no more.

    ``device`` is what the bus tells of it, None where it can't be told which device it is: then its
    make is known and its serial number is not.
    """

    unread: Unread
    port: str
    device: Device | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """The slots no longer show the carrier: nobody knows yet whether a person pulled it."""

    carrier: Carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """The carrier stayed away longer than a re-enumeration takes, and no device of its own is
    plugged any more: a person pulled it."""

    carrier: Carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class Reenumerated:
    """The carrier was back after ``gap_ms`` milliseconds without having been pulled: a machine's
    doing, such as a USB reset or a service that was started anew."""

    sighting: Sighting
    gap_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A verdict: on ``carrier`` where it is known, else on what is at ``port``.

    ``seat`` is the login at the seat, empty where it can't be told; ``remote`` are the logins that
    were in from elsewhere while nobody was in front of the screen.
    """

    carrier: Carrier | None
    port: str
    seat: str
    verdict: Verdict
    remote: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Blind:
    """From now on ``what`` can't be seen; ``reason`` says why. Not seeing is an event.

    Told again, without a `Seeing` between, where the reason has become another.
    """

    what: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeing:
    """``what`` can be seen again."""

    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something about ``what`` is not as it should be, though nothing is hidden by it: told once
    after every start. ``finding`` is a word of `drivers.modules.Flaw` or "modules-disagree";
    ``detail`` is for an engineer."""

    what: str
    finding: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotAccepted:
    """A ledger snapshot was verified and is now the one that verdicts stand on."""

    mark: Mark
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotRefused:
    """A ledger snapshot was offered and refused; the last good one stays."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventoried:
    """What this machine is and which cryptographic means are installed on it (clauses 2.1, 3.2).

    Recorded where it differs from what was recorded last."""

    inventory: Inventory


Event = (
    Started
    | Stopped
    | Reconfigured
    | SettingsRefused
    | Unrecorded
    | SegmentReleased
    | Repaired
    | Checkpoint
    | Appeared
    | Vanished
    | Identified
    | Unreadable
    | Missed
    | Pulled
    | Reenumerated
    | Judged
    | Blind
    | Seeing
    | Noticed
    | SnapshotAccepted
    | SnapshotRefused
    | Inventoried
)
