"""One PKCS#11 module a file: what an administrator lays into modules.d.

A file that is wrong is refused by itself, with its line; the others and the agent go on.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.carrier import Maker
from domain.errors import Wrong
from domain.settings import fill, unreadable, whole_number
from domain.text import Text
from drivers.modules import replaceable

MOST_BYTES = 64 << 10
LONGEST_DEADLINE_S = 120
RESERVED = frozenset({"bus", "inventory", "ledger", "pcscd", "storage", "udev"})
"""What else the agent may not see: a module of that name would be taken for it."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class DropIn:
    """What one file says. ``path``, ``general`` and ``deadline_s`` are None where it does not say;
    ``disabled`` switches the module of this name off."""

    file: str
    name: str
    path: str | None
    maker: Maker | None
    general: bool | None
    deadline_s: int | None
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Keys:
    name: str = ""
    path: str = ""
    maker: str = ""
    general: bool = False
    deadline_s: int = whole_number(5, 1, LONGEST_DEADLINE_S)
    disabled: bool = False


def read(file: Path) -> DropIn:
    """The drop-in in ``file``. Raises Wrong, naming the file, the line and what is wrong there."""
    try:
        untrusted = _content(file)
        table = tomllib.loads(untrusted)
    except (OSError, ValueError) as error:
        why = unreadable(error)
        raise Wrong(Text(ru=f"{file}: {why.ru}", en=f"{file}: {why.en}")) from error
    return _checked(file, untrusted, table)


def _content(file: Path) -> str:
    if weak := replaceable(str(file)):
        raise Wrong(
            Text(
                ru=f"{file}: изменить его может не только администратор ({weak})",
                en=f"{file}: not only the administrator may change it ({weak})",
            )
        )
    with file.open("rb") as opened:
        return opened.read(MOST_BYTES).decode()


def _checked(file: Path, text: str, table: dict[str, Any]) -> DropIn:
    def wrong(key: str, ru: str, en: str) -> Wrong:
        where = f"{file}:{_line_of(key, text)}"
        return Wrong(Text(ru=f"{where}: {ru}", en=f"{where}: {en}"))

    for key, value in table.items():
        fill(_Keys, {key: value}, f"{file}:{_line_of(key, text)}")
    keys = fill(_Keys, table, str(file))
    if not _NAME.fullmatch(keys.name) or keys.name in RESERVED:
        raise wrong(
            "name",
            "name: нужно имя из строчных латинских букв, цифр и знаков . _ -, до 32 знаков, кроме "
            + ", ".join(sorted(RESERVED)),
            "name: a name of lower-case letters, digits and . _ - is needed, up to 32 characters, "
            "but none of " + ", ".join(sorted(RESERVED)),
        )
    if keys.path and not keys.path.startswith("/"):
        raise wrong("path", "path: нужен полный путь", "path: a full path is needed")
    if keys.maker and keys.maker not in list(Maker):
        makers = ", ".join(Maker)
        raise wrong("maker", f"maker: одно из {makers}", f"maker: one of {makers}")
    return DropIn(
        file=str(file),
        name=keys.name,
        path=keys.path or None,
        maker=Maker(keys.maker) if keys.maker else None,
        general=keys.general if "general" in table else None,
        deadline_s=keys.deadline_s if "deadline_s" in table else None,
        disabled=keys.disabled,
    )


def _line_of(key: str, text: str) -> int:
    """Where the key stands; 1 where it is not written at the beginning of a line."""
    for number, line in enumerate(text.splitlines(), start=1):
        written = line.strip().lstrip("[").lstrip("\"'")
        if re.match(rf"{re.escape(key)}[\"']?\s*[=.\]]", written):
            return number
    return 1
