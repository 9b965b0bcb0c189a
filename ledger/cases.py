"""Cases: what the responsible user has to look into, one for a matter while it is open.

A matter is the same thing at the same place: this rule about this carrier at this workstation, or
this breach of its journal. Told again while its case is open, it opens no second one and sends no
second message.
"""

from __future__ import annotations

from domain.events import Judged
from domain.verdict import Level
from ledger.books import Books
from ledger.events import CaseOpened, Origin, Severity
from ledger.projections import record
from ledger.store import Reading, Transaction

_LONGEST = 200
"""No rule's name and no carrier's identity is longer: what is was not told by our agent."""

_SEVERITIES = {Level.WARN: Severity.WARN, Level.DENY: Severity.DENY}


def of_verdict(transaction: Transaction, origin: Origin, workstation: int, judged: Judged) -> None:
    """A case for a verdict that is not "allow"."""
    deciding = judged.verdict.deciding
    severity = _SEVERITIES.get(deciding.level)
    if severity is None:
        return
    subject = judged.carrier.key() if judged.carrier else judged.port
    open_case(
        transaction,
        origin,
        workstation=workstation,
        severity=severity,
        what=deciding.rule,
        subject=subject,
    )


def open_case(
    transaction: Transaction,
    origin: Origin,
    *,
    workstation: int,
    severity: Severity,
    what: str,
    subject: str,
) -> None:
    """A case about ``what`` is said of ``subject``, unless one about the same is open."""
    what, subject = what[:_LONGEST], subject[:_LONGEST]
    if is_open(transaction, workstation, what, subject):
        return
    opened = CaseOpened(
        case=Books(transaction).next_case(),
        workstation=workstation,
        severity=severity,
        what=what,
        subject=subject,
    )
    record(transaction, origin, [opened])


def is_open(reading: Reading, workstation: int, what: str, subject: str) -> bool:
    """Whether the responsible user still has this matter before them."""
    return Books(reading).has_open_case(workstation, what, subject)
