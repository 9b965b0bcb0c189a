"""Ledger snapshots for workstations: built from the books, signed, kept while they are current.

A workstation learns carriers, the standing of their key documents, and marks of those logins that
mean something on it: its own host's and every domain's. No names, no places.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from domain.accounting import CarrierEntry, KeyDocument, OutOfAction, Standing
from domain.because import because
from domain.carrier import Carrier, Maker
from domain.errors import CouldNotAsk
from domain.snapshot import Acknowledged, Mark, pack, read_header
from domain.text import Text
from journal.digest import sha256
from journal.signing import Signer
from ledger.books import Books, Login
from ledger.events import Realm, decode, lines_after
from ledger.store import Reading, Row, Store


def login_mark(salt: str, login: str, realm: str) -> str:
    """A login as a pseudonym; the agent computes the same from what it knows of the seat."""
    return sha256(f"{salt}|{login.lower()}@{realm.lower()}".encode()).hex()


def build(reading: Reading, workstation: str, made_at: datetime, signer: Signer) -> bytes:
    """The signed snapshot of this state of the books for the workstation of that host name."""
    books = Books(reading, made_at)
    opening = books.opening()
    salt = opening.salt if opening else ""
    marks = _marks(books.logins(), workstation.lower(), salt)
    unsigned = pack(
        Mark(version=version_of(reading), made_at=_rfc3339(made_at)),
        workstation,
        salt,
        ((sha256(e.carrier.serial.encode()), e) for e in _entries(reading, marks)),
        _acknowledged(reading, workstation),
    )
    return unsigned + signer.sign(sha256(unsigned))


def _acknowledged(reading: Reading, workstation: str) -> Acknowledged | None:
    """How far the ledger has the workstation's journal; None where it was ever broken: what is left
    of such a journal is evidence, and stays where it is."""
    row = reading.one(_WHOLE_JOURNAL, workstation)
    return Acknowledged(seq=row[0], head=row[1]) if row and row[0] else None


_WHOLE_JOURNAL = (
    "SELECT j.seq, j.head FROM workstations w "
    "JOIN present_journals p ON p.workstation = w.workstation "
    "JOIN journals j ON j.workstation = w.workstation AND j.generation = p.generation "
    "WHERE lower(w.host) = lower(?) "
    "AND (SELECT count(*) FROM journals o WHERE o.workstation = w.workstation "
    "AND o.generation = p.generation) = 1 "
    "AND (SELECT count(*) FROM journal_lines l WHERE l.workstation = w.workstation "
    "AND l.generation = p.generation) = j.seq"
)


def version_of(reading: Reading) -> int:
    """The number of the last event: what orders snapshots."""
    row = reading.one("SELECT max(seq) FROM events")
    return (row[0] or 0) if row else 0


Marks = dict[int, tuple[tuple[str, ...], tuple[str, ...]]]
"""Per person: the marks of their logins, and those of them that others share."""


def _marks(logins: list[Login], host: str, salt: str) -> Marks:
    here = [one for one in logins if one.kind is Realm.DOMAIN or one.realm == host]
    holders = Counter((one.login, one.realm) for one in here)
    marks: Marks = {}
    for one in here:
        own, shared = marks.get(one.person, ((), ()))
        mark = login_mark(salt, one.login, one.realm)
        is_shared = holders[one.login, one.realm] > 1
        marks[one.person] = (*own, mark), ((*shared, mark) if is_shared else shared)
    return marks


def _entries(reading: Reading, marks: Marks) -> Iterator[CarrierEntry]:
    documents: list[KeyDocument] = []
    carrier: Row | None = None
    for row in reading.each(_CARRIERS_WITH_DOCUMENTS):
        if carrier is not None and carrier[0] != row[0]:
            yield _entry(carrier, documents)
            documents = []
        carrier = row
        if row[5] is not None:
            documents.append(_document(row, marks))
    if carrier is not None:
        yield _entry(carrier, documents)


_CARRIERS_WITH_DOCUMENTS = (
    "SELECT c.carrier, c.maker, c.model, c.serial, c.retired, d.number, d.standing, d.reason, "
    "d.holder, d.certificate, d.key_not_after, d.made_on FROM carriers c "
    "LEFT JOIN documents d ON d.carrier = c.carrier ORDER BY c.carrier, d.copy"
)


def _entry(row: Row, documents: list[KeyDocument]) -> CarrierEntry:
    return CarrierEntry(
        carrier=Carrier(maker=Maker(row[1]), model=row[2], serial=row[3]),
        retired=bool(row[4]),
        documents=tuple(documents),
    )


def _document(row: Row, marks: Marks) -> KeyDocument:
    own, shared = marks.get(row[8], ((), ()))
    return KeyDocument(
        number=row[5],
        standing=Standing(row[6]),
        reason=OutOfAction(row[7]) if row[7] else None,
        logins=own,
        shared_logins=shared,
        certificate=row[9],
        key_not_after=row[10],
        made_on=row[11],
    )


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


# Events that change nothing in a snapshot; one that this list does not know is taken to change it.
_NOT_TOLD = frozenset(
    {
        "PersonRegistered",
        "PersonAdmitted",
        "WorkstationRegistered",
        "EnrolmentCodeMade",
        "WorkstationEnrolled",
        "JournalBroken",
        "CaseOpened",
        "CaseClosed",
        "MailDelivered",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One built snapshot; ``tag`` names exactly these bytes (an HTTP entity tag without quotes)."""

    mark: Mark
    raw: bytes

    @property
    def tag(self) -> str:
        return _tag(self.mark)


