"""Where the lines of workstations' journals are kept: branch by branch, never changed.

A branch is one telling of one journal. It may fork off an earlier one: then the lines before its
first are that one's.
"""

from __future__ import annotations

from dataclasses import dataclass

from journal.record import GENESIS, Head
from ledger.store import Reading, Row, Transaction


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


class Tellings:
    """The tellings of one workstation's journal, ``generation``; ``told`` is where the latest one
    stands."""

    def __init__(self, transaction: Transaction, workstation: int, generation: str) -> None:
        self._transaction = transaction
        self._workstation = workstation
        self._generation = generation
        self.told = told(transaction, workstation, generation)

    def present(self) -> str:
        """The journal that the workstation told of last, empty where it told of none."""
        row = self._transaction.one(
            "SELECT generation FROM present_journals WHERE workstation = ?", self._workstation
        )
        return row[0] if row else ""

    def become_present(self) -> None:
        """From now on this is the journal that the workstation told of last."""
        self._transaction.run(
            "INSERT INTO present_journals (workstation, generation) VALUES (?, ?) "
            "ON CONFLICT (workstation) DO UPDATE SET generation = excluded.generation",
            self._workstation,
            self._generation,
        )

    def open_branch(self, head: Head) -> None:
        """Begin a further telling, which stands at ``head``."""
        self.told = Told(branch=self.told.branch + 1, head=head)
        self._transaction.run(
            "INSERT INTO journals (workstation, generation, branch, seq, head) "
            "VALUES (?, ?, ?, ?, ?)",
            self._workstation,
            self._generation,
            self.told.branch,
            head.seq,
            head.digest.hex(),
        )

    def move(self, head: Head) -> None:
        """The latest telling stands at ``head`` now."""
        self.told = Told(branch=self.told.branch, head=head)
        self._transaction.run(
            "UPDATE journals SET seq = ?, head = ? "
            "WHERE workstation = ? AND generation = ? AND branch = ?",
            head.seq,
            head.digest.hex(),
            self._workstation,
            self._generation,
            self.told.branch,
        )

    def keep(self, raw: bytes, seq: int) -> None:
        """Keep a line of the latest telling."""
        self._transaction.run(
            "INSERT INTO journal_lines (workstation, generation, branch, seq, line) "
            "VALUES (?, ?, ?, ?, ?)",
            self._workstation,
            self._generation,
            self.told.branch,
            seq,
            raw,
        )

    def line(self, seq: int) -> bytes | None:
        """The line as it was told in this branch or, before its beginning, in an earlier one."""
        branches = range(self.told.branch, 0, -1)
        return next((line for at in branches if (line := self._stored(at, seq))), None)

    def had(self, raw: bytes, seq: int) -> bool:
        """Whether an earlier telling had the very same line."""
        earlier = range(1, self.told.branch)
        return any(self._stored(branch, seq) == raw for branch in earlier)

    def _stored(self, branch: int, seq: int) -> bytes | None:
        row: Row | None = self._transaction.one(
            "SELECT line FROM journal_lines "
            "WHERE workstation = ? AND generation = ? AND branch = ? AND seq = ?",
            self._workstation,
            self._generation,
            branch,
            seq,
        )
        return row[0] if row else None
