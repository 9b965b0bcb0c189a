"""A table of a settings file becomes a frozen value: unknown names and wrong values are named.

A misspelled setting must never be a setting that silently has its default. What is wrong is told
all at once. Every message about a setting begins with its table and its name, as "[agent] host":
that is what a person looks for, and what its line is found by.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, field, fields
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar, get_type_hints

from domain.because import because
from domain.errors import Wrong
from domain.text import Text

T = TypeVar("T")

TABLES = ("agent", "courier", "ledger")
"""Every table that klyuchar.toml may have."""

_PLACE = re.compile(r"at line (\d+), column (\d+)")
_SPOKEN_OF = re.compile(r"\[([a-z._]+)\] ?([a-z_]*)")
_HEADING = re.compile(r"\s*\[\s*([\w.-]+)\s*\]")
_KEY = re.compile(r"\s*\"?([\w-]+)\"?\s*=")
_RANGE = "range"

_KINDS: dict[Any, tuple[type, Text]] = {
    str: (str, Text(ru="строка в кавычках", en="a string in quotes")),
    Path: (str, Text(ru="путь в кавычках", en="a path in quotes")),
    int: (int, Text(ru="целое число", en="a whole number")),
    bool: (bool, Text(ru="true или false", en="true or false")),
    tuple[str, ...]: (list, Text(ru="список строк", en="a list of strings")),
}


class Unfit(Wrong):
    """A settings file is wrong: ``faults`` are all the things that are, as far as can be told."""

    def __init__(self, text: Text, faults: tuple[Text, ...]) -> None:
        super().__init__(text)
        self.faults = faults


class Faults:
    """Gathers what is wrong: within ``with``, what is raised as Wrong is noted, and all goes on."""

    def __init__(self) -> None:
        self._noted: list[Text] = []

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Wrong):
            return False
        self._noted += error.faults if isinstance(error, Unfit) else [error.text]
        return True

    def tell(self) -> None:
        """Raise Unfit where anything was noted."""
        if self._noted:
            raise Unfit(_joined(self._noted), tuple(self._noted))


def whole_number(default: int, least: int, most: int) -> Any:
    """A setting that is a whole number from ``least`` to ``most``, both included."""
    return field(default=default, metadata={_RANGE: (least, most)})


def range_of(setting: Field[Any]) -> tuple[int, int] | None:
    """What a setting made by `whole_number` may be; None for all others."""
    return setting.metadata.get(_RANGE)


def read(path: str | Path, made: Callable[[dict[str, Any]], T], whose: Text) -> T:
    """What ``made`` makes of the file at ``path``. Raises Unfit, naming the file with what is wrong
    in which line of it; ``whose`` says whose settings these are."""
    content = ""
    try:
        content = Path(path).read_bytes().decode()
        document = tomllib.loads(content)
        _expect_tables(document)
        return made(document)
    except Unfit as error:
        faults = error.faults
    except Wrong as error:
        faults = (error.text,)
    except (OSError, ValueError) as error:
        faults = (unreadable(error),)
    faults = tuple(located(fault, content) for fault in faults)
    told = _joined(list(faults))
    raise Unfit(
        Text(
            ru=f"{whose.ru} {path} не прочитаны: {told.ru}. Исправьте файл или укажите другой: "
            "klyuchar --settings ФАЙЛ.",
            en=f"{whose.en} {path} could not be read: {told.en}. Mend the file or name another: "
            "klyuchar --settings FILE.",
        ),
        faults,
    )


def fill(kind: type[T], table: object, where: str, **given: object) -> T:
    """The dataclass ``kind`` from the table called ``where`` (such as "[agent]").

    ``given`` are members that don't come from the table under their own name. Raises Unfit, naming
    every setting with what is wrong with it.
    """
    if not isinstance(table, Mapping):
        raise Wrong(Text(ru=f"нет таблицы {where}", en=f"there is no table {where}"))
    hints = get_type_hints(kind)
    named = {field.name: field for field in fields(kind) if field.name not in given}  # type: ignore[arg-type]
    faults, taken = Faults(), dict[str, object]()
    for name, value in table.items():
        with faults:
            if name not in named:
                raise _unknown(f"{where} {name}", name, list(named))
            taken[name] = _value(hints[name], value, f"{where} {name}", range_of(named[name]))
    for name, setting in named.items():
        with faults:
            if name not in table and setting.default is MISSING:
                raise Wrong(
                    Text(ru=f"{where}: не хватает {name}", en=f"{where}: {name} is missing")
                )
    faults.tell()
    return kind(**taken, **given)


def located(fault: Text, content: str) -> Text:
    """The fault with the line of the setting that it begins with, where ``content`` has one."""
    found = _SPOKEN_OF.match(fault.ru)
    line = _line_of(content, found[1], found[2]) if found else 0
    if not line:
        return fault
    return Text(ru=f"строка {line}, {fault.ru}", en=f"line {line}, {fault.en}")


def _expect_tables(document: dict[str, Any]) -> None:
    faults = Faults()
    for name, value in document.items():
        with faults:
            if name not in TABLES:
                where = f"[{name}]" if isinstance(value, dict) else name
                raise _unknown(where, name, list(TABLES))
    faults.tell()


def _unknown(where: str, name: str, known: list[str]) -> Wrong:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    ru = f"; возможно, имелось в виду {near[0]}" if near else ""
    en = f"; perhaps {near[0]} was meant" if near else ""
    return Wrong(Text(ru=f"{where}: этого в настройках нет{ru}", en=f"{where}: is no setting{en}"))


def _value(hint: object, value: object, where: str, limits: tuple[int, int] | None) -> object:
    kind, expected = _KINDS[hint]
    fits = type(value) is kind and (not isinstance(value, list) or _are_strings(value))
    if not fits:
        raise Wrong(
            Text(ru=f"{where}: ожидается {expected.ru}", en=f"{where}: expected {expected.en}")
        )
    if limits and isinstance(value, int) and not limits[0] <= value <= limits[1]:
        least, most = limits
        raise Wrong(
            Text(
                ru=f"{where}: {value} нельзя, можно от {least} до {most}",
                en=f"{where}: {value} is out of range, which is {least} to {most}",
            )
        )
    if hint is Path:
        return Path(str(value))
    return tuple(value) if isinstance(value, list) else value


def _are_strings(values: list[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _joined(faults: list[Text]) -> Text:
    return Text(ru="; ".join(each.ru for each in faults), en="; ".join(each.en for each in faults))


def _line_of(content: str, table: str, key: str) -> int:
    """Where ``key`` of ``table`` stands, else where the table begins; 0 where that does not."""
    present, begins = "", 0
    for number, line in enumerate(content.splitlines(), start=1):
        if heading := _HEADING.match(line):
            present = heading[1]
            begins = number if present == table else begins
        elif present == table and (name := _KEY.match(line)) and name[1] == key:
            return number
    return begins


def unreadable(error: OSError | ValueError) -> Text:
    """Why a settings file could not be read as TOML."""
    if isinstance(error, OSError):
        return because(error)
    if isinstance(error, UnicodeDecodeError):
        return Text(ru="это не текст в кодировке UTF-8", en="this is no text in UTF-8")
    place = _PLACE.search(str(error))
    where = f"строка {place[1]}, знак {place[2]}" if place else "конец файла"
    return Text(ru=f"это не TOML, {where}: {error}", en=f"this is not TOML: {error}")
