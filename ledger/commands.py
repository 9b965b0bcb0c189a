"""Commands: what is asked, the guards it must pass, and the facts it makes.

Lay the instruction beside `DEEDS`: a command's guards are its clauses. A command is decided by a
pure function of the books and the command; recording the facts is somebody else's work
(`ledger.carry_out`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ledger import absences, dates, guards
from ledger.books import Books
from ledger.events import (
    CarrierRegistered,
    CarrierRetired,
    CaseClosed,
    CaseTaken,
    Fact,
    KeyDocumentDestroyed,
    KeyDocumentIssued,
    KeyDocumentPutOutOfAction,
    KeyDocumentRegistered,
    KeyDocumentReturned,
    LoginAdded,
    Method,
    PersonAdmitted,
    PersonRegistered,
    Realm,
    WorkstationRegistered,
)
from ledger.guards import Guard, Refusal
from ledger.intentions import (
    AddLogin,
    AdmitPerson,
    CloseCase,
    Command,
    Intention,
    Issue,
    PutOutOfAction,
    RecordAbsence,
    RecordDestruction,
    RecordPresence,
    RegisterCarrier,
    RegisterKeyDocument,
    RegisterPerson,
    RegisterWorkstation,
    Return,
    TakeCase,
)
from ledger.serials import meanings

Facts = tuple[Fact, ...]


def decide(books: Books, command: Command) -> Facts | Refusal:
    """The facts that a tidy ``command`` makes, or the first refusal."""
    deed = DEEDS[type(command)]
    for guard in (guards.happened_in_the_past, *deed.guards):
        if refusal := guard(books, command):
            return refusal
    return deed.facts(books, command)


def _register_person(books: Books, command: RegisterPerson) -> Facts:
    return (
        PersonRegistered(
            person=books.next_person(),
            name=command.name,
            post=command.post,
            unit=command.unit,
        ),
    )


def _add_login(books: Books, command: AddLogin) -> Facts:
    del books
    return (
        LoginAdded(
            person=command.person,
            kind=Realm.HOST if command.host else Realm.DOMAIN,
            realm=(command.host or command.domain).lower(),
            login=command.login.lower(),
        ),
    )


def _admit_person(books: Books, command: AdmitPerson) -> Facts:
    del books
    return (
        PersonAdmitted(
            person=command.person,
            order_number=command.order_number,
            order_date=dates.day(command.order_date) or "",
        ),
    )


def _register_workstation(books: Books, command: RegisterWorkstation) -> Facts:
    return (
        WorkstationRegistered(
            workstation=books.next_workstation(),
            host=command.host.lower(),
            inventory=command.inventory,
            place=command.place,
        ),
    )


def _register_carrier(books: Books, command: RegisterCarrier) -> Facts:
    (identity,) = meanings(command.maker, command.model, command.serial, command.reading)
    return (CarrierRegistered(carrier=books.next_carrier(), identity=identity),)


def _register_key_document(books: Books, command: RegisterKeyDocument) -> Facts:
    ordinal, number = books.next_document()
    return (
        KeyDocumentRegistered(
            document=ordinal,
            number=number,
            carrier=command.carrier,
            copy=command.copy or books.next_copy(command.carrier),
            name=command.name,
            certificate=command.certificate.lower(),
            key_not_after=dates.instant(command.key_not_after) or "",
            made_on=dates.day(command.made_on) or "",
        ),
    )


def _issue(books: Books, command: Issue) -> Facts:
    del books
    return (
        KeyDocumentIssued(number=command.document, person=command.person, receipt=command.receipt),
    )


def _return(books: Books, command: Return) -> Facts:
    document = books.document(command.document)
    assert document is not None
    assert document.holder is not None
    return (
        KeyDocumentReturned(
            number=document.number, person=document.holder, receipt=command.receipt
        ),
    )


def _put_out_of_action(books: Books, command: PutOutOfAction) -> Facts:
    del books
    return (KeyDocumentPutOutOfAction(number=command.document, reason=command.reason),)


def _record_destruction(books: Books, command: RecordDestruction) -> Facts:
    destroyed = tuple(
        KeyDocumentDestroyed(number=number, method=command.method) for number in command.documents
    )
    if command.method is Method.ERASED:
        return destroyed
    documents = (books.document(number) for number in command.documents)
    carriers = dict.fromkeys(document.carrier for document in documents if document)
    return *destroyed, *(CarrierRetired(carrier=carrier) for carrier in carriers)


def _take_case(books: Books, command: TakeCase) -> Facts:
    del books
    return (CaseTaken(case=command.case),)


def _close_case(books: Books, command: CloseCase) -> Facts:
    del books
    return (CaseClosed(case=command.case, reason=command.reason),)


@dataclass(frozen=True, slots=True)
class Deed:
    """One command: the guards in the order they are asked, and what is recorded then."""

    guards: tuple[Guard, ...]
    facts: Callable[[Books, Any], Facts]


DEEDS: dict[type[Intention], Deed] = {
    RegisterPerson: Deed((guards.person_has_a_name,), _register_person),
    AddLogin: Deed(
        (guards.known_person, guards.login_of_one_realm, guards.login_is_new), _add_login
    ),
    AdmitPerson: Deed((guards.known_person, guards.clause_2_2_order_named), _admit_person),
    RegisterWorkstation: Deed((guards.workstation_is_new,), _register_workstation),
    RegisterCarrier: Deed(
        (
            guards.clause_3_4_serial_readable,
            guards.clause_3_4_serial_means_one,
            guards.carrier_is_new,
        ),
        _register_carrier,
    ),
    RegisterKeyDocument: Deed(
        (
            guards.known_carrier,
            guards.key_facts_readable,
            guards.clause_3_3_copy_not_taken,
            guards.clause_6_4_carrier_not_retired,
        ),
        _register_key_document,
    ),
    Issue: Deed(
        (
            guards.known_document,
            guards.known_person,
            guards.clause_2_2_only_the_admitted,
            guards.clause_3_5_under_receipt,
            guards.clause_3_16_not_held_by_another,
            guards.clause_4_2_key_not_expired,
            guards.clause_5_3_in_action,
            guards.clause_6_3_not_destroyed,
        ),
        _issue,
    ),
    Return: Deed((guards.known_document, guards.clause_6_1_is_held), _return),
    PutOutOfAction: Deed(
        (
            guards.known_document,
            guards.clause_6_3_not_destroyed,
            guards.out_of_action_for_a_new_reason,
        ),
        _put_out_of_action,
    ),
    RecordDestruction: Deed(
        (
            guards.known_documents,
            guards.each_document_once,
            guards.clause_6_3_not_destroyed,
            guards.clause_6_4_whole_carrier,
        ),
        _record_destruction,
    ),
    TakeCase: Deed((guards.case_is_open,), _take_case),
    CloseCase: Deed((guards.case_is_open, guards.clause_2_1_conclusion_named), _close_case),
    RecordAbsence: Deed(
        (absences.clause_2_3_days_readable, absences.clause_2_3_ground_named),
        absences.record_absence,
    ),
    RecordPresence: Deed(
        (absences.clause_2_3_day_of_return, absences.is_absent), absences.record_presence
    ),
}
