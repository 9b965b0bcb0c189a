"""From events to the books: the tables that commands and people read.

The tables hold nothing that the events don't: they can be emptied and filled again (`rebuild`),
and a test proves the result equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from domain.accounting import Standing
from journal.record import Line, spelled
from ledger.case_projections import enter_of_cases
from ledger.events import (
    CarrierRegistered,
    CarrierRetired,
    CaseClosed,
    CaseOpened,
    CaseTaken,
    EnrolmentCodeMade,
    Event,
    Fact,
    JournalBroken,
    KeyDocumentDestroyed,
    KeyDocumentIssued,
    KeyDocumentPutOutOfAction,
    KeyDocumentRegistered,
    KeyDocumentReturned,
    LoginAdded,
    MailDelivered,
    MailFailed,
    OfficerAbsent,
    OfficerBack,
    Opened,
    Origin,
    PersonAdmitted,
    PersonRegistered,
    WorkstationEnrolled,
    WorkstationInventoried,
    WorkstationRegistered,
    body_of,
    decode,
    lines_after,
)
from ledger.inventory_projections import enter_inventory
from ledger.store import Transaction

# Those that refer to others come first: they are emptied in this order.
TABLES = (
    "letters",
    "absences",
    "cases",
    "installed_packages",
    "inventories",
    "enrolments",
    "enrolment_codes",
    "answered",
    "documents",
    "carriers",
    "workstations",
    "admissions",
    "logins",
    "people",
    "opening",
)


def record(transaction: Transaction, origin: Origin, facts: Sequence[object]) -> tuple[Line, ...]:
    """Append facts to the chain and enter them in the books; their lines in the chain.

    ``facts`` are frozen values; those that are no `Fact` belong to another part of the ledger:
    they are appended, and entering them is that part's business.
    """
    lines = []
    recorded = spelled(transaction.now_ns)
    for fact in facts:
        line = transaction.append(type(fact).__name__, body_of(origin, fact))
        lines.append(line)
        if isinstance(fact, Fact):
            enter(transaction, line.seq, recorded, origin, fact)
            _enter_answer(transaction, line.seq, origin)
    return tuple(lines)


def rebuild(transaction: Transaction) -> int:
    """Empty the books and fill them again from the events; how many events there were."""
    for table in TABLES:
        transaction.run(f"DELETE FROM {table}")  # noqa: S608  (names of ours)
    done = 0
    while lines := lines_after(transaction, done):
        for _, line in lines:
            _enter_again(transaction, decode(line))
        done = lines[-1][0]
    return done


def _enter_again(transaction: Transaction, event: Event) -> None:
    if event.fact is not None and event.origin is not None:
        enter(transaction, event.seq, event.recorded, event.origin, event.fact)
        _enter_answer(transaction, event.seq, event.origin)


def _enter_answer(transaction: Transaction, seq: int, origin: Origin) -> None:
    if origin.command:
        transaction.run(
            "INSERT INTO answered (command, intent, first_seq, last_seq) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (command) DO UPDATE SET last_seq = excluded.last_seq",
            origin.command,
            origin.intent,
            seq,
            seq,
        )


# One arm a fact is the clearest form: the complexity is that of the list.
def enter(transaction: Transaction, seq: int, recorded: str, origin: Origin, fact: Fact) -> None:
    """Enter one fact in the books; ``recorded`` is the time of its line in the chain."""
    run = transaction.run
    match fact:
        case Opened():
            run(
                "INSERT INTO opening (organisation, salt, public_key) VALUES (?, ?, ?)",
                fact.organisation,
                fact.salt,
                fact.public_key,
            )
        case PersonRegistered():
            run(
                "INSERT INTO people (person, name, post, unit) VALUES (?, ?, ?, ?)",
                fact.person,
                fact.name,
                fact.post,
                fact.unit,
            )
        case LoginAdded():
            run(
                "INSERT INTO logins (person, kind, realm, login) VALUES (?, ?, ?, ?)",
                fact.person,
                fact.kind.value,
                fact.realm,
                fact.login,
            )
        case PersonAdmitted():
            run(
                "INSERT INTO admissions (person, order_number, order_date, seq) "
                "VALUES (?, ?, ?, ?)",
                fact.person,
                fact.order_number,
                fact.order_date,
                seq,
            )
        case WorkstationRegistered():
            run(
                "INSERT INTO workstations (workstation, host, inventory, place) "
                "VALUES (?, ?, ?, ?)",
                fact.workstation,
                fact.host,
                fact.inventory,
                fact.place,
            )
        case CarrierRegistered():
            run(
                "INSERT INTO carriers (carrier, maker, model, serial) VALUES (?, ?, ?, ?)",
                fact.carrier,
                fact.identity.maker.value,
                fact.identity.model,
                fact.identity.serial,
            )
        case CarrierRetired():
            run("UPDATE carriers SET retired = 1 WHERE carrier = ?", fact.carrier)
        case (
            EnrolmentCodeMade() | WorkstationEnrolled() | JournalBroken() | WorkstationInventoried()
        ):
            _enter_of_workstation(transaction, seq, fact)
        case (
            CaseOpened()
            | CaseTaken()
            | CaseClosed()
            | MailDelivered()
            | MailFailed()
            | OfficerAbsent()
            | OfficerBack()
        ):
            enter_of_cases(transaction, seq, recorded, origin, fact)
        case _:
            _enter_of_document(transaction, fact)


def _enter_of_workstation(
    transaction: Transaction,
    seq: int,
    fact: EnrolmentCodeMade | WorkstationEnrolled | JournalBroken | WorkstationInventoried,
) -> None:
    run = transaction.run
    match fact:
        case EnrolmentCodeMade():
            run(
                "INSERT INTO enrolment_codes (code_hash, workstation, expires) VALUES (?, ?, ?)",
                fact.code_hash,
                fact.workstation,
                fact.expires,
            )
        case WorkstationEnrolled():
            run("UPDATE enrolment_codes SET used = 1 WHERE code_hash = ?", fact.code_hash)
            run(
                "INSERT INTO enrolments (workstation, public_key, token_hash) VALUES (?, ?, ?) "
                "ON CONFLICT (workstation) DO UPDATE SET public_key = excluded.public_key, "
                "token_hash = excluded.token_hash",
                fact.workstation,
                fact.public_key,
                fact.token_hash,
            )
        case JournalBroken():
            pass  # told by its case; the lines themselves are in journal_lines
        case WorkstationInventoried():
            enter_inventory(transaction, seq, fact)
        case _:
            assert_never(fact)


def _enter_of_document(
    transaction: Transaction,
    fact: KeyDocumentRegistered
    | KeyDocumentIssued
    | KeyDocumentReturned
    | KeyDocumentPutOutOfAction
    | KeyDocumentDestroyed,
) -> None:
    run = transaction.run
    match fact:
        case KeyDocumentRegistered():
            run(
                "INSERT INTO documents (document, number, carrier, copy, name, certificate, "
                "key_not_after, made_on, standing) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                fact.document,
                fact.number,
                fact.carrier,
                fact.copy,
                fact.name,
                fact.certificate,
                fact.key_not_after,
                fact.made_on,
                Standing.REGISTERED.value,
            )
        case KeyDocumentIssued():
            run(
                "UPDATE documents SET standing = ?, holder = ?, receipt = ? WHERE number = ?",
                Standing.ISSUED.value,
                fact.person,
                fact.receipt,
                fact.number,
            )
        case KeyDocumentReturned():
            # What is out of action stays so when it comes back.
            run(
                "UPDATE documents SET holder = NULL, receipt = '', "
                "standing = CASE standing WHEN ? THEN ? ELSE standing END WHERE number = ?",
                Standing.ISSUED.value,
                Standing.REGISTERED.value,
                fact.number,
            )
        case KeyDocumentPutOutOfAction():
            run(
                "UPDATE documents SET standing = ?, reason = ? WHERE number = ?",
                Standing.OUT_OF_ACTION.value,
                fact.reason.value,
                fact.number,
            )
        case KeyDocumentDestroyed():
            run(
                "UPDATE documents SET standing = ?, holder = NULL, receipt = '' WHERE number = ?",
                Standing.DESTROYED.value,
                fact.number,
            )
        case _:
            assert_never(fact)
