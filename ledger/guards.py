"""Guards: each refuses an intention that one clause of the instruction forbids.

A guard is named after its clause and stands beside the commands it guards (`ledger.commands`).
It looks at the books and the command and gives a refusal or None. Guards without a clause in
their name refuse what makes no sense, whatever the instruction says.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from domain.accounting import Standing
from domain.text import Text
from ledger import dates
from ledger.books import Books
from ledger.events import Method
from ledger.intentions import (
    AddLogin,
    AdmitPerson,
    CloseCase,
    Intention,
    Issue,
    PutOutOfAction,
    RecordDestruction,
    RegisterCarrier,
    RegisterKeyDocument,
    RegisterPerson,
    RegisterWorkstation,
    Return,
    TakeCase,
)
from ledger.serials import meanings

# A day that has begun anywhere has begun: no time zone is further ahead of UTC.
_FARTHEST_ZONE = timedelta(hours=14)
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """An intention was refused and nothing recorded; ``clause`` is empty where it made no sense."""

    clause: str
    text: Text


Guard = Callable[[Books, Any], Refusal | None]


def refusal(clause: str, ru: str, en: str) -> Refusal:
    """The refusal in both languages."""
    return Refusal(clause=clause, text=Text(ru=ru, en=en))


def happened_in_the_past(books: Books, command: Intention) -> Refusal | None:
    """What happened has a readable time that is not still to come."""
    moment = dates.happened(command.happened, books.now)
    if moment is None:
        return refusal(
            "",
            f"«{command.happened}» — не дата: нужно ГГГГ-ММ-ДД или время с поясом (RFC 3339).",
            f'"{command.happened}" is no date: YYYY-MM-DD or RFC 3339 with an offset is needed.',
        )
    if moment[:10] > dates.spelled(books.now + _FARTHEST_ZONE)[:10]:
        return refusal(
            "",
            f"{moment} ещё не наступило: в журнал вносят то, что уже произошло.",
            f"{moment} is still to come: the ledger records what has happened.",
        )
    return None


def known_person(books: Books, command: AddLogin | AdmitPerson | Issue) -> Refusal | None:
    if books.person(command.person) is None:
        return refusal(
            "",
            f"Человека № {command.person} в журнале нет. Список: klyuchar ledger person list.",
            f"Nobody has the number {command.person}. See: klyuchar ledger person list.",
        )
    return None


def known_carrier(books: Books, command: RegisterKeyDocument) -> Refusal | None:
    if books.carrier(command.carrier) is None:
        return refusal(
            "",
            f"Носителя № {command.carrier} в журнале нет. Список: klyuchar ledger carrier list.",
            f"No carrier has the number {command.carrier}. See: klyuchar ledger carrier list.",
        )
    return None


def known_document(books: Books, command: Issue | Return | PutOutOfAction) -> Refusal | None:
    if books.document(command.document) is None:
        return _no_such_document(command.document)
    return None


def known_documents(books: Books, command: RecordDestruction) -> Refusal | None:
    for number in command.documents:
        if books.document(number) is None:
            return _no_such_document(number)
    return None


def _no_such_document(number: str) -> Refusal:
    return refusal(
        "",
        f"Ключевого документа {number} в журнале нет. Список: klyuchar ledger document list.",
        f"There is no key document {number}. See: klyuchar ledger document list.",
    )


def person_has_a_name(books: Books, command: RegisterPerson) -> Refusal | None:
    del books
    if not command.name:
        return refusal("", "Укажите фамилию, имя, отчество.", "Give the person's name.")
    return None


def login_of_one_realm(books: Books, command: AddLogin) -> Refusal | None:
    del books
    one_realm = bool(command.host) != bool(command.domain)
    if not command.login or not one_realm:
        return refusal(
            "",
            "Учётная запись принадлежит либо одному компьютеру (host), либо домену (domain): "
            "укажите её имя и ровно одно из двух.",
            "A login belongs either to one host or to a domain: give its name and exactly one "
            "of the two.",
        )
    return None


def login_is_new(books: Books, command: AddLogin) -> Refusal | None:
    """Not the same login twice for one person. For two people it is a shared one, a fact."""
    realm, login = (command.host or command.domain).lower(), command.login.lower()
    for known in books.logins_of(command.person):
        if (known.realm, known.login) == (realm, login):
            return refusal(
                "",
                f"Учётная запись {login}@{realm} за этим человеком уже записана.",
                f"The login {login}@{realm} is already this person's.",
            )
    return None


def workstation_is_new(books: Books, command: RegisterWorkstation) -> Refusal | None:
    host = command.host.lower()
    if not host:
        return refusal("", "Укажите имя компьютера.", "Give the machine's host name.")
    if books.workstation_called(host) is not None:
        return refusal("", f"Компьютер {host} уже учтён.", f"{host} is already registered.")
    return None


def clause_2_2_order_named(books: Books, command: AdmitPerson) -> Refusal | None:
    """Admission is by an order, which has a number and a date."""
    del books
    if not command.order_number or dates.day(command.order_date) is None:
        return refusal(
            "2.2",
            "К работе с криптосредствами допускают приказом: укажите его номер и дату "
            "(ГГГГ-ММ-ДД).",
            "Admission to crypto means is by order: give its number and date (YYYY-MM-DD).",
        )
    return None


def clause_2_2_only_the_admitted(books: Books, command: Issue) -> Refusal | None:
    """Issued only to a person whom an order admitted on or before that day."""
    moment = dates.happened(command.happened, books.now) or ""
    if not books.admitted(command.person, on=moment[:10]):
        return refusal(
            "2.2",
            "Выдать нельзя: на этот день нет приказа о допуске получателя к работе с "
            "криптосредствами. Внесите приказ: klyuchar ledger person admit.",
            "Cannot issue: on that day no order admits the person to work with crypto means. "
            "Enter the order: klyuchar ledger person admit.",
        )
    return None


def clause_3_3_copy_not_taken(books: Books, command: RegisterKeyDocument) -> Refusal | None:
    """Each writing on a carrier is registered on its own, under a copy number of its own."""
    taken = {document.copy for document in books.documents_on(command.carrier)}
    if command.copy in taken:
        return refusal(
            "3.3",
            f"Номер экземпляра {command.copy} для этого носителя занят: каждая запись ключа "
            "учитывается отдельно, под новым номером.",
            f"Copy number {command.copy} of this carrier is taken: each writing of a key is "
            "registered separately, under a new number.",
        )
    return None


def key_facts_readable(books: Books, command: RegisterKeyDocument) -> Refusal | None:
    """What is said of the key can be read: no date is worse than a wrong one."""
    del books
    if command.certificate and not _SHA256.fullmatch(command.certificate.lower()):
        return refusal(
            "",
            "Отпечаток сертификата — SHA-256, 64 шестнадцатеричных знака.",
            "A certificate's fingerprint is a SHA-256, 64 hexadecimal digits.",
        )
    if command.key_not_after and dates.instant(command.key_not_after) is None:
        return refusal(
            "",
            "Конец срока ключа — время с поясом (RFC 3339), например 2027-03-01T20:59:59Z.",
            "A key's end is RFC 3339 with an offset, as 2027-03-01T20:59:59Z.",
        )
    if command.made_on and dates.day(command.made_on) is None:
        return refusal("", "Дата изготовления — ГГГГ-ММ-ДД.", "A date of making is YYYY-MM-DD.")
    return None


def clause_3_4_serial_readable(books: Books, command: RegisterCarrier) -> Refusal | None:
    """A carrier is accounted for by its number, so the number must mean something."""
    del books
    if not meanings(command.maker, command.model, command.serial):
        return refusal(
            "3.4",
            f"«{command.serial}» — не заводской номер такого носителя. Перепишите его с корпуса "
            "или с экрана.",
            f'"{command.serial}" is no serial of such a carrier. Copy it from the case or screen.',
        )
    return None


def clause_3_4_serial_means_one(books: Books, command: RegisterCarrier) -> Refusal | None:
    """Digits that are both a decimal and a hexadecimal number name two carriers."""
    del books
    found = meanings(command.maker, command.model, command.serial, command.reading)
    if len(found) > 1:
        spellings = ", ".join(f"{one.spelled()} (hex {one.serial})" for one in found)
        return refusal(
            "3.4",
            f"Номер «{command.serial}» можно прочесть двояко: {spellings}. Укажите, десятичный "
            "он (с корпуса) или шестнадцатеричный (с экрана).",
            f'"{command.serial}" can be read in two ways: {spellings}. Say whether it is decimal '
            "(from the case) or hexadecimal (from a screen).",
        )
    return None


def carrier_is_new(books: Books, command: RegisterCarrier) -> Refusal | None:
    for identity in meanings(command.maker, command.model, command.serial, command.reading):
        known = books.carrier_like(identity)
        if known is not None:
            return refusal(
                "",
                f"Этот носитель уже учтён под № {known.carrier}.",
                f"This carrier is already registered as number {known.carrier}.",
            )
    return None


def clause_3_5_under_receipt(books: Books, command: Issue) -> Refusal | None:
    """Issued only under a receipt."""
    del books
    if not command.receipt:
        return refusal(
            "3.5",
            "Выдают только под расписку: укажите, где она (номер, дата).",
            "Issue is only under a receipt: say which one (number, date).",
        )
    return None


def clause_3_16_not_held_by_another(books: Books, command: Issue) -> Refusal | None:
    """From one user to another only by a sanctioned transfer, never by a second issue."""
    document = books.document(command.document)
    if document is not None and document.standing is Standing.ISSUED:
        return refusal(
            "3.16",
            f"{document.number} уже выдан. Сначала верните его: klyuchar ledger return.",
            f"{document.number} is already issued. Return it first: klyuchar ledger return.",
        )
    return None


def clause_4_2_key_not_expired(books: Books, command: Issue) -> Refusal | None:
    """An expired key is not issued. An end that is not known is no end."""
    document = books.document(command.document)
    moment = dates.happened(command.happened, books.now) or ""
    if document is None or not document.key_not_after:
        return None
    if moment > document.key_not_after[: len(moment)]:
        return refusal(
            "4.2",
            f"Срок действия закрытого ключа истёк {document.key_not_after[:10]}: такой ключ не "
            "выдают.",
            f"The private key's period ended on {document.key_not_after[:10]}: such a key is not "
            "issued.",
        )
    return None


def clause_5_3_in_action(books: Books, command: Issue) -> Refusal | None:
    """What is out of action is not issued for use."""
    document = books.document(command.document)
    if document is not None and document.standing is Standing.OUT_OF_ACTION:
        return refusal(
            "5.3",
            f"{document.number} выведен из действия: выдать нельзя.",
            f"{document.number} is out of action: it cannot be issued.",
        )
    return None


def clause_6_1_is_held(books: Books, command: Return) -> Refusal | None:
    """Only what was issued comes back."""
    document = books.document(command.document)
    if document is not None and document.holder is None:
        return refusal(
            "6.1",
            f"{document.number} никому не выдан, возвращать нечего.",
            f"{document.number} is issued to nobody, there is nothing to return.",
        )
    return None


def clause_6_3_not_destroyed(
    books: Books, command: Issue | PutOutOfAction | RecordDestruction
) -> Refusal | None:
    """What the ledger marks as destroyed has no further life."""
    numbers = command.documents if isinstance(command, RecordDestruction) else (command.document,)
    for number in numbers:
        document = books.document(number)
        if document is not None and document.standing is Standing.DESTROYED:
            return refusal(
                "6.3",
                f"{number} уже отмечен как уничтоженный.",
                f"{number} is already marked as destroyed.",
            )
    return None


def out_of_action_for_a_new_reason(books: Books, command: PutOutOfAction) -> Refusal | None:
    """A second reason is news (an expired key may turn out compromised), the same one is not."""
    document = books.document(command.document)
    if document is not None and document.reason is command.reason:
        return refusal(
            "",
            f"{document.number} уже выведен из действия по этой причине.",
            f"{document.number} is already out of action for this reason.",
        )
    return None


def clause_6_4_carrier_not_retired(books: Books, command: RegisterKeyDocument) -> Refusal | None:
    """Nothing is written on a carrier that was physically destroyed."""
    carrier = books.carrier(command.carrier)
    if carrier is not None and carrier.retired:
        return refusal(
            "6.4",
            f"Носитель № {carrier.carrier} физически уничтожен: записать на него ключ нельзя.",
            f"Carrier {carrier.carrier} was physically destroyed: no key can be written on it.",
        )
    return None


def clause_6_4_whole_carrier(books: Books, command: RecordDestruction) -> Refusal | None:
    """A carrier destroyed physically takes every key on it along: all of them are named."""
    if command.method is not Method.PHYSICAL:
        return None
    named = [document for number in command.documents if (document := books.document(number))]
    for carrier in dict.fromkeys(document.carrier for document in named):
        for other in books.documents_on(carrier):
            if other.standing is not Standing.DESTROYED and other.number not in command.documents:
                return refusal(
                    "6.4",
                    f"На том же носителе есть {other.number}: при физическом уничтожении назовите "
                    "все его ключевые документы.",
                    f"{other.number} is on the same carrier: for physical destruction name all of "
                    "its key documents.",
                )
    return None


def each_document_once(books: Books, command: RecordDestruction) -> Refusal | None:
    del books
    if len(set(command.documents)) != len(command.documents):
        return refusal("", "Документ назван дважды.", "A document is named twice.")
    return None


def case_is_open(books: Books, command: TakeCase | CloseCase) -> Refusal | None:
    case = books.case(command.case)
    if case is None or not case.open:
        return refusal(
            "",
            f"Открытого дела № {command.case} нет. Список: klyuchar ledger case list.",
            f"There is no open case {command.case}. See: klyuchar ledger case list.",
        )
    return None


def clause_2_1_conclusion_named(books: Books, command: CloseCase) -> Refusal | None:
    """Violations are looked into and concluded on, so a case is not closed without a word."""
    del books
    if not command.reason:
        return refusal(
            "2.1",
            "Напишите, что выяснено и что сделано.",
            "Write what was found and what was done.",
        )
    return None
