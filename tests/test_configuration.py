"""The file of settings that the package brings, and the program's own: they don't differ."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

import pytest

from agent.settings import AgentSettings, CourierSettings
from domain.settings import range_of
from ledger.settings import LedgerSettings, MailSettings

CONFIGURATION = Path(__file__).parents[1] / "debian" / "klyuchar.toml"
TABLES: dict[str, tuple[type[Any], set[str]]] = {
    "agent": (AgentSettings, {"inbox", "demo_socket", "demo_tokens"}),
    "courier": (CourierSettings, {"journal"}),
    "ledger": (LedgerSettings, {"mail"}),
    "ledger.mail": (MailSettings, set()),
}
"""What each table becomes, and the members that are no settings of an administrator."""


def settings() -> Iterator[tuple[str, Field[Any]]]:
    for table, (kind, others) in TABLES.items():
        yield from ((table, each) for each in fields(kind) if each.name not in others)


def named(pair: tuple[str, Field[Any]]) -> str:
    return f"{pair[0]}.{pair[1].name}"


def lines(table: str) -> list[str]:
    """The lines of one table, its heading left out."""
    parts = re.split(r"^(?:# )?\[([\w.]+)\]$", CONFIGURATION.read_text(), flags=re.MULTILINE)
    return parts[parts.index(table) + 1].splitlines()


def place(table: str, name: str) -> int:
    """Where the setting stands: once, at its default or as it is set."""
    found = [at for at, line in enumerate(lines(table)) if re.match(rf"(# )?{name} = ", line)]
    assert len(found) == 1, f"[{table}] {name} stands {len(found)} times"
    return found[0]


def comment(table: str, name: str) -> str:
    """What is said above the setting, over its neighbours with which it shares that."""
    at, told = place(table, name) - 1, list[str]()
    while at > 0 and re.match(r"(# )?\w+ = ", lines(table)[at]):
        at -= 1
    while at > 0 and re.match(r"# (?!\w+ = )", lines(table)[at]):
        told.insert(0, lines(table)[at].removeprefix("# "))
        at -= 1
    return " ".join(told)


def test_all_tables_stand_there_and_no_other() -> None:
    headings = re.findall(r"^(?:# )?\[([\w.]+)\]$", CONFIGURATION.read_text(), re.MULTILINE)
    assert headings == list(TABLES)


@pytest.mark.parametrize("pair", list(settings()), ids=named)
def test_every_setting_is_explained(pair: tuple[str, Field[Any]]) -> None:
    table, setting = pair
    assert re.search("[а-яё]{3}", comment(table, setting.name))


@pytest.mark.parametrize("pair", list(settings()), ids=named)
def test_what_is_commented_out_is_the_default(pair: tuple[str, Field[Any]]) -> None:
    table, setting = pair
    line = lines(table)[place(table, setting.name)]
    if setting.default is MISSING:
        return
    value = tomllib.loads(line.removeprefix("# "))[setting.name]
    value = tuple(value) if isinstance(value, list) else value
    value = Path(value) if isinstance(setting.default, Path) else value
    if line.startswith("#"):
        assert value == setting.default
    else:
        assert value != setting.default, "what is the default is commented out"


@pytest.mark.parametrize("pair", list(settings()), ids=named)
def test_the_range_that_is_told_is_the_one_that_is_kept(pair: tuple[str, Field[Any]]) -> None:
    table, setting = pair
    told = re.search(r"от (\d+)(?: \(\w+\))? до (\d+)", comment(table, setting.name))
    kept = range_of(setting)
    assert (kept is not None) == (setting.type == "int"), "every number has a range"
    if kept:
        assert told
        assert (int(told[1]), int(told[2])) == kept


@pytest.mark.parametrize("table", list(TABLES))
def test_nothing_else_stands_there(table: str) -> None:
    """Examples, three spaces further in, name settings too."""
    known = {setting.name for where, setting in settings() if where == table}
    assert set(re.findall(r"^(?:# {1,3})?(\w+) = ", "\n".join(lines(table)), re.M)) <= known
