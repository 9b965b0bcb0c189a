"""A workstation becomes known: by a one-time code that the responsible user hands over.

The code proves the workstation to the ledger; the fingerprint that a person compares proves the
ledger to the workstation. Codes and tokens are kept as SHA-256 only.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import timedelta

from domain.text import Text
from journal.digest import sha256
from ledger import cases, dates
from ledger.books import Books, Enrolled
from ledger.carry_out import books_time
from ledger.events import (
    Breach,
    EnrolmentCodeMade,
    Origin,
    Severity,
    WorkstationEnrolled,
)
from ledger.guards import Refusal
from ledger.projections import record
from ledger.store import Reading, Transaction

CODE_LIVES = timedelta(hours=24)
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_GROUPS, _GROUP = 4, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What an enrolled workstation is given; ``token`` is told this once."""

    workstation: int
    token: str


def make_code(transaction: Transaction, host: str, who: str) -> str | Refusal:
    """A new code for the registered workstation ``host``: 100 bits a person can dictate."""
    now = books_time(transaction)
    found = Books(transaction, now).workstation_called(host.strip().lower())
    if found is None:
        return Refusal(
            clause="",
            text=Text(
                ru=f"Рабочее место {host} не учтено. Внесите его: klyuchar ledger workstation add.",
                en=f"{host} is not registered. Enter it: klyuchar ledger workstation add.",
            ),
        )
    groups = ["".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS)]
    code = "-".join(groups)
    made = EnrolmentCodeMade(
        workstation=found.workstation,
        code_hash=hashed(_typed(code)),
        expires=dates.spelled(now + CODE_LIVES),
    )
    record(transaction, Origin(who=who, source="officer", happened=dates.spelled(now)), [made])
    return code


def enrol(
    transaction: Transaction, code: str, *, host: str, public_key: str
) -> Admission | Refusal:
    """Admit the workstation whose ``code`` this is, with its agent's key (hexadecimal).

    It has to call itself by the ``host`` it is registered under: login marks are made with that
    name on both sides.

    A workstation enrolled before gets the new key, and a case: it was installed anew, or somebody
    else has the code.
    """
    now = books_time(transaction)
    books = Books(transaction, now)
    code_hash = hashed(_typed(code))
    found = books.workstation_of_code(code_hash, dates.spelled(now))
    if found is None:
        return Refusal(
            clause="",
            text=Text(
                ru="Код подключения неверен, уже использован или устарел. Получите новый: "
                "klyuchar ledger workstation code.",
                en="The enrolment code is wrong, used or expired. Get a new one: klyuchar ledger "
                "workstation code.",
            ),
        )
    if host.strip().lower() != found.host:
        return Refusal(
            clause="",
            text=Text(
                ru=f"Код выдан для рабочего места {found.host}, а это называет себя {host}. "
                "Исправьте host в настройках рабочего места или получите код для него.",
                en=f"The code is for {found.host}, and this workstation calls itself {host}. Mend "
                "host in the workstation's settings or get a code for it.",
            ),
        )
    before = books.enrolled(found.workstation)
    token = secrets.token_hex(32)
    origin = Origin(who=found.host, source="workstation", happened=dates.spelled(now))
    enrolled = WorkstationEnrolled(
        workstation=found.workstation,
        public_key=public_key,
        token_hash=hashed(token),
        code_hash=code_hash,
    )
    record(transaction, origin, [enrolled])
    if before is not None:
        cases.open_case(
            transaction,
            origin,
            workstation=found.workstation,
            severity=Severity.ALARM,
            what=Breach.ENROLLED_AGAIN.value,
            subject=code_hash,
        )
    return Admission(workstation=found.workstation, token=token)


def whose(reading: Reading, untrusted_token: str) -> Enrolled | None:
    """The workstation whose courier has this token."""
    return Books(reading).enrolled_by_token(hashed(untrusted_token))


def hashed(secret: str) -> str:
    """What is kept of a code or token: they are random, so a plain SHA-256 says nothing."""
    return sha256(secret.encode()).hex()


def _typed(code: str) -> str:
    """A code as a person may type it: in any case, with or without separators."""
    return "".join(character for character in code.upper() if character.isalnum())
