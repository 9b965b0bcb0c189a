"""Taking in a workstation's journal: each line once, in order, and never against what was told.

The ledger believes a workstation's first word. What was acknowledged stays; a journal that later
says otherwise is recorded as broken, becomes a case, and is told anew in a branch of its own, so
that neither the old lines nor the new alarms are lost. See docs/adr/0004.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.errors import Wrong
from domain.events import Checkpoint, Judged
from domain.text import Text
from journal.checkpoint import message
from journal.decode import decode
from journal.digest import sha256
from journal.record import GENESIS, Head, prev_of, seq_of
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
    """One word of one workstation about its journal, inside one transaction.

    ``generation`` is the SHA-256 of the journal's first line, in hexadecimal.
    """

    def __init__(self, transaction: Transaction, sender: Enrolled, generation: str) -> None:
        self._transaction = transaction
        self._sender = sender
        self._generation = generation
        self._told = told(transaction, sender.workstation, generation)
        now = dates.spelled(books_time(transaction))
        self._origin = Origin(who=sender.host, source="workstation", happened=now)
        self._begin()

    def take(self, untrusted_lines: bytes) -> Told:
        """Take whole lines in; how far the journal is told then, which is where to go on.

        Lines are taken as long as their numbers go on. One that contradicts an acknowledged one
        ends the batch too, and begins a new branch. Raises Wrong where they are no records.
        """
        *lines, rest = untrusted_lines.split(b"\n")
        if rest or not lines:
            raise _wrong("the last line is not whole")
        for line in lines:
            if not self._take_line(line + b"\n"):
                break
        return self._told

    def truncated(self, seq: int) -> Told:
        """The workstation says that its journal ends at ``seq``, before what it told: recorded,
        and it goes on from there in a further branch."""
        if seq < self._told.head.seq:
            self._broken(Breach.TRUNCATED, seq)
            last = self._line(seq)
            self._open_branch(Head(seq=seq, digest=sha256(last)) if last else GENESIS)
        return self._told

    def gap(self, first: int, prev: str) -> Told:
        """The workstation has no longer what lies before record ``first``, whose line names
        ``prev``: recorded, and the journal goes on from there."""
        if first > self._told.head.seq + 1:
            self._broken(Breach.GAP, self._told.head.seq + 1)
            self._move(Head(seq=first - 1, digest=bytes.fromhex(prev)))
        return self._told

    def unreadable(self, seq: int) -> Told:
        """The workstation says that where record ``seq`` should stand there is something else. It
        says so again and again: recorded once while the case is open."""
        if not cases.is_open(
            self._transaction, self._sender.workstation, Breach.UNREADABLE.value, self._generation
        ):
            self._broken(Breach.UNREADABLE, seq)
        return self._told

    def _begin(self) -> None:
        """The first word of a journal, or of another than the one told last."""
        present = _present(self._transaction, self._sender.workstation)
        if present != self._generation:
            if present:
                self._broken(Breach.REINSTALLED, self._told.head.seq)
            self._transaction.run(
                "INSERT INTO present_journals (workstation, generation) VALUES (?, ?) "
                "ON CONFLICT (workstation) DO UPDATE SET generation = excluded.generation",
                self._sender.workstation,
                self._generation,
            )
        if not self._told.branch:
            self._open_branch(GENESIS)

    def _take_line(self, raw: bytes) -> bool:
        seq, prev = _links(raw)
        head = self._told.head
        if seq > head.seq + 1:
            return False
        if seq == head.seq + 1:
            if seq == 1 and sha256(raw).hex() != self._generation:
                raise _wrong("the first line has another digest")
            self._append(raw, seq, fits=prev == head.digest)
        elif self._contradicts(raw, seq):
            self._broken(Breach.REWRITTEN, seq)
            self._open_branch(GENESIS)
            return False
        return True

    def _contradicts(self, raw: bytes, seq: int) -> bool:
        """Whether an acknowledged line said otherwise; one that lay in a gap is kept now."""
        if seq == self._told.head.seq and sha256(raw) != self._told.head.digest:
            return True
        before = self._line(seq)
        if before is None:
            self._keep(raw, seq)
        return before is not None and before != raw

    def _append(self, raw: bytes, seq: int, *, fits: bool) -> None:
        """Take the next line, even one that does not name the line before: it is what the
        workstation has, and telling it again would not make it better."""
        if not fits:
            self._broken(Breach.REWRITTEN, seq)
        again = self._told_before(raw, seq)
        self._keep(raw, seq)
        before = self._told.head
        self._move(Head(seq=seq, digest=sha256(raw)))
        if not again:
            self._understand(raw, before)

    def _understand(self, raw: bytes, before: Head) -> None:
        """What the line means to the responsible user. A line that is told again means nothing."""
        try:
            found = decode(raw)
        except Wrong:
            self._broken(Breach.UNREADABLE, self._told.head.seq)
            return
        match found.event:
            case Judged() as judged if not judged.verdict.findings:
                self._broken(Breach.UNREADABLE, found.seq)
            case Judged() as judged:
                cases.of_verdict(self._transaction, self._origin, self._sender.workstation, judged)
            case Checkpoint() as checkpoint if not self._signed(checkpoint, found.host, before):
                self._broken(Breach.BAD_CHECKPOINT, found.seq)
            case _:
                pass

    def _signed(self, checkpoint: Checkpoint, host: str, before: Head) -> bool:
        """Whether the enrolled key signed the very line before the checkpoint."""
        try:
            signature = bytes.fromhex(checkpoint.signature)
        except ValueError:
            return False
        if (checkpoint.seq, checkpoint.head) != (before.seq, before.digest.hex()):
            return False
        key = bytes.fromhex(self._sender.public_key)
        return verify(key, message(host, checkpoint.seq, checkpoint.head), signature)

    def _open_branch(self, head: Head) -> None:
        self._told = Told(branch=self._told.branch + 1, head=head)
        self._transaction.run(
            "INSERT INTO journals (workstation, generation, branch, seq, head) "
            "VALUES (?, ?, ?, ?, ?)",
            self._sender.workstation,
            self._generation,
            self._told.branch,
            head.seq,
            head.digest.hex(),
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

    def _keep(self, raw: bytes, seq: int) -> None:
        self._transaction.run(
            "INSERT INTO journal_lines (workstation, generation, branch, seq, line) "
            "VALUES (?, ?, ?, ?, ?)",
            self._sender.workstation,
            self._generation,
            self._told.branch,
            seq,
            raw,
        )

    def _line(self, seq: int) -> bytes | None:
        """The line as it was told in this branch or, before its beginning, in an earlier one."""
        branches = range(self._told.branch, 0, -1)
        return next((line for at in branches if (line := self._stored(at, seq))), None)

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


def _present(reading: Reading, workstation: int) -> str:
    """The journal that the workstation told of last, empty where it told of none."""
    row = reading.one("SELECT generation FROM present_journals WHERE workstation = ?", workstation)
    return row[0] if row else ""


def _links(raw: bytes) -> tuple[int, bytes]:
    """A line's number and the SHA-256 it names: all that is asked of a line to be kept."""
    if len(raw) > LONGEST_LINE:
        raise _wrong("a line is too long")
    try:
        return seq_of(raw), prev_of(raw)
    except ValueError as error:
        raise _wrong("a line is no record") from error


def _wrong(what: str) -> Wrong:
    return Wrong(
        Text(
            ru=f"Присланное — не журнал рабочего места ({what}).",
            en=f"What was sent is not a workstation's journal ({what}).",
        )
    )
