"""The settings of the ledger: the table [ledger] of klyuchar.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from domain.errors import Wrong
from domain.loopback import is_this_machine
from domain.settings import Faults, fill, read, whole_number
from domain.text import Text
from ledger.books import DEFAULT_NUMBER

DEFAULT_PATH = "/etc/klyuchar/klyuchar.toml"
MOST_PORT = (1 << 16) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The SMTP server and the responsible user's address. TLS is not a matter of choice:
    ``tls`` begins with it, ``starttls`` upgrades where ``tls`` is off, and one of the two is on."""

    to: str
    sender: str
    host: str
    port: int = whole_number(587, 1, MOST_PORT)
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
    """The ledger's table in ``path``. Raises Unfit, naming the file and what is wrong with it."""
    whose = Text(ru="Настройки журнала учёта в", en="The ledger's settings in")
    return read(path, _settings, whose)


def _settings(document: dict[str, Any]) -> LedgerSettings:
    table, faults = document.get("ledger"), Faults()
    untold = dict(table) if isinstance(table, dict) else table
    mail_table = untold.pop("mail", None) if isinstance(untold, dict) else None
    mail = None
    with faults:
        if mail_table is not None:
            mail = fill(MailSettings, mail_table, "[ledger.mail]")
            _expect_sendable(mail)
    with faults:
        settings = fill(LedgerSettings, untold, "[ledger]", mail=mail)
        with faults:
            _expect_template(settings.number)
        _expect_private_line(settings)
    faults.tell()
    return settings


def _expect_template(number: str) -> None:
    try:
        counts = number.format(1) != number.format(2)
    except (IndexError, KeyError, ValueError):
        counts = False
    if not counts:
        raise Wrong(
            Text(
                ru=f"[ledger] number = {number!r}: нужно место для номера, например КН-{{:04d}}",
                en=f"[ledger] number = {number!r}: a place for the ordinal is needed, such as "
                "КН-{:04d}",
            )
        )


def _expect_private_line(settings: LedgerSettings) -> None:
    """Workstations on other machines are only ever reached by TLS."""
    place = address(settings.listen)
    if bool(settings.certificate) != bool(settings.certificate_key):
        raise Wrong(
            Text(
                ru="[ledger]: certificate и certificate_key нужны оба",
                en="[ledger]: certificate and certificate_key are needed both",
            )
        )
    if place and not settings.certificate and not is_this_machine(place[0]):
        raise Wrong(
            Text(
                ru=f"[ledger] listen = {settings.listen!r}: для других компьютеров нужен TLS, "
                "укажите certificate и certificate_key",
                en=f"[ledger] listen = {settings.listen!r}: other machines are reached by TLS "
                "only, set certificate and certificate_key",
            )
        )


def _expect_sendable(mail: MailSettings) -> None:
    if not (mail.starttls or mail.tls):
        raise Wrong(
            Text(
                ru="[ledger.mail]: письма отправляются только по TLS, включите starttls или tls",
                en="[ledger.mail]: mail is sent by TLS only, turn starttls or tls on",
            )
        )
    if bool(mail.username) != bool(mail.password_file):
        raise Wrong(
            Text(
                ru="[ledger.mail]: username и password_file нужны оба или ни одного",
                en="[ledger.mail]: username and password_file are needed both, or neither",
            )
        )
    for name, value in (("to", mail.to), ("sender", mail.sender)):
        if not re.fullmatch(r"[!-~]+@[!-~]+", value):
            raise Wrong(
                Text(
                    ru=f"[ledger.mail] {name} = {value!r}: ожидается адрес, имя@сервер латиницей",
                    en=f"[ledger.mail] {name} = {value!r}: expected an address, name@server in "
                    "ASCII",
                )
            )


def address(listen: str) -> tuple[str, int] | None:
    """Host and port of ``listen``, None where it is empty. Raises Wrong for anything else."""
    if not listen:
        return None
    host, colon, port = listen.rpartition(":")
    if not (colon and host and port.isascii() and port.isdecimal()):
        raise Wrong(
            Text(
                ru=f"[ledger] listen = {listen!r}: ожидается адрес:порт",
                en=f"[ledger] listen = {listen!r}: expected address:port",
            )
        )
    if not 0 < int(port) <= MOST_PORT:
        raise Wrong(
            Text(
                ru=f"[ledger] listen = {listen!r}: порт — число от 1 до {MOST_PORT}",
                en=f"[ledger] listen = {listen!r}: a port is a number from 1 to {MOST_PORT}",
            )
        )
    return host.strip("[]"), int(port)
