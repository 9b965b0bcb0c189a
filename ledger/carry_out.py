"""Carrying a command out: decide on the books, record the facts, all in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec

from domain.text import Text
from journal.digest import sha256
from ledger import dates
from ledger.books import DEFAULT_NUMBER, Books
from ledger.commands import decide
from ledger.events import Event, Origin, decode
from ledger.guards import Refusal
from ledger.intentions import Command, tidy
from ledger.projections import record
from ledger.store import Reading, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The command is in the ledger: ``events`` are its own, ``again`` says that they were there
    before, from the same command sent earlier."""

    events: tuple[Event, ...]
    again: bool

    @property
    def seq(self) -> int:
        """The number of the command's last event."""
        return self.events[-1].seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Clash:
    """The command's id was used before, for another command."""

    text: Text


Outcome = Done | Refusal | Clash


def carry_out(
    transaction: Transaction,
    command: Command,
    *,
    who: str,
    source: str,
    number: str = DEFAULT_NUMBER,
) -> Outcome:
    """Decide and record ``command``, given by ``who`` from ``source``.

    ``number`` is the template of account numbers. A refusal is not recorded: the same command
    sent again is judged afresh.
    """
    intent = sha256(msgspec.json.encode(command)).hex()
    if command.id and (earlier := _answered(transaction, command.id, intent)):
        return earlier
    now, command = books_time(transaction), tidy(command)
    decided = decide(Books(transaction, now, number), command)
    if isinstance(decided, Refusal):
        return decided
    origin = Origin(
        who=who,
        source=source,
        happened=dates.happened(command.happened, now) or dates.spelled(now),
        ground=command.ground,
        command=command.id,
        intent=intent if command.id else "",
    )
    lines = record(transaction, origin, decided)
    return Done(events=tuple(decode(line.raw) for line in lines), again=False)


def books_time(transaction: Transaction) -> datetime:
    """The instant of the transaction."""
    return datetime.fromtimestamp(transaction.now_ns / 1e9, UTC)


def _events(reading: Reading, first: int, last: int) -> tuple[Event, ...]:
    lines = reading.each(
        "SELECT line FROM events WHERE seq BETWEEN ? AND ? ORDER BY seq", first, last
    )
    return tuple(decode(line) for (line,) in lines)


def _answered(transaction: Transaction, command: str, intent: str) -> Done | Clash | None:
    row = transaction.one(
        "SELECT intent, first_seq, last_seq FROM answered WHERE command = ?", command
    )
    if row is None:
        return None
    if row[0] != intent:
        return Clash(
            text=Text(
                ru=f"Под обозначением {command} уже выполнена другая команда. Дайте новое.",
                en=f"Another command was carried out under the id {command}. Choose a new one.",
            )
        )
    return Done(events=_events(transaction, row[1], row[2]), again=True)
