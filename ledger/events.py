"""The events of the ledger: past participles, facts only.

The unit of account is the key document (ключевой документ): one key written on one carrier is a
row of its own (clause 3.3). A fact is never changed; a correction will be a further fact. A field
is added with a default; any other change makes a new version.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import msgspec

from domain.accounting import OutOfAction
from domain.canonical import plain
from domain.carrier import Carrier
from domain.inventory import Inventory
from ledger.store import Reading


class Realm(StrEnum):
    """What a login belongs to: one machine's own account, or a domain's."""

    HOST = "host"
    DOMAIN = "domain"


class Method(StrEnum):
    """How a key was destroyed (clause 6.4): with its carrier, or erased from it."""

    PHYSICAL = "physical"
    ERASED = "erased"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The ledger's first event: whose it is, what login marks are made with (``salt``) and the
    Ed25519 key that signs its snapshots (hexadecimal)."""

    organisation: str
    salt: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRegistered:
    """A person is known to the ledger; ``person`` is their number here."""

    person: int
    name: str
    post: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginAdded:
    """A login that the person uses; ``realm`` is the host's or the domain's name, lower case."""

    person: int
    kind: Realm
    realm: str
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonAdmitted:
    """Admitted to work with crypto means by an order (clause 2.2); the date is YYYY-MM-DD."""

    person: int
    order_number: str
    order_date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstationRegistered:
    """A workstation (ПЭВМ), known by its host name, inventory number and place."""

    workstation: int
    host: str
    inventory: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRegistered:
    """A carrier (ключевой носитель): a thing keys are written on, not yet a unit of account."""

    carrier: int
    identity: Carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocumentRegistered:
    """One writing of a key on a carrier (clause 3.3) got its row: account number (clause 3.4),
    gap-free ``document`` and the writing's copy number on that carrier.

    ``name`` is the index or conventional name. ``certificate`` is a SHA-256 in hexadecimal,
    ``key_not_after`` RFC 3339 UTC, ``made_on`` YYYY-MM-DD; each empty where not known.
    """

    document: int
    number: str
    carrier: int
    copy: int
    name: str
    certificate: str
    key_not_after: str
    made_on: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocumentIssued:
    """Issued to a person under ``receipt``, a reference to the signed paper (clause 3.5)."""

    number: str
    person: int
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocumentReturned:
    """``person`` gave it back to the responsible user."""

    number: str
    person: int
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocumentPutOutOfAction:
    """Its keys are not used any more; destruction is due (clause 6.8)."""

    number: str
    reason: OutOfAction


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocumentDestroyed:
    """The key is gone (clauses 6.3, 6.4)."""

    number: str
    method: Method


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRetired:
    """The carrier was physically destroyed (clause 6.4): it must never be seen again."""

    carrier: int


class Breach(StrEnum):
    """What can be wrong with the journal a workstation tells."""

    GAP = "gap"
    TRUNCATED = "truncated"
    REWRITTEN = "rewritten"
    REINSTALLED = "reinstalled"
    UNREADABLE = "unreadable-journal"
    BAD_CHECKPOINT = "bad-checkpoint"
    ENROLLED_AGAIN = "enrolled-again"


class Severity(StrEnum):
    """How grave a case is: a verdict's warn or deny, or an alarm about a workstation itself."""

    WARN = "warn"
    DENY = "deny"
    ALARM = "alarm"


