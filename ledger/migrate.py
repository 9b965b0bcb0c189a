"""Numbered migrations: each is one SQL file, applied once, in one transaction.

A file is never changed after it was released; a change of the tables is a further file.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from importlib.resources import files

from domain.errors import Wrong
from domain.text import Text


def bring_up_to_date(connection: sqlite3.Connection) -> None:
    """Apply every migration that the database lacks.

    Raises Wrong where the database has one that this program does not know.
    """
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL)"
    )
    known = _known()
    _refuse_newer(connection, known)
    for number, name, script in known:
        _apply(connection, number, name, script)


def _known() -> list[tuple[int, str, str]]:
    folder = files("ledger") / "migrations"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return sorted((int(entry.name[:4]), entry.name, entry.read_text("utf-8")) for entry in found)


def _refuse_newer(connection: sqlite3.Connection, known: list[tuple[int, str, str]]) -> None:
    names = {name for _, name, _ in known}
    for (name,) in connection.execute("SELECT name FROM migrations ORDER BY number"):
        if name not in names:
            raise Wrong(
                Text(
                    ru=f"База учёта новее программы: в ней есть изменение {name}. "
                    "Обновите klyuchar.",
                    en=f"The ledger's database is newer than the program: it has {name}. "
                    "Update klyuchar.",
                )
            )


def _apply(connection: sqlite3.Connection, number: int, name: str, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = connection.execute("SELECT 1 FROM migrations WHERE number = ?", (number,))
        if done.fetchone() is None:
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute("INSERT INTO migrations VALUES (?, ?)", (number, name))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _statements(script: str) -> Iterator[str]:
    """One statement at a time: ``executescript`` would commit before it begins."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
