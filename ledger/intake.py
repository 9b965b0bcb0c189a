"""Taking in a workstation's journal: each line once, in order, and never against what was told.

The ledger believes a workstation's first word. What was acknowledged stays; a journal that later
says otherwise is recorded as broken, becomes a case, and is told anew in a branch of its own, so
that neither the old lines nor the new alarms are lost. See docs/adr/0004.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from domain.errors import Wrong
from domain.events import Checkpoint, Judged
from domain.text import Text
from journal.checkpoint import message
from journal.decode import ENVELOPE, Envelope, decode
from journal.digest import sha256
from journal.record import GENESIS, Head
from journal.signing import verify
from ledger import cases, dates
from ledger.books import Enrolled
from ledger.carry_out import books_time
from ledger.events import Breach, JournalBroken, Origin, Severity
from ledger.projections import record
from ledger.store import Reading, Row, Transaction

LONGEST_LINE = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far a journal was told: the latest branch and its head."""

    branch: int
    head: Head


class OutOfStep(Exception):
    """The lines do not continue what is here; ``told`` is from where to go on."""

    def __init__(self, told: Told) -> None:
        super().__init__(f"expected record {told.head.seq + 1}")
        self.told = told


def told(reading: Reading, workstation: int, generation: str) -> Told:
    """How far this journal of the workstation was told; branch 0 and nothing where it is new."""
    row = reading.one(
        "SELECT branch, seq, head FROM journals WHERE workstation = ? AND generation = ? "
        "ORDER BY branch DESC LIMIT 1",
        workstation,
        generation,
    )
    if row is None:
        return Told(branch=0, head=GENESIS)
    return Told(branch=row[0], head=Head(seq=row[1], digest=bytes.fromhex(row[2])))


