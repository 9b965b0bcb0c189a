"""The ledger's storage: a small interface, and SQLite behind it.

Commands, books and everything else see `Reading` and `Transaction` only, with SQL that every
engine speaks (``?`` for values), so that another engine can stand behind the same `Store`.

The chain of events has no gaps because a transaction takes the writer's lock first, then reads
the head, then appends: the steps of one transaction in this order, on every engine.
"""

from __future__ import annotations

import os
import queue
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.digest import sha256
from journal.record import GENESIS, Head, Line, link
from ledger import migrate

T = TypeVar("T")
Row = tuple[Any, ...]
Value = str | int | bytes | None


class Reading(Protocol):
    """One consistent state of the ledger, to read from."""

    def one(self, sql: str, *values: Value) -> Row | None:
        """The first row, None where there is none."""

    def all(self, sql: str, *values: Value) -> list[Row]:
        """Every row."""

    def each(self, sql: str, *values: Value) -> Iterator[Row]:
        """Every row, one at a time: for results that should not stand in memory at once."""


class Transaction(Reading, Protocol):
    """The writer's transaction: all of it becomes durable, or none."""

    @property
    def now_ns(self) -> int:
        """When the transaction began: the recorded time of everything in it, ns since 1970."""

    @property
    def head(self) -> Head:
        """The last event of the chain as this transaction sees it."""

    def run(self, sql: str, *values: Value) -> int:
        """Change rows; how many were."""

    def many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        """The same change once for each of ``rows``."""

    def append(self, name: str, body: object, version: int = 1) -> Line:
        """Append one event to the chain. ``body`` is plain JSON (`domain.canonical.plain`)."""


class Store(Protocol):
    """Where the ledger's events and books are kept. Safe to use from several threads."""

    def write(self, work: Callable[[Transaction], T]) -> T:
        """Do ``work`` in one durable transaction; whatever it raises undoes all of it.

        Raises CouldNotAsk where the storage fails, Wrong where it is damaged: nothing was written
        then.
        """

    def read(self, work: Callable[[Reading], T]) -> T:
        """Do ``work`` on one consistent state."""

    def close(self) -> None:
        """Let go of the storage; nothing is lost by not calling it."""


class _SqliteReading:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def one(self, sql: str, *values: Value) -> Row | None:
        row: Row | None = self._connection.execute(sql, values).fetchone()
        return row

    def all(self, sql: str, *values: Value) -> list[Row]:
        return self._connection.execute(sql, values).fetchall()

    def each(self, sql: str, *values: Value) -> Iterator[Row]:
        return iter(self._connection.execute(sql, values))


class _SqliteTransaction(_SqliteReading):
    def __init__(self, connection: sqlite3.Connection, now_ns: int, boot: str, host: str) -> None:
        super().__init__(connection)
        self.now_ns = now_ns
        self._boot = boot
        self._host = host
        last = self.one("SELECT seq, line FROM events ORDER BY seq DESC LIMIT 1")
        self.head = Head(seq=last[0], digest=sha256(last[1])) if last else GENESIS

    def run(self, sql: str, *values: Value) -> int:
        return self._connection.execute(sql, values).rowcount

    def many(self, sql: str, rows: Iterable[tuple[Value, ...]]) -> None:
        self._connection.executemany(sql, rows)

    def append(self, name: str, body: object, version: int = 1) -> Line:
        line = link(
            self.head,
            time_ns=self.now_ns,
            boot=self._boot,
            host=self._host,
            name=name,
            version=version,
            body=body,
        )
        self.run("INSERT INTO events (seq, line) VALUES (?, ?)", line.seq, line.raw)
        self.head = Head(seq=line.seq, digest=line.digest)
        return line


class SqliteStore:
    """`Store` in one SQLite file: write-ahead log, a flush to disk at every commit."""

    def __init__(self, path: Path, clock: Callable[[], int] = time.time_ns) -> None:
        """Open or create ``path`` (readable by its owner only) and bring it up to date.

        Raises Wrong where it is damaged or was written by a newer program, CouldNotAsk where it
        can't be opened.
        """
        self._path = path
        self._clock = clock
        self._boot = _boot_id()
        self._host = socket.gethostname()
        self._lock = threading.Lock()
        self._readers: queue.SimpleQueue[sqlite3.Connection] = queue.SimpleQueue()
        with _storage_errors():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._writer = self._connect()
            migrate.bring_up_to_date(self._writer)

    def write(self, work: Callable[[Transaction], T]) -> T:
        with self._lock, _storage_errors():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                transaction = _SqliteTransaction(
                    self._writer, self._clock(), self._boot, self._host
                )
                result = work(transaction)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            return result

    def read(self, work: Callable[[Reading], T]) -> T:
        with _storage_errors(), self._reader() as connection:
            connection.execute("BEGIN")
            try:
                return work(_SqliteReading(connection))
            finally:
                connection.execute("ROLLBACK")

    def close(self) -> None:
        with self._lock:
            self._writer.close()
        while not self._readers.empty():
            self._readers.get().close()

    @contextmanager
    def _reader(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._readers.get_nowait()
        except queue.Empty:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
        try:
            yield connection
        finally:
            self._readers.put(connection)

    def _connect(self) -> sqlite3.Connection:
        # Connections move between threads, one thread at a time: the lock and the queue see to it.
        connection = sqlite3.connect(
            self._path, timeout=10.0, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # Without this INSERT OR REPLACE would delete a row behind the triggers' back.
        connection.execute("PRAGMA recursive_triggers = ON")
        return connection


@contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except (sqlite3.OperationalError, OSError) as error:
        raise CouldNotAsk(
            Text(
                ru=f"Хранилище учёта недоступно: {error}. Проверьте место на диске и права, "
                "затем повторите.",
                en=f"The ledger's storage is unavailable: {error}. Check disk space and "
                "permissions, then try again.",
            )
        ) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise  # a constraint held: a fault of ours, and no matter of the file
        raise Wrong(
            Text(
                ru=f"База учёта повреждена или это не она: {error}. Восстановите её из резервной "
                "копии.",
                en=f"The ledger's database is damaged or is none: {error}. Restore it from a "
                "backup.",
            )
        ) from error


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
