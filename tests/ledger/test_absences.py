"""Who has the ledger in hand: absences, returns, and the alarm when nobody has (clause 2.3)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.absences import addressees, away_on, days_of_change
from ledger.books import AbsenceRow, Books
from ledger.events import CaseOpened, OfficerAbsent, OfficerBack, Role, Severity
from ledger.intentions import CloseCase, RecordAbsence, RecordPresence
from tests.ledger.opening import Desk


def away(role: Role = Role.OFFICER, first: str = "2026-12-01", last: str = "") -> RecordAbsence:
    return RecordAbsence(role=role, first=first, last=last, ground="приказ № 5 от 20.11.2026")


def facts(desk: Desk, command: Any) -> list[object]:
    return [event.fact for event in desk.do(command).events]


def absences(desk: Desk) -> list[AbsenceRow]:
    return desk.store.read(lambda reading: Books(reading).absences())


class TestRecording:
    def test_an_absence_is_from_a_day_to_a_day_on_a_ground(self, desk: Desk) -> None:
        assert facts(desk, away(last="2026-12-14")) == [
            OfficerAbsent(absence=1, role=Role.OFFICER, first="2026-12-01", last="2026-12-14")
        ]
        (row,) = absences(desk)
        assert row.ground == "приказ № 5 от 20.11.2026"
        days = ["2026-11-30", "2026-12-01", "2026-12-14", "2026-12-15"]
        assert [row.covers(day) for day in days] == [False, True, True, False]

    def test_back_earlier_ends_it(self, desk: Desk) -> None:
        desk.do(away())
        back = RecordPresence(since="2026-12-10")
        assert facts(desk, back) == [OfficerBack(absence=1, since="2026-12-10")]
        (row,) = absences(desk)
        assert (row.covers("2026-12-09"), row.covers("2026-12-10")) == (True, False)

    @pytest.mark.parametrize(
        ("first", "last"),
        [
            ("", ""),
            ("завтра", ""),
            ("2026-12-01", "31.12.2026"),
            ("2026-12-14", "2026-12-01"),
            ("2026-02-30", ""),
            ("9999-12-31", ""),
            ("2026-12-01", "9999-12-31"),
            ("0001-01-01", ""),
        ],
    )
    def test_days_that_are_none_are_refused(self, desk: Desk, first: str, last: str) -> None:
        assert desk.refused(away(first=first, last=last)).clause == "2.3"

    def test_an_absence_has_a_ground(self, desk: Desk) -> None:
        assert desk.refused(RecordAbsence(first="2026-12-01")).clause == "2.3"

    def test_who_is_not_absent_does_not_come_back(self, desk: Desk) -> None:
        back = RecordPresence(since="2026-12-10")
        assert "officer list" in desk.refused(back).text.ru
        desk.do(away(last="2026-12-09"))
        desk.refused(back)
        desk.do(away(Role.DEPUTY, first="2026-12-10"))
        desk.refused(back)
        assert desk.refused(RecordPresence(since="когда-нибудь")).clause == "2.3"


class TestNobodyInCharge:
    def alarm(self, desk: Desk, command: RecordAbsence) -> list[CaseOpened]:
        return [fact for fact in facts(desk, command) if isinstance(fact, CaseOpened)]

    @pytest.mark.parametrize(
        ("first", "last", "day"),
        [
            ("2026-12-05", "", "2026-12-05"),
            ("2026-11-20", "", "2026-12-01"),
            ("2026-11-20", "2026-12-01", "2026-12-01"),
            ("2026-12-14", "2026-12-20", "2026-12-14"),
        ],
    )
    def test_it_is_an_alarm_and_no_refusal(
        self, desk: Desk, first: str, last: str, day: str
    ) -> None:
        desk.do(away(last="2026-12-14"))
        (case,) = self.alarm(desk, away(Role.DEPUTY, first, last))
        assert (case.severity, case.what, case.subject, case.workstation) == (
            Severity.ALARM,
            "nobody-in-charge",
            day,
            0,
        )

    @pytest.mark.parametrize(("first", "last"), [("2026-12-15", ""), ("2026-11-20", "2026-11-30")])
    def test_one_after_the_other_is_none(self, desk: Desk, first: str, last: str) -> None:
        desk.do(away(last="2026-12-14"))
        assert self.alarm(desk, away(Role.DEPUTY, first, last)) == []

    def test_the_same_person_away_twice_is_none(self, desk: Desk) -> None:
        desk.do(away())
        assert self.alarm(desk, away()) == []

    def test_it_is_said_once_while_the_case_is_open(self, desk: Desk) -> None:
        desk.do(away())
        assert len(self.alarm(desk, away(Role.DEPUTY))) == 1
        assert self.alarm(desk, away(Role.DEPUTY)) == []
        desk.do(CloseCase(case=1, reason="назначен другой"))
        assert len(self.alarm(desk, away(Role.DEPUTY))) == 1

    def test_who_came_back_is_there(self, desk: Desk) -> None:
        desk.do(away())
        desk.do(RecordPresence(since="2026-12-03"))
        assert self.alarm(desk, away(Role.DEPUTY, "2026-12-03")) == []
        assert len(self.alarm(desk, away(Role.DEPUTY, "2026-12-02"))) == 1


_OFFICER, _DEPUTY = (frozenset({role}) for role in Role)
_ROLES = st.sampled_from([frozenset[Role](), _OFFICER, _DEPUTY, _OFFICER | _DEPUTY])


@given(known=_ROLES.filter(bool), missing=_ROLES)
def test_somebody_is_always_told(known: frozenset[Role], missing: frozenset[Role]) -> None:
    told = addressees(known, missing)
    assert told
    assert told <= known
    # Somebody who is not there is told only where nobody is.
    assert not told & missing or known <= missing
    assert Role.OFFICER in told or Role.OFFICER in missing | (frozenset(Role) - known)


_DAYS = st.dates().map(str)
_ROWS = st.lists(
    st.builds(
        AbsenceRow,
        absence=st.just(1),
        role=st.sampled_from(Role),
        first=_DAYS,
        last=st.just("") | _DAYS.filter(lambda day: day < "9999"),
        back=st.just("") | _DAYS,
        ground=st.just("приказ"),
    ),
    max_size=4,
)


@given(rows=_ROWS, one=_DAYS, other=_DAYS)
def test_who_is_away_changes_on_the_days_of_change_only(
    rows: list[AbsenceRow], one: str, other: str
) -> None:
    before, after = sorted((one, other))
    if away_on(rows, before) != away_on(rows, after):
        assert any(before < day <= after for day in days_of_change(rows))