class Intake:
    """One batch of one workstation's journal, inside one transaction.

    ``generation`` is the SHA-256 of the journal's first line, in hexadecimal.
    """

    def __init__(self, transaction: Transaction, sender: Enrolled, generation: str) -> None:
        self._transaction = transaction
        self._sender = sender
        self._generation = generation
        self._told = told(transaction, sender.workstation, generation)
        now = dates.spelled(books_time(transaction))
        self._origin = Origin(who=sender.host, source="workstation", happened=now)

    def take(self, untrusted_lines: bytes) -> Told:
        """Take whole lines in; how far the journal is told then.

        Raises Wrong where they are no records, OutOfStep where they begin after what is here.
        A line that contradicts an acknowledged one ends the batch and begins a new branch.
        """
        if not untrusted_lines.endswith(b"\n"):
            raise _wrong("the last line is not whole")
        self._begin()
        for raw in untrusted_lines.splitlines(keepends=True):
            if not self._take_line(raw):
                break
        return self._told

    def shortened(self, seq: int) -> None:
        """The workstation says that its journal now ends at ``seq``, before what it told."""
        if seq < self._told.head.seq:
            self._broken(Breach.TRUNCATED, seq)

    def missing(self, first: int, prev: str) -> Told:
        """The workstation can't tell what lies before record ``first``, whose line names ``prev``:
        recorded, and the journal goes on from there."""
        if first > self._told.head.seq + 1:
            self._broken(Breach.GAP, self._told.head.seq + 1)
            self._begin()
            self._move(Head(seq=first - 1, digest=bytes.fromhex(prev)))
        return self._told

    def _begin(self) -> None:
        """The first word of a journal; of a further one where there was another before."""
        if self._told.branch:
            return
        other = self._transaction.one(
            "SELECT 1 FROM journals WHERE workstation = ? LIMIT 1", self._sender.workstation
        )
        if other is not None:
            self._broken(Breach.REINSTALLED, 0)
        self._open_branch()

    def _take_line(self, raw: bytes) -> bool:
        envelope = _envelope(raw)
        head = self._told.head
        if envelope.seq <= head.seq:
            if self._stored(self._told.branch, envelope.seq) in {raw, None}:
                return True
            self._broken(Breach.REWRITTEN, envelope.seq)
            self._open_branch()
            return False
        if envelope.seq > head.seq + 1:
            raise OutOfStep(self._told)
        if envelope.seq == 1 and sha256(raw).hex() != self._generation:
            raise _wrong("the first line has another digest")
        if envelope.prev != head.digest.hex():
            self._broken(Breach.REWRITTEN, head.seq)
            self._open_branch()
            return False
        self._append(raw, envelope)
        return True

    def _append(self, raw: bytes, envelope: Envelope) -> None:
        again = self._told_before(raw, envelope.seq)
        self._transaction.run(
            "INSERT INTO journal_lines (workstation, generation, branch, seq, line) "
            "VALUES (?, ?, ?, ?, ?)",
            self._sender.workstation,
            self._generation,
            self._told.branch,
            envelope.seq,
            raw,
        )
        self._move(Head(seq=envelope.seq, digest=sha256(raw)))
        if not again:
            self._understand(raw)

    def _understand(self, raw: bytes) -> None:
        """What the line means to the responsible user. A line that is told again means nothing."""
        try:
            found = decode(raw)
        except Wrong:
            self._broken(Breach.REWRITTEN, self._told.head.seq)
            return
        match found.event:
            case Judged() as judged:
                cases.of_verdict(self._transaction, self._origin, self._sender.workstation, judged)
            case Checkpoint() as checkpoint if not self._signed(checkpoint, found.host):
                self._broken(Breach.BAD_CHECKPOINT, found.seq)
            case _:
                pass

    def _signed(self, checkpoint: Checkpoint, host: str) -> bool:
        """Whether the enrolled key signed the very line before the checkpoint."""
        before = self._stored(self._told.branch, self._told.head.seq - 1)
        if before is not None and checkpoint.head != sha256(before).hex():
            return False
        try:
            signature = bytes.fromhex(checkpoint.signature)
        except ValueError:
            return False
        key = bytes.fromhex(self._sender.public_key)
        return verify(key, message(host, checkpoint.seq, checkpoint.head), signature)

    def _open_branch(self) -> None:
        self._told = Told(branch=self._told.branch + 1, head=GENESIS)
        self._transaction.run(
            "INSERT INTO journals (workstation, generation, branch, seq, head) "
            "VALUES (?, ?, ?, ?, ?)",
            self._sender.workstation,
            self._generation,
            self._told.branch,
            GENESIS.seq,
            GENESIS.digest.hex(),
        )

    def _move(self, head: Head) -> None:
        self._told = Told(branch=self._told.branch, head=head)
        self._transaction.run(
            "UPDATE journals SET seq = ?, head = ? "
            "WHERE workstation = ? AND generation = ? AND branch = ?",
            head.seq,
            head.digest.hex(),
            self._sender.workstation,
            self._generation,
            self._told.branch,
        )

    def _stored(self, branch: int, seq: int) -> bytes | None:
        row: Row | None = self._transaction.one(
            "SELECT line FROM journal_lines "
            "WHERE workstation = ? AND generation = ? AND branch = ? AND seq = ?",
            self._sender.workstation,
            self._generation,
            branch,
            seq,
        )
        return row[0] if row else None

    def _told_before(self, raw: bytes, seq: int) -> bool:
        earlier = range(1, self._told.branch)
        return any(self._stored(branch, seq) == raw for branch in earlier)

    def _broken(self, breach: Breach, seq: int) -> None:
        broken = JournalBroken(
            workstation=self._sender.workstation,
            breach=breach,
            generation=self._generation,
            seq=seq,
        )
        record(self._transaction, self._origin, [broken])
        cases.open_case(
            self._transaction,
            self._origin,
            workstation=self._sender.workstation,
            severity=Severity.ALARM,
            what=breach.value,
            subject=self._generation,
        )


def _envelope(raw: bytes) -> Envelope:
    if len(raw) > LONGEST_LINE:
        raise _wrong("a line is too long")
    try:
        return ENVELOPE.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _wrong("a line is no record") from error


def _wrong(what: str) -> Wrong:
    return Wrong(
        Text(
            ru=f"Присланное — не журнал рабочего места ({what}).",
            en=f"What was sent is not a workstation's journal ({what}).",
        )
    )
