"""An open ledger for tests, and short ways to command it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from domain.carrier import Maker
from ledger.books import Books
from ledger.carry_out import Done, Outcome, carry_out
from ledger.guards import Refusal
from ledger.intentions import (
    AdmitPerson,
    Command,
    Issue,
    RegisterCarrier,
    RegisterKeyDocument,
    RegisterPerson,
)
from ledger.store import SqliteStore

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Desk:
    """A store at the instant ``now``, with nobody but the test at the desk."""

    def __init__(self, path: Path, now: datetime = NOW) -> None:
        self.now = now
        self.store = SqliteStore(path, clock=lambda: int(self.now.timestamp() * 1e9))

    def give(self, command: Command) -> Outcome:
        return self.store.write(
            lambda transaction: carry_out(transaction, command, who="test", source="test")
        )

    def do(self, command: Command) -> Done:
        """Give a command that must not be refused."""
        outcome = self.give(command)
        assert isinstance(outcome, Done), outcome
        return outcome

    def refused(self, command: Command) -> Refusal:
        """Give a command that must be refused, and must leave no trace."""
        before = self.events()
        outcome = self.give(command)
        assert isinstance(outcome, Refusal), outcome
        assert self.events() == before
        return outcome

    def books(self, read: Callable[[Books], object]) -> object:
        return self.store.read(lambda reading: read(Books(reading, NOW)))

    def events(self) -> int:
        row = self.store.read(lambda reading: reading.one("SELECT count(*) FROM events"))
        assert row is not None
        return int(row[0])


def person(name: str = "Иванова И. И.") -> RegisterPerson:
    return RegisterPerson(name=name)


def admission(number: int = 1, date: str = "2026-01-12") -> AdmitPerson:
    return AdmitPerson(person=number, order_number="1-П", order_date=date)


def carrier(serial: str = "35640ABC") -> RegisterCarrier:
    return RegisterCarrier(maker=Maker.RUTOKEN, model="Rutoken ECP", serial=serial)


def writing(carrier_number: int = 1, key_not_after: str = "") -> RegisterKeyDocument:
    return RegisterKeyDocument(carrier=carrier_number, key_not_after=key_not_after)


def issue(document: str = "КН-0001", to: int = 1, happened: str = "") -> Issue:
    return Issue(document=document, person=to, receipt="расписка 1", happened=happened)
