"""From events to the books of cases: the cases, what became of their mail, who is away."""

from __future__ import annotations

from typing import assert_never

from ledger.events import (
    CaseClosed,
    CaseOpened,
    CaseTaken,
    MailDelivered,
    MailFailed,
    OfficerAbsent,
    OfficerBack,
    Origin,
)
from ledger.store import Transaction

OfCases = (
    CaseOpened | CaseTaken | CaseClosed | MailDelivered | MailFailed | OfficerAbsent | OfficerBack
)


def enter_of_cases(
    transaction: Transaction, seq: int, recorded: str, origin: Origin, fact: OfCases
) -> None:
    """Enter one fact about cases in the books."""
    run = transaction.run
    match fact:
        case CaseOpened():
            run(
                "INSERT INTO cases (number, workstation, severity, what, subject, opened, "
                "opened_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                fact.case,
                fact.workstation,
                fact.severity.value,
                fact.what,
                fact.subject,
                seq,
                recorded,
            )
        case CaseTaken():
            run(
                "UPDATE cases SET taken_at = ?, taken_by = ? WHERE number = ?",
                recorded,
                origin.who,
                fact.case,
            )
        case CaseClosed():
            run(
                "UPDATE cases SET closed = ?, reason = ? WHERE number = ?",
                seq,
                fact.reason,
                fact.case,
            )
        case MailDelivered():
            run("UPDATE cases SET mailed = ? WHERE number = ?", fact.message_id, fact.case)
            _enter_letter(transaction, seq, recorded, fact)
        case MailFailed():
            _enter_letter(transaction, seq, recorded, fact)
        case OfficerAbsent():
            run(
                "INSERT INTO absences (absence, role, first, last, ground) VALUES (?, ?, ?, ?, ?)",
                fact.absence,
                fact.role.value,
                fact.first,
                fact.last,
                origin.ground,
            )
        case OfficerBack():
            run("UPDATE absences SET back = ? WHERE absence = ?", fact.since, fact.absence)
        case _:
            assert_never(fact)


def _enter_letter(
    transaction: Transaction, seq: int, recorded: str, fact: MailDelivered | MailFailed
) -> None:
    delivered = isinstance(fact, MailDelivered)
    transaction.run(
        "INSERT INTO letters (seq, number, role, repetition, at, delivered, permanent, reply, "
        "message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        seq,
        fact.case,
        fact.role.value,
        fact.number,
        recorded,
        int(delivered),
        int(isinstance(fact, MailFailed) and fact.permanent),
        fact.reply,
        fact.message_id if isinstance(fact, MailDelivered) else "",
    )