class Snapshots:
    """The current snapshot of every workstation that asked.

    Built ones are files in ``directory``: a snapshot of 100,000 carriers has tens of megabytes
    and takes seconds, so it is made anew only when something that it tells has changed. Otherwise
    it is made again after ``freshness_s``, for its age tells a workstation how long ago the ledger
    was heard of. Safe to use from several threads.
    """

    def __init__(
        self, store: Store, signer: Signer, directory: Path, freshness_s: float = 3600.0
    ) -> None:
        self._store = store
        self._signer = signer
        self._directory = directory
        self._freshness = timedelta(seconds=freshness_s)
        self._built: dict[str, Mark] = {}
        self._looked_at = self._changed_at = store.read(version_of)
        self._lock = threading.Lock()

    def tag(self, workstation: str, now: datetime) -> str:
        """The tag of the workstation's current snapshot, which is built where needed. Raises
        CouldNotAsk where the disk refuses."""
        with self._lock:
            return _tag(self._current(workstation, now))

    def current(self, workstation: str, now: datetime) -> Snapshot:
        """The snapshot for the workstation of that host name."""
        with self._lock:
            mark = self._current(workstation, now)
            return Snapshot(mark=mark, raw=self._file(workstation).read_bytes())

    def _current(self, workstation: str, now: datetime) -> Mark:
        self._store.read(self._look_for_changes)
        built = self._built.get(workstation)
        if built is not None and built.version >= self._changed_at:
            age = now - datetime.fromisoformat(built.made_at)
            if timedelta() <= age < self._freshness:
                return built
        return self._build(workstation, now)

    def _look_for_changes(self, reading: Reading) -> None:
        while lines := lines_after(reading, self._looked_at):
            for seq, raw in lines:
                if decode(raw).name not in _NOT_TOLD:
                    self._changed_at = seq
            self._looked_at = lines[-1][0]

    def _build(self, workstation: str, now: datetime) -> Mark:
        raw = self._store.read(lambda reading: build(reading, workstation, now, self._signer))
        header = read_header(lambda offset, size: raw[offset : offset + size])
        try:
            self._file(workstation).write_bytes(raw)
        except OSError as error:
            raise CouldNotAsk(_cannot_keep(self._directory, because(error))) from error
        self._built[workstation] = header.mark
        return header.mark

    def _file(self, workstation: str) -> Path:
        # A host name is the officer's text: its hash is a safe file name.
        return self._directory / sha256(workstation.encode()).hex()[:32]


def _cannot_keep(directory: Path, why: Text) -> Text:
    return Text(
        ru=f"Снимок журнала не записан в {directory}: {why.ru}. Исправьте это; запрос повторят.",
        en=f"A snapshot could not be written to {directory}: {why.en}. Mend that; it will be asked "
        "for again.",
    )


def _tag(mark: Mark) -> str:
    return f"{mark.version}-{mark.made_at}"