class Role(StrEnum):
    """In whose hands the ledger is (clause 2.3): the responsible user's, or their deputy's."""

    OFFICER = "officer"
    DEPUTY = "deputy"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentCodeMade:
    """A one-time code for a workstation; only its SHA-256 is kept. ``expires`` is RFC 3339 UTC."""

    workstation: int
    code_hash: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstationEnrolled:
    """A workstation showed the code: its agent's Ed25519 key, and the SHA-256 of its courier's
    token."""

    workstation: int
    public_key: str
    token_hash: str
    code_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalBroken:
    """A workstation's journal does not continue what it told before. ``seq`` is where, and
    ``generation`` which journal (the SHA-256 of its first line)."""

    workstation: int
    breach: Breach
    generation: str
    seq: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkstationInventoried:
    """A workstation said what machine it is and what is installed on it (clauses 2.1, 3.2), at its
    own time ``seen`` (RFC 3339 UTC), and that differs from what it said before."""

    workstation: int
    seen: str
    inventory: Inventory


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseOpened:
    """Something the responsible user has to look into: ``what`` (a rule or a breach) is said of
    ``subject`` (a carrier's identity, a port, a journal) at a workstation."""

    case: int
    workstation: int
    severity: Severity
    what: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseTaken:
    """Somebody with the ledger in hand has it before them now: mail about it falls silent. Taken
    again, it is the last one's."""

    case: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseClosed:
    """The responsible user has looked into it."""

    case: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MailDelivered:
    """The mail server took a message about the case. Nobody knows whether it was read.

    It went to whoever had ``role`` then: an address is nobody's matter in a ledger. ``number`` 1
    is the first to them, the rest are repetitions; ``reply`` is the server's code (250), 0 where
    an earlier program did not keep it; ``attempts`` is how often this process had tried.
    """

    case: int
    message_id: str
    role: Role = Role.OFFICER
    number: int = 1
    reply: int = 0
    attempts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MailFailed:
    """No mail server took the message: recorded at its first failure, further attempts follow.

    ``reply`` is the server's code, 0 where it was not reached or not believed. ``permanent`` says
    that it refuses the very address (5xx): nothing more is attempted until somebody mends it or
    the next repetition is due.
    """

    case: int
    role: Role
    number: int
    reply: int
    permanent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerAbsent:
    """Whoever has ``role`` is away from the day ``first`` to the day ``last`` (YYYY-MM-DD, both
    included); ``last`` is empty where nobody knows."""

    absence: int
    role: Role
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficerBack:
    """The absence ended: since the day ``since`` they are there."""

    absence: int
    since: str


Fact = (
    Opened
    | PersonRegistered
    | LoginAdded
    | PersonAdmitted
    | WorkstationRegistered
    | CarrierRegistered
    | KeyDocumentRegistered
    | KeyDocumentIssued
    | KeyDocumentReturned
    | KeyDocumentPutOutOfAction
    | KeyDocumentDestroyed
    | CarrierRetired
    | EnrolmentCodeMade
    | WorkstationEnrolled
    | JournalBroken
    | WorkstationInventoried
    | CaseOpened
    | CaseTaken
    | CaseClosed
    | MailDelivered
    | MailFailed
    | OfficerAbsent
    | OfficerBack
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a fact comes from.

    ``who`` said so and from where (``source``); when it ``happened`` (YYYY-MM-DD, or RFC 3339
    UTC), which may be long before it was recorded; on what ``ground``: an order, a letter, an act.
    ``command`` is the id its sender gave the command, ``intent`` the SHA-256 of the command's
    content: together they make a retry harmless. Both are empty where no id was given.
    """

    who: str
    source: str
    happened: str
    ground: str = ""
    command: str = ""
    intent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of the chain, read back. ``recorded`` is RFC 3339 UTC; ``origin`` and ``fact`` are
    None for an event of another part of the ledger, or of a later program."""

    seq: int
    recorded: str
    name: str
    origin: Origin | None
    fact: Fact | None


class _Envelope(msgspec.Struct):
    seq: int
    time: str
    event: str
    body: msgspec.Raw


class _Body(msgspec.Struct):
    origin: Origin
    fact: msgspec.Raw


_FACTS: dict[str, type[Fact]] = {kind.__name__: kind for kind in Fact.__args__}
_ENVELOPE = msgspec.json.Decoder(_Envelope)
_BODY = msgspec.json.Decoder(_Body)
_DECODERS = {name: msgspec.json.Decoder(kind) for name, kind in _FACTS.items()}


def body_of(origin: Origin, fact: object) -> object:
    """The body of a fact's line in the chain. ``fact`` is a frozen value, usually a `Fact`."""
    return {"fact": plain(fact), "origin": plain(origin)}


def decode(line: bytes) -> Event:
    """One line of the chain. Raises msgspec.DecodeError where it is not one."""
    envelope = _ENVELOPE.decode(line)
    origin, fact = None, None
    if envelope.event in _DECODERS:
        body = _BODY.decode(envelope.body)
        origin, fact = body.origin, _DECODERS[envelope.event].decode(body.fact)
    return Event(
        seq=envelope.seq,
        recorded=envelope.time,
        name=envelope.event,
        origin=origin,
        fact=fact,
    )


def lines_after(reading: Reading, after: int) -> list[tuple[int, bytes]]:
    """The next lines of the chain with their numbers, at most 1,000; none at its end."""
    rows = reading.all("SELECT seq, line FROM events WHERE seq > ? ORDER BY seq LIMIT 1000", after)
    return [(seq, line) for seq, line in rows]
