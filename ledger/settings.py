"""The settings of the ledger: the table [ledger] of klyuchar.toml."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import Wrong
from domain.text import Text
from ledger.books import DEFAULT_NUMBER

DEFAULT_PATH = "/etc/klyuchar/klyuchar.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The SMTP server and the responsible user's address. TLS is not a matter of choice:
    ``starttls`` upgrades, ``tls`` begins with it, and one of the two is on."""

    to: str
    sender: str
    host: str
    port: int = 587
    starttls: bool = True
    tls: bool = False
    username: str = ""
    password_file: str = ""
    ca_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """What the ledger needs.

    ``state`` holds the database and the signing key. ``socket`` is the officer's (the responsible
    user's) way in, readable and writable by owner and group only; ``listen`` is "address:port"
    for workstations, empty: none, with ``certificate`` and ``certificate_key`` files for TLS.
    ``organisation`` names whose ledger it is when it is first opened. ``number`` is the template
    of account numbers (clause 3.4), with one place for the ordinal.
    """

    state: Path
    socket: str
    listen: str = ""
    certificate: str = ""
    certificate_key: str = ""
    organisation: str = ""
    number: str = DEFAULT_NUMBER
    mail: MailSettings | None = None

    @property
    def database(self) -> Path:
        return self.state / "ledger.sqlite3"

    @property
    def key(self) -> Path:
        return self.state / "key"


def load(path: str | Path) -> LedgerSettings:
    """The ledger's table in ``path``. Raises Wrong, naming the file and what is wrong with it."""
    try:
        with open(path, "rb") as file:
            return _settings(tomllib.load(file))
    except (OSError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        reason = f"нет [{error}]" if isinstance(error, KeyError) else str(error)
        raise Wrong(
            Text(
                ru=f"Настройки журнала учёта в {path} не прочитаны: {reason}. Исправьте файл или "
                "укажите другой: klyuchar --settings ФАЙЛ.",
                en=f"The ledger's settings in {path} could not be read: {reason}. Mend the file "
                "or name another: klyuchar --settings FILE.",
            )
        ) from error


def _settings(document: dict[str, Any]) -> LedgerSettings:
    ledger = dict(document["ledger"])
    mail = ledger.pop("mail", None)
    settings = LedgerSettings(
        state=Path(ledger.pop("state")), mail=MailSettings(**mail) if mail else None, **ledger
    )
    if settings.number.format(1) == settings.number.format(2):
        raise ValueError(
            f"number = {settings.number!r}: нужно место для номера, например КН-{{:04d}}"
        )
    address(settings.listen)
    return settings


def address(listen: str) -> tuple[str, int] | None:
    """Host and port of ``listen``, None where it is empty. Raises ValueError for anything else."""
    if not listen:
        return None
    host, colon, port = listen.rpartition(":")
    if not colon or not port.isdecimal():
        raise ValueError(f"listen = {listen!r}: адрес:порт (address:port)")
    return host.strip("[]"), int(port)
