"""A table of a settings file becomes a frozen value: unknown names and wrong types are named.

A misspelled setting must never be a setting that silently has its default.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from domain.because import because
from domain.errors import Wrong
from domain.text import Text

T = TypeVar("T")

_PLACE = re.compile(r"at line (\d+), column (\d+)")

_KINDS: dict[Any, tuple[type, Text]] = {
    str: (str, Text(ru="строка в кавычках", en="a string in quotes")),
    Path: (str, Text(ru="путь в кавычках", en="a path in quotes")),
    int: (int, Text(ru="целое число", en="a whole number")),
    bool: (bool, Text(ru="true или false", en="true or false")),
    tuple[str, ...]: (list, Text(ru="список строк", en="a list of strings")),
}


def fill(kind: type[T], table: object, where: str, **given: object) -> T:
    """The dataclass ``kind`` from the table called ``where`` (such as "[agent]").

    ``given`` are members that don't come from the table under their own name. Raises Wrong, naming
    the setting and what is wrong with it.
    """
    if not isinstance(table, Mapping):
        raise Wrong(Text(ru=f"нет таблицы {where}", en=f"there is no table {where}"))
    hints = get_type_hints(kind)
    named = {field.name: field for field in fields(kind) if field.name not in given}  # type: ignore[arg-type]
    for name in table:
        if name not in named:
            raise Wrong(
                Text(
                    ru=f"{where}: нет настройки {name}", en=f"{where}: no setting is called {name}"
                )
            )
    for name, field in named.items():
        if name not in table and field.default is MISSING:
            raise Wrong(Text(ru=f"{where}: не хватает {name}", en=f"{where}: {name} is missing"))
    taken = {name: _value(hints[name], table[name], f"{where} {name}") for name in table}
    return kind(**taken, **given)


def _value(hint: object, value: object, where: str) -> object:
    kind, expected = _KINDS[hint]
    fits = type(value) is kind and (not isinstance(value, list) or _are_strings(value))
    if not fits:
        raise Wrong(
            Text(ru=f"{where}: ожидается {expected.ru}", en=f"{where}: expected {expected.en}")
        )
    if hint is Path:
        return Path(str(value))
    return tuple(value) if isinstance(value, list) else value


def _are_strings(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def unreadable(error: OSError | ValueError) -> Text:
    """Why a settings file could not be read as TOML."""
    if isinstance(error, OSError):
        return because(error)
    if isinstance(error, UnicodeDecodeError):
        return Text(ru="это не текст в кодировке UTF-8", en="this is no text in UTF-8")
    place = _PLACE.search(str(error))
    where = f"строка {place[1]}, знак {place[2]}" if place else "конец файла"
    return Text(ru=f"это не TOML, {where}: {error}", en=f"this is not TOML: {error}")
