"""Which person, carrier, serial or time is meant: asked about where it is not plain."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path
from typing import Any

from cli.ask import choose
from cli.dates import in_order
from cli.ledger_client import LedgerClient
from cli.ledger_words import MAKERS
from domain.because import because
from domain.carrier import Carrier, Maker
from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.digest import sha256
from ledger.serials import meanings

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)


def person_number(client: LedgerClient, typed: str, language: str) -> int:
    """The number of the person meant by a number or a part of the name."""
    if typed.isdecimal():
        return int(typed)
    people = [row for row in client.get("/v1/people") if typed.lower() in row["name"].lower()]
    if not people:
        raise Wrong(
            Text(
                ru=f"Никого с именем «{typed}» нет. Список: klyuchar ledger person list.",
                en=f'Nobody is called "{typed}". See: klyuchar ledger person list.',
            )
        )
    named = [Text(ru=_person(row), en=_person(row)) for row in people]
    question = Text(ru=f"«{typed}» — кто из них?", en=f'Who is meant by "{typed}"?')
    chosen = 0
    if len(people) > 1:
        chosen = choose(question, named, language, missing=f"--person № ({_either(named).ru})")
    number: int = people[chosen]["person"]
    return number


def _person(row: Mapping[str, Any]) -> str:
    return ", ".join(filter(None, (f"№ {row['person']} {row['name']}", row["post"], row["unit"])))


def _either(choices: Sequence[Text]) -> Text:
    return Text(ru="; ".join(c.ru for c in choices), en="; ".join(c.en for c in choices))


def carrier_number(client: LedgerClient, typed: str, language: str) -> int:
    """The number of the carrier meant by «№ 3», "3" or a serial.

    Digits that have two readings as a serial are asked about even where only one of them is
    known: the other may be a carrier that was never registered.
    """
    plain = typed.removeprefix("№").strip()
    if plain.isdecimal() and len(plain) < 6:
        return int(plain)
    told = client.get("/v1/carriers", serial=typed)
    carriers = told["carriers"]
    if not carriers:
        raise Wrong(
            Text(
                ru=f"Носителя «{typed}» в журнале нет. Внесите его: klyuchar ledger carrier add.",
                en=f'No carrier "{typed}" in the ledger. Register it: klyuchar ledger carrier add.',
            )
        )
    chosen = 0
    if told["ambiguous"] or len(carriers) > 1:
        named = [_carrier(row) for row in carriers]
        neither = Text(ru="другой, его в журнале нет", en="another one, not in the ledger")
        question = Text(
            ru=f"Номер «{typed}» можно прочесть двояко. Какой это носитель?",
            en=f'"{typed}" can be read in two ways. Which carrier is it?',
        )
        missing = f"--carrier № ({_either(named).ru})"
        chosen = choose(question, [*named, neither], language, missing=missing)
    if chosen == len(carriers):
        raise Wrong(
            Text(
                ru="Внесите носитель: klyuchar ledger carrier add.",
                en="Register the carrier: klyuchar ledger carrier add.",
            )
        )
    number: int = carriers[chosen]["carrier"]
    return number


def _carrier(row: Mapping[str, Any]) -> Text:
    maker = MAKERS[row["maker"]]
    rest = f"{row['model']} {row['spelled']} (hex {row['serial']})"
    return Text(
        ru=f"№ {row['carrier']} {maker.ru} {rest}", en=f"№ {row['carrier']} {maker.en} {rest}"
    )


def serial_reading(maker: str, typed: str, language: str) -> str:
    """How a serial typed by a person is meant: "" where it has one reading only."""
    found = meanings(Maker(maker), "", typed)
    if len(found) < 2:
        return ""
    question = Text(
        ru=f"Номер «{typed}» можно прочесть двояко. Что это?",
        en=f'"{typed}" can be read in two ways. Which is it?',
    )
    choices = [
        _reading("десятичный, с корпуса", "decimal, from the case", found[0]),
        _reading("шестнадцатеричный, с экрана", "hexadecimal, from a screen", found[1]),
    ]
    missing = "--serial-decimal / --serial-hex"
    return ("decimal", "hexadecimal")[choose(question, choices, language, missing=missing)]


def _reading(ru: str, en: str, carrier: Carrier) -> Text:
    both = f"{carrier.spelled()} = hex {carrier.serial}"
    return Text(ru=f"{ru}: {both}", en=f"{en}: {both}")


def certificate_fingerprint(given: str) -> str:
    """The SHA-256 of a certificate: given as such, or of the file (DER or PEM) of that name."""
    if not given or re.fullmatch(r"[0-9a-fA-F]{64}", given.replace(":", "")):
        return given.replace(":", "").lower()
    try:
        content = Path(given).read_bytes()
    except OSError as error:
        why = because(error)
        raise CouldNotAsk(
            Text(
                ru=f"Сертификат {given} не прочитан: {why.ru}. Укажите файл или отпечаток.",
                en=f"Certificate {given} can't be read: {why.en}. Name a file or give its "
                "fingerprint.",
            )
        ) from error
    if pem := _PEM.search(content):
        from base64 import b64decode

        content = b64decode(pem[1])
    return sha256(content).hex()


def key_end(given: str) -> str:
    """The end of a key's period: an instant as it is, a date as the end of that day here."""
    given = in_order(given)
    try:
        if len(given) == len("2026-11-24"):
            day = datetime.fromisoformat(given)
            return datetime.combine(day, time(23, 59, 59)).astimezone().isoformat()
    except ValueError:
        pass  # the ledger says what is wrong with it
    return given
