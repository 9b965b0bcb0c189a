"""Taking in a workstation's journal: each line once, in order, and never against what was told.

The ledger believes a workstation's first word. What was acknowledged stays; a journal that later
says otherwise is recorded as broken, becomes a case, and is told anew in a branch of its own, so
that neither the old lines nor the new alarms are lost. See docs/adr/0004.
"""

from __future__ import annotations

from domain.errors import Wrong
from domain.events import Checkpoint, Inventoried, Judged, SegmentReleased, Unrecorded
from domain.inventory import Inventory
from domain.text import Text
from journal.checkpoint import message
from journal.decode import Record, decode
from journal.digest import sha256
from journal.record import GENESIS, Head, prev_of, seq_of
from journal.signing import verify
from ledger import cases, dates, inventories
from ledger.books import Enrolled
from ledger.carry_out import books_time
from ledger.events import Breach, JournalBroken, Origin, Severity
from ledger.projections import record
from ledger.store import Transaction
from ledger.tellings import Tellings, Told

LONGEST_LINE = 256 << 10


class Intake:
    """One word of one workstation about its journal, inside one transaction.

    ``generation`` is the SHA-256 of the journal's first line, in hexadecimal.
    """

    def __init__(self, transaction: Transaction, sender: Enrolled, generation: str) -> None:
        self._transaction = transaction
        self._sender = sender
        self._generation = generation
        self._tellings = Tellings(transaction, sender.workstation, generation)
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
        return self._tellings.told

    def truncated(self, seq: int) -> Told:
        """The workstation says that its journal ends at ``seq``, before what it told: recorded,
        and it goes on from there in a further branch."""
        if seq < self._head.seq:
            self._broken(Breach.TRUNCATED, seq)
            last = self._tellings.line(seq)
            self._tellings.open_branch(Head(seq=seq, digest=sha256(last)) if last else GENESIS)
        return self._tellings.told

    def gap(self, first: int, prev: str) -> Told:
        """The workstation has no longer what lies before record ``first``, whose line names
        ``prev``: recorded, and the journal goes on from there."""
        if first > self._head.seq + 1:
            self._broken(Breach.GAP, self._head.seq + 1)
            self._tellings.move(Head(seq=first - 1, digest=bytes.fromhex(prev)))
        return self._tellings.told

    def unreadable(self, seq: int) -> Told:
        """The workstation says that where record ``seq`` should stand there is something else. It
        says so again and again: recorded once while the case is open."""
        if not cases.is_open(
            self._transaction, self._sender.workstation, Breach.UNREADABLE.value, self._generation
        ):
            self._broken(Breach.UNREADABLE, seq)
        return self._tellings.told

    def _begin(self) -> None:
        """The first word of a journal, or of another than the one told last."""
        present = self._tellings.present()
        if present != self._generation:
            if present:
                self._broken(Breach.REINSTALLED, self._head.seq)
            self._tellings.become_present()
        if not self._tellings.told.branch:
            self._tellings.open_branch(GENESIS)

    @property
    def _head(self) -> Head:
        return self._tellings.told.head

    def _take_line(self, raw: bytes) -> bool:
        seq, prev = _links(raw)
        head = self._head
        if seq > head.seq + 1:
            return False
        if seq == head.seq + 1:
            if seq == 1 and sha256(raw).hex() != self._generation:
                raise _wrong("the first line has another digest")
            self._append(raw, seq, fits=prev == head.digest)
        elif self._contradicts(raw, seq):
            self._broken(Breach.REWRITTEN, seq)
            self._tellings.open_branch(GENESIS)
            return False
        return True

    def _contradicts(self, raw: bytes, seq: int) -> bool:
        """Whether an acknowledged line said otherwise; one that lay in a gap is kept now."""
        if seq == self._head.seq and sha256(raw) != self._head.digest:
            return True
        before = self._tellings.line(seq)
        if before is None:
            self._tellings.keep(raw, seq)
        return before is not None and before != raw

    def _append(self, raw: bytes, seq: int, *, fits: bool) -> None:
        """Take the next line, even one that does not name the line before: it is what the
        workstation has, and telling it again would not make it better."""
        if not fits:
            self._broken(Breach.REWRITTEN, seq)
        again = self._tellings.had(raw, seq)
        self._tellings.keep(raw, seq)
        before = self._head
        self._tellings.move(Head(seq=seq, digest=sha256(raw)))
        if not again:
            self._understand(raw, before)

    def _understand(self, raw: bytes, before: Head) -> None:
        """What the line means to the responsible user. A line that is told again means nothing."""
        try:
            found = decode(raw)
        except Wrong:
            self._broken(Breach.UNREADABLE, self._head.seq)
            return
        match found.event:
            case Judged() as judged if not judged.verdict.findings:
                self._broken(Breach.UNREADABLE, found.seq)
            case Judged() as judged:
                cases.of_verdict(self._transaction, self._origin, self._sender.workstation, judged)
            case SegmentReleased() as released if not self._has(released):
                self._broken(Breach.GAP, found.seq)
            case Unrecorded():
                cases.open_case(
                    self._transaction,
                    self._origin,
                    workstation=self._sender.workstation,
                    severity=Severity.ALARM,
                    what="unrecorded",
                    subject="",
                )
            case Inventoried(inventory=inventory):
                self._take_inventory(inventory, found)
            case Checkpoint() as checkpoint if not self._signed(checkpoint, found.host, before):
                self._broken(Breach.BAD_CHECKPOINT, found.seq)
            case _:
                pass

    def _take_inventory(self, untrusted: Inventory, found: Record) -> None:
        number = self._sender.workstation
        try:
            inventories.take(self._transaction, self._origin, number, found.time, untrusted)
        except ValueError:
            self._broken(Breach.UNREADABLE, found.seq)

    def _has(self, released: SegmentReleased) -> bool:
        """Whether what the workstation keeps no longer is kept here."""
        last = self._tellings.line(released.last_seq)
        return last is not None and sha256(last).hex() == released.digest

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
