"""Who has the ledger in hand: the responsible user, or in their absence the deputy (clause 2.3).

One of the two has to be there. Where neither is, nobody is locked out and nothing is refused: it
becomes a case, an alarm, and mail goes to both.
"""

from __future__ import annotations

from datetime import date, timedelta

from ledger import dates
from ledger.books import AbsenceRow, Books
from ledger.events import CaseOpened, Fact, OfficerAbsent, OfficerBack, Role, Severity
from ledger.guards import Refusal, refusal
from ledger.intentions import RecordAbsence, RecordPresence

NOBODY_IN_CHARGE = "nobody-in-charge"
"""What the case is about when the responsible user and their deputy are away on one day."""
_FARTHEST_YEARS = 10


def clause_2_3_days_readable(books: Books, command: RecordAbsence) -> Refusal | None:
    """An absence has a first day, and does not end before it."""
    for day in (command.first, *filter(None, [command.last])):
        if refused := _no_day(books, day):
            return refused
    if command.last and _day(command.last) < _day(command.first):
        return refusal(
            "2.3",
            f"Отсутствие кончается ({command.last}) раньше, чем начинается ({command.first}).",
            f"The absence ends ({command.last}) before it begins ({command.first}).",
        )
    return None


def clause_2_3_ground_named(books: Books, command: RecordAbsence) -> Refusal | None:
    """Who stands in for the responsible user does so on some ground."""
    del books
    if not command.ground:
        return refusal(
            "2.3",
            "Назовите основание отсутствия: приказ, отпуск, больничный лист.",
            "Name the ground of the absence: an order, leave, a sick note.",
        )
    return None


def clause_2_3_day_of_return(books: Books, command: RecordPresence) -> Refusal | None:
    return _no_day(books, command.since)


def _no_day(books: Books, untrusted_day: str) -> Refusal | None:
    """A refusal of what is no day, or one so far off that it must be a slip."""
    day = _day(untrusted_day)
    if not day:
        return refusal(
            "2.3",
            f"«{untrusted_day}» — не дата: нужно ГГГГ-ММ-ДД.",
            f'"{untrusted_day}" is no date: YYYY-MM-DD is needed.',
        )
    if abs(date.fromisoformat(day).year - books.now.year) > _FARTHEST_YEARS:
        return refusal("2.3", f"{day}: проверьте год.", f"{day}: check the year.")
    return None


def _day(text: str) -> str:
    return dates.day(text) or ""


def is_absent(books: Books, command: RecordPresence) -> Refusal | None:
    """Only who was away comes back."""
    if _ended_by(books, command):
        return None
    return refusal(
        "",
        f"На {command.since} отсутствие не записано. Список: klyuchar ledger officer list.",
        f"No absence is recorded for {command.since}. See: klyuchar ledger officer list.",
    )


def record_absence(books: Books, command: RecordAbsence) -> tuple[Fact, ...]:
    """The absence, and an alarm where it leaves a day with nobody in charge."""
    absent = OfficerAbsent(
        absence=books.next_absence(),
        role=command.role,
        first=_day(command.first),
        last=_day(command.last),
    )
    day = _day_with_nobody(books, absent)
    if day is None or books.has_open_case(0, NOBODY_IN_CHARGE, day):
        return (absent,)
    alarm = CaseOpened(
        case=books.next_case(),
        workstation=0,
        severity=Severity.ALARM,
        what=NOBODY_IN_CHARGE,
        subject=day,
    )
    return absent, alarm


def record_presence(books: Books, command: RecordPresence) -> tuple[Fact, ...]:
    """Every absence of theirs that covers the day ends with it."""
    since = _day(command.since)
    return tuple(OfficerBack(absence=row.absence, since=since) for row in _ended_by(books, command))


def _ended_by(books: Books, command: RecordPresence) -> list[AbsenceRow]:
    since = _day(command.since)
    return [row for row in books.absences() if row.role is command.role and row.covers(since)]


def _day_with_nobody(books: Books, absent: OfficerAbsent) -> str | None:
    """The first day of the absence on which the other one is away too."""
    for row in sorted(books.absences(), key=lambda row: row.first):
        common = max(absent.first, row.first)
        ends = not absent.last or common <= absent.last
        if row.role is not absent.role and ends and row.covers(common):
            return common
    return None


def away_on(absences: list[AbsenceRow], day: str) -> frozenset[Role]:
    """Who is away on ``day`` (YYYY-MM-DD)."""
    return frozenset(row.role for row in absences if row.covers(day))


def addressees(known: frozenset[Role], missing: frozenset[Role]) -> frozenset[Role]:
    """Who is told, of those whose address is ``known``: the responsible user, where they are
    ``missing`` the deputy, and where neither is there, everybody."""
    for role in (Role.OFFICER, Role.DEPUTY):
        if role in known - missing:
            return frozenset({role})
    return known


def days_of_change(absences: list[AbsenceRow]) -> list[str]:
    """Days (YYYY-MM-DD) with which somebody goes or comes back."""
    ends = [day for row in absences for day in (row.first, row.back, _after(row.last)) if day]
    return sorted(set(ends))


def _after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat() if day else ""
