"""What the books say: the reads that guards, commands and people ask for.

The books are tables written from events (`ledger.projections`); nothing here changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.accounting import OutOfAction, Standing
from domain.carrier import Carrier, Maker
from ledger import dates
from ledger.events import Realm, Role, Severity
from ledger.store import Reading, Row

DEFAULT_NUMBER = "КН-{:04d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A login and whom it belongs to."""

    person: int
    kind: Realm
    realm: str
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as the ledger knows them; ``order`` is the last admission, empty: not admitted."""

    person: int
    name: str
    post: str
    unit: str
    order: str
    order_date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Workstation:
    workstation: int
    host: str
    inventory: str
    place: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierRow:
    """A registered carrier; ``documents`` counts the writings on it that are not destroyed."""

    carrier: int
    identity: Carrier
    retired: bool
    documents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentRow:
    """A key document with its present standing; ``holder`` is None at the responsible user."""

    number: str
    carrier: int
    copy: int
    name: str
    certificate: str
    key_not_after: str
    made_on: str
    standing: Standing
    reason: OutOfAction | None
    holder: int | None
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A workstation that showed its code: its agent's Ed25519 key in hexadecimal."""

    workstation: int
    host: str
    public_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """A case; ``mailed`` is the id of the message that a mail server took last, empty where none
    was. ``opened_at`` and ``taken_at`` are RFC 3339 UTC; nobody has taken it where that is empty.
    """

    case: int
    workstation: int
    severity: Severity
    what: str
    subject: str
    open: bool
    reason: str
    mailed: str
    opened_at: str
    taken_at: str
    taken_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LetterRow:
    """What became of message ``repetition`` about a case to whoever has ``role``: ``delivered`` to
    the mail server, or not, ``permanent`` where it refuses the address."""

    case: int
    role: Role
    repetition: int
    at: str
    delivered: bool
    permanent: bool
    reply: int
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceRow:
    """An absence; ``last`` and ``back`` are empty where nobody said."""

    absence: int
    role: Role
    first: str
    last: str
    back: str
    ground: str

    def covers(self, day: str) -> bool:
        """Whether they are away on ``day`` (YYYY-MM-DD)."""
        return self.first <= day and (
            (not self.last or day <= self.last) and (not self.back or day < self.back)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    organisation: str
    salt: str
    public_key: str


class Books:
    """One consistent state of the books.

    Commands are decided at the instant ``now`` (UTC, aware). ``number`` is the template of
    account numbers, with one place for the ordinal.
    """

    def __init__(
        self, reading: Reading, now: datetime | None = None, number: str = DEFAULT_NUMBER
    ) -> None:
        self._reading = reading
        self.now = now or dates.now_utc()
        self._number = number

    def opening(self) -> Opening | None:
        """Whose ledger it is; None before it was opened."""
        row = self._reading.one("SELECT organisation, salt, public_key FROM opening")
        return Opening(organisation=row[0], salt=row[1], public_key=row[2]) if row else None

    def person(self, person: int) -> Person | None:
        rows = self._reading.all(f"{_PEOPLE} WHERE p.person = ?", person)
        return _person(rows[0]) if rows else None

    def people(self) -> list[Person]:
        return [_person(row) for row in self._reading.all(f"{_PEOPLE} ORDER BY p.person")]

    def logins(self) -> list[Login]:
        rows = self._reading.all(f"{_LOGINS} ORDER BY person, kind, realm, login")
        return [_login(row) for row in rows]

    def logins_of(self, person: int) -> list[Login]:
        rows = self._reading.all(f"{_LOGINS} WHERE person = ? ORDER BY kind, realm, login", person)
        return [_login(row) for row in rows]

    def admitted(self, person: int, *, on: str) -> bool:
        """Whether an order of that day (YYYY-MM-DD) or an earlier one admits the person."""
        row = self._reading.one(
            "SELECT 1 FROM admissions WHERE person = ? AND order_date <= ? LIMIT 1", person, on
        )
        return row is not None

    def workstation_called(self, host: str) -> Workstation | None:
        rows = self._reading.all(f"{_WORKSTATIONS} WHERE host = ?", host)
        return _workstation(rows[0]) if rows else None

    def workstations(self) -> list[Workstation]:
        return [
            _workstation(row) for row in self._reading.all(f"{_WORKSTATIONS} ORDER BY workstation")
        ]

    def carrier(self, carrier: int) -> CarrierRow | None:
        rows = self._reading.all(f"{_CARRIERS} WHERE c.carrier = ?", carrier)
        return _carrier(rows[0]) if rows else None

    def carrier_like(self, identity: Carrier) -> CarrierRow | None:
        """The carrier with exactly this identity."""
        rows = self._reading.all(
            f"{_CARRIERS} WHERE c.serial = ? AND c.maker = ? AND c.model = ?",
            identity.serial,
            identity.maker.value,
            identity.model,
        )
        return _carrier(rows[0]) if rows else None

    def carriers(self, serial: str = "") -> list[CarrierRow]:
        """All carriers, or those with the canonical ``serial``, of whatever maker."""
        if serial:
            rows = self._reading.all(f"{_CARRIERS} WHERE c.serial = ? ORDER BY c.carrier", serial)
        else:
            rows = self._reading.all(f"{_CARRIERS} ORDER BY c.carrier")
        return [_carrier(row) for row in rows]

    def document(self, number: str) -> DocumentRow | None:
        rows = self._reading.all(f"{_DOCUMENTS} WHERE number = ?", number)
        return _document(rows[0]) if rows else None

    def documents(self) -> list[DocumentRow]:
        return [_document(row) for row in self._reading.all(f"{_DOCUMENTS} ORDER BY document")]

    def documents_on(self, carrier: int) -> list[DocumentRow]:
        """Every writing on the carrier, the first one first."""
        rows = self._reading.all(f"{_DOCUMENTS} WHERE carrier = ? ORDER BY copy", carrier)
        return [_document(row) for row in rows]

    def enrolled(self, workstation: int) -> Enrolled | None:
        row = self._reading.one(f"{_ENROLMENTS} WHERE e.workstation = ?", workstation)
        return Enrolled(workstation=row[0], host=row[1], public_key=row[2]) if row else None

    def enrolled_by_token(self, token_hash: str) -> Enrolled | None:
        """Whose courier has the token with this SHA-256."""
        row = self._reading.one(f"{_ENROLMENTS} WHERE e.token_hash = ?", token_hash)
        return Enrolled(workstation=row[0], host=row[1], public_key=row[2]) if row else None

    def workstation_of_code(self, code_hash: str, now: str) -> Workstation | None:
        """Whose unused and unexpired enrolment code has this SHA-256; ``now`` is RFC 3339 UTC."""
        rows = self._reading.all(
            f"{_WORKSTATIONS} WHERE workstation = {_CODE_HOLDER}", code_hash, now
        )
        return _workstation(rows[0]) if rows else None

    def case(self, case: int) -> CaseRow | None:
        rows = self._reading.all(f"{_CASES} WHERE number = ?", case)
        return _case(rows[0]) if rows else None

    def cases(self) -> list[CaseRow]:
        return [_case(row) for row in self._reading.all(f"{_CASES} ORDER BY number")]

    def has_open_case(self, workstation: int, what: str, subject: str) -> bool:
        """Whether a case about the same matter is open."""
        row = self._reading.one(
            "SELECT 1 FROM cases "
            "WHERE workstation = ? AND what = ? AND subject = ? AND closed IS NULL",
            workstation,
            what,
            subject,
        )
        return row is not None

    def cases_unanswered(self) -> list[CaseRow]:
        """Open cases that nobody has taken."""
        rows = self._reading.all(f"{_CASES} WHERE closed IS NULL AND taken_at = '' ORDER BY number")
        return [_case(row) for row in rows]

    def letters(self, *, unanswered: bool = False) -> list[LetterRow]:
        """What became of the messages about all cases, or of the ``unanswered`` ones; in order."""
        only = _OF_UNANSWERED if unanswered else ""
        return [_letter(row) for row in self._reading.all(f"{_LETTERS} {only} ORDER BY seq")]

    def has_failed(self, case: int, role: Role, repetition: int) -> bool:
        """Whether a failure of this very message is recorded."""
        row = self._reading.one(
            "SELECT 1 FROM letters "
            "WHERE number = ? AND role = ? AND repetition = ? AND delivered = 0",
            case,
            role.value,
            repetition,
        )
        return row is not None

    def absences(self) -> list[AbsenceRow]:
        """Every absence of the responsible user and their deputy, in the order recorded."""
        return [_absence(row) for row in self._reading.all(f"{_ABSENCES} ORDER BY absence")]

    def next_absence(self) -> int:
        return self._next("SELECT max(absence) FROM absences")

    def next_case(self) -> int:
        return self._next("SELECT max(number) FROM cases")

    def next_person(self) -> int:
        return self._next("SELECT max(person) FROM people")

    def next_workstation(self) -> int:
        return self._next("SELECT max(workstation) FROM workstations")

    def next_carrier(self) -> int:
        return self._next("SELECT max(carrier) FROM carriers")

    def next_document(self) -> tuple[int, str]:
        """The next ordinal and the account number made from it (clause 3.4)."""
        ordinal = self._next("SELECT max(document) FROM documents")
        return ordinal, self._number.format(ordinal)

    def next_copy(self, carrier: int) -> int:
        """The copy number of the next writing on the carrier (clause 3.3)."""
        return self._next("SELECT max(copy) FROM documents WHERE carrier = ?", carrier)

    def _next(self, sql: str, *values: int) -> int:
        row = self._reading.one(sql, *values)
        return 1 + (row[0] or 0) if row else 1


_PEOPLE = (
    "SELECT p.person, p.name, p.post, p.unit, a.order_number, a.order_date FROM people p "
    "LEFT JOIN admissions a ON a.seq = (SELECT max(seq) FROM admissions WHERE person = p.person)"
)
_LOGINS = "SELECT person, kind, realm, login FROM logins"
_WORKSTATIONS = "SELECT workstation, host, inventory, place FROM workstations"
_CODE_HOLDER = (
    "(SELECT workstation FROM enrolment_codes WHERE code_hash = ? AND used = 0 AND expires > ?)"
)
_ENROLMENTS = (
    "SELECT e.workstation, w.host, e.public_key FROM enrolments e "
    "JOIN workstations w ON w.workstation = e.workstation"
)
_CASES = (
    "SELECT number, workstation, severity, what, subject, closed IS NULL, reason, mailed, "
    "opened_at, taken_at, taken_by FROM cases"
)
_LETTERS = (
    "SELECT number, role, repetition, at, delivered, permanent, reply, message_id FROM letters"
)
_OF_UNANSWERED = "WHERE number IN (SELECT number FROM cases WHERE closed IS NULL AND taken_at = '')"
_ABSENCES = "SELECT absence, role, first, last, back, ground FROM absences"
_CARRIERS = (
    "SELECT c.carrier, c.maker, c.model, c.serial, c.retired, (SELECT count(*) FROM documents d "
    "WHERE d.carrier = c.carrier AND d.standing <> 'destroyed') FROM carriers c"
)
_DOCUMENTS = (
    "SELECT number, carrier, copy, name, certificate, key_not_after, made_on, standing, reason, "
    "holder, receipt FROM documents"
)


def _person(row: Row) -> Person:
    return Person(
        person=row[0],
        name=row[1],
        post=row[2],
        unit=row[3],
        order=row[4] or "",
        order_date=row[5] or "",
    )


def _login(row: Row) -> Login:
    return Login(person=row[0], kind=Realm(row[1]), realm=row[2], login=row[3])


def _workstation(row: Row) -> Workstation:
    return Workstation(workstation=row[0], host=row[1], inventory=row[2], place=row[3])


def _case(row: Row) -> CaseRow:
    return CaseRow(
        case=row[0],
        workstation=row[1],
        severity=Severity(row[2]),
        what=row[3],
        subject=row[4],
        open=bool(row[5]),
        reason=row[6],
        mailed=row[7],
        opened_at=row[8],
        taken_at=row[9],
        taken_by=row[10],
    )


def _letter(row: Row) -> LetterRow:
    return LetterRow(
        case=row[0],
        role=Role(row[1]),
        repetition=row[2],
        at=row[3],
        delivered=bool(row[4]),
        permanent=bool(row[5]),
        reply=row[6],
        message_id=row[7],
    )


def _absence(row: Row) -> AbsenceRow:
    return AbsenceRow(
        absence=row[0],
        role=Role(row[1]),
        first=row[2],
        last=row[3],
        back=row[4],
        ground=row[5],
    )


def _carrier(row: Row) -> CarrierRow:
    return CarrierRow(
        carrier=row[0],
        identity=Carrier(maker=Maker(row[1]), model=row[2], serial=row[3]),
        retired=bool(row[4]),
        documents=row[5],
    )


def _document(row: Row) -> DocumentRow:
    return DocumentRow(
        number=row[0],
        carrier=row[1],
        copy=row[2],
        name=row[3],
        certificate=row[4],
        key_not_after=row[5],
        made_on=row[6],
        standing=Standing(row[7]),
        reason=OutOfAction(row[8]) if row[8] else None,
        holder=row[9],
        receipt=row[10],
    )
