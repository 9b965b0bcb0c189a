"""The settings of the ledger: the table [ledger] of klyuchar.toml."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from domain.errors import Wrong
from domain.loopback import is_this_machine
from domain.settings import Faults, fill, read, whole_number
from domain.text import Text
from ledger.books import DEFAULT_NUMBER
from ledger.due import Rules
from ledger.events import Role, Severity
from ledger.quiet import DAYS, QuietTimes, hours
from ledger.zone import zone

DEFAULT_PATH = "/etc/klyuchar/klyuchar.toml"
MOST_PORT = (1 << 16) - 1
_LONGEST_HOURS = 8760
"""A year."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The SMTP server, and the addresses of the responsible user (``to``) and their ``deputy``.

    TLS is not a matter of choice: ``tls`` begins with it, ``starttls`` upgrades where ``tls`` is
    off, and one of the two is on.

    A case nobody has taken is told again after ``repeat_hours``, and to the deputy too after
    ``escalate_hours`` (0: never). In quiet times only severities in ``quiet_passes`` disturb:
    ``quiet`` is such as "20:00-08:00", ``quiet_days`` such as "sat".
    """

    to: str
    deputy: str = ""
    sender: str
    host: str
    port: int = whole_number(587, 1, MOST_PORT)
    starttls: bool = True
    tls: bool = False
    username: str = ""
    password_file: str = ""
    ca_file: str = ""
    repeat_hours: int = whole_number(24, 0, _LONGEST_HOURS)
    escalate_hours: int = whole_number(8, 0, _LONGEST_HOURS)
    quiet: str = ""
    quiet_days: tuple[str, ...] = ()
    quiet_passes: tuple[str, ...] = (Severity.ALARM.value,)

    def address(self, role: Role) -> str:
        """Where whoever has ``role`` gets mail, empty where nobody said."""
        return self.to if role is Role.OFFICER else self.deputy


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """What the ledger needs.

    ``state`` holds the database and the signing key. ``socket`` is the officer's (the responsible
    user's) way in, readable and writable by owner and group only; ``listen`` is "address:port"
    for workstations, empty: none, with ``certificate`` and ``certificate_key`` files for TLS.
    ``organisation`` names whose ledger it is when it is first opened. ``number`` is the template
    of account numbers (clause 3.4), with one place for the ordinal. ``time_zone`` is where the
    organisation's day begins and ends, such as "Europe/Moscow"; empty: this machine's.
    """

    state: Path
    socket: str
    listen: str = ""
    certificate: str = ""
    certificate_key: str = ""
    organisation: str = ""
    number: str = DEFAULT_NUMBER
    time_zone: str = ""
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
            with faults:
                _expect_sendable(mail)
            _expect_times(mail)
    with faults:
        settings = fill(LedgerSettings, untold, "[ledger]", mail=mail)
        with faults:
            _expect_template(settings.number)
        with faults:
            zone(settings.time_zone)
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
    given = (("to", mail.to), ("deputy", mail.deputy), ("sender", mail.sender))
    for name, value in given:
        if (value or name != "deputy") and not re.fullmatch(r"[!-~]+@[!-~]+", value):
            raise Wrong(
                Text(
                    ru=f"[ledger.mail] {name} = {value!r}: ожидается адрес, имя@сервер латиницей",
                    en=f"[ledger.mail] {name} = {value!r}: expected an address, name@server in "
                    "ASCII",
                )
            )


def rules(settings: LedgerSettings, mail: MailSettings) -> Rules:
    """When mail is sent, by these settings."""
    begin, end = hours(mail.quiet) or (time.min, time.min)
    return Rules(
        known=frozenset(role for role in Role if mail.address(role)),
        repeat=timedelta(hours=mail.repeat_hours) if mail.repeat_hours else None,
        escalate=timedelta(hours=mail.escalate_hours) if mail.escalate_hours else None,
        quiet=QuietTimes(
            zone=zone(settings.time_zone),
            begin=begin,
            end=end,
            days=frozenset(DAYS.index(day) for day in mail.quiet_days),
        ),
        passing=frozenset(Severity(name) for name in mail.quiet_passes),
    )


def _expect_times(mail: MailSettings) -> None:
    if mail.quiet and hours(mail.quiet) is None:
        raise _wrong_mail("quiet", "ожидается, например, 20:00-08:00", "such as 20:00-08:00")
    for name, known in (("quiet_days", DAYS), ("quiet_passes", tuple(Severity))):
        if not set(getattr(mail, name)) <= set(known):
            raise _wrong_mail(name, f"есть: {', '.join(known)}", f"there are: {', '.join(known)}")
    if len(set(mail.quiet_days)) == len(DAYS):
        raise _wrong_mail("quiet_days", "тихими не могут быть все дни", "not every day is quiet")


def _wrong_mail(name: str, ru: str, en: str) -> Wrong:
    return Wrong(Text(ru=f"[ledger.mail] {name}: {ru}", en=f"[ledger.mail] {name}: {en}"))


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
