"""A ledger of an earlier program is brought up to date: its books are what its events say."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from journal.record import GENESIS, Head, link
from ledger import migrate
from ledger.books import Books
from ledger.projections import rebuild
from ledger.store import SqliteStore
from tests.ledger.test_rebuild import _all_tables

_CASE = {"workstation": 1, "severity": "deny", "what": "unknown-carrier", "subject": "a"}


def earlier_ledger(path: Path, *, migrations: int) -> None:
    """A ledger with two cases, one mailed and one not, as the program with so many migrations
    left it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("CREATE TABLE migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)")
    for number, name, script in migrate._known()[:migrations]:
        migrate._apply(connection, number, name, script)
    head = GENESIS
    for at, (name, fact) in enumerate(
        [
            ("CaseOpened", {"case": 1, **_CASE}),
            ("MailDelivered", {"case": 1, "message_id": "<case-1@klyuchar.invalid>"}),
            ("CaseOpened", {"case": 2, **_CASE, "subject": "б"}),
        ]
    ):
        origin = {"command": "", "ground": "", "happened": "2026-11-24", "intent": ""}
        body = {"fact": fact, "origin": origin | {"source": "t", "who": "t"}}
        line = link(
            head,
            time_ns=1_795_000_000_000_000_000 + at,
            boot="b",
            host="h",
            name=name,
            version=1,
            body=body,
        )
        connection.execute("INSERT INTO events VALUES (?, ?)", (line.seq, line.raw))
        head = Head(seq=line.seq, digest=line.digest)
    connection.execute(
        "INSERT INTO cases (number, workstation, severity, what, subject, opened, mailed) VALUES "
        "(1, 1, 'deny', 'unknown-carrier', 'a', 1, '<case-1@klyuchar.invalid>'), "
        "(2, 1, 'deny', 'unknown-carrier', 'б', 3, '')"
    )
    connection.close()


def test_cases_and_mail_of_the_program_before_reminders(tmp_path: Path) -> None:
    file = tmp_path / "ledger.sqlite3"
    earlier_ledger(file, migrations=3)
    store = SqliteStore(file)
    before = store.read(_all_tables)
    (letter,) = store.read(lambda reading: Books(reading).letters())
    opened = [case.opened_at for case in store.read(lambda reading: Books(reading).cases())]
    store.write(rebuild)
    assert store.read(_all_tables) == before
    store.close()
    assert (letter.case, letter.repetition, letter.delivered) == (1, 1, True)
    assert all(at.startswith("2026-11-") for at in opened)
