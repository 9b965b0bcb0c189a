"""The store: a chain without gaps, all or nothing, nothing changed or deleted."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from domain.errors import CouldNotAsk, Wrong
from journal.digest import sha256
from ledger.store import Reading, SqliteStore, Transaction
from ledger.verify import verify


def _lines(store: SqliteStore) -> list[bytes]:
    return store.read(
        lambda reading: [row[0] for row in reading.each("SELECT line FROM events ORDER BY seq")]
    )


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "ledger.sqlite3")


def test_events_are_chained_by_the_hash_of_the_line_before(store: SqliteStore) -> None:
    for _ in range(3):
        store.write(lambda transaction: transaction.append("Tried", {"fact": {"a": "ключ"}}))
    first, second, third = _lines(store)
    assert json.loads(first)["prev"] == "0" * 64
    assert json.loads(second)["prev"] == sha256(first).hex()
    assert json.loads(third)["prev"] == sha256(second).hex()
    assert [json.loads(line)["seq"] for line in (first, second, third)] == [1, 2, 3]


def test_several_events_of_one_transaction_follow_each_other(store: SqliteStore) -> None:
    def work(transaction: Transaction) -> None:
        for _ in range(3):
            transaction.append("Tried", {})

    store.write(work)
    assert verify(_lines(store)).head.seq == 3


def test_what_raises_leaves_nothing_behind(store: SqliteStore) -> None:
    def fails(transaction: Transaction) -> None:
        transaction.append("Tried", {})
        transaction.run("INSERT INTO people VALUES (1, 'Иванова И. И.', '', '')")
        raise KeyError

    with pytest.raises(KeyError):
        store.write(fails)
    assert _lines(store) == []
    assert store.read(lambda reading: reading.all("SELECT * FROM people")) == []
    store.write(lambda transaction: transaction.append("Tried", {}))
    assert verify(_lines(store)).head.seq == 1


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET line = x'00' WHERE seq = 1",
        "DELETE FROM events WHERE seq = 2",
        "INSERT OR REPLACE INTO events VALUES (1, x'00')",
        "INSERT INTO events VALUES (4, x'00')",
        "INSERT INTO events VALUES (0, x'00')",
    ],
)
def test_the_database_itself_refuses_to_rewrite_events(store: SqliteStore, sql: str) -> None:
    for _ in range(2):
        store.write(lambda transaction: transaction.append("Tried", {}))
    before = _lines(store)
    with pytest.raises(sqlite3.IntegrityError):
        store.write(lambda transaction: transaction.run(sql))
    assert _lines(store) == before


def test_a_reader_cannot_write(store: SqliteStore) -> None:
    with pytest.raises(CouldNotAsk):
        store.read(lambda reading: reading.all("INSERT INTO people VALUES (1, '', '', '')"))


def test_a_reader_sees_one_state_while_the_writer_goes_on(store: SqliteStore) -> None:
    count = "SELECT count(*) FROM events"

    def work(reading: Reading) -> tuple[object, object]:
        before = reading.one(count)
        store.write(lambda transaction: transaction.append("Tried", {}))
        return before, reading.one(count)

    before, after = store.read(work)
    assert before == after == (0,)
    assert store.read(lambda reading: reading.one(count)) == (1,)


def test_a_database_newer_than_the_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    SqliteStore(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO migrations VALUES (9999, '9999_from_the_future.sql')")
    connection.close()
    with pytest.raises(Wrong, match="9999_from_the_future"):
        SqliteStore(path)


def test_opening_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    first = SqliteStore(path)
    first.write(lambda transaction: transaction.append("Tried", {}))
    lines = _lines(first)
    first.close()
    assert _lines(SqliteStore(path)) == lines


def test_a_file_that_is_no_database_is_not_opened(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(Wrong, match="not a database"):
        SqliteStore(path)


def test_only_the_owner_can_read_the_database(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    store = SqliteStore(path)
    store.write(lambda transaction: transaction.append("Tried", {}))
    modes = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    assert modes == {0o600}
    store.close()


def test_writers_in_several_threads_and_stores_leave_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    stores = [SqliteStore(path), SqliteStore(path)]

    def write_some(store: SqliteStore) -> None:
        for _ in range(25):
            store.write(lambda transaction: transaction.append("Tried", {}))

    threads = [threading.Thread(target=write_some, args=(store,)) for store in stores * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    report = verify(_lines(stores[0]))
    assert report.broken is None
    assert report.head.seq == 100
