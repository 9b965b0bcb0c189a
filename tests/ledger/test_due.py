"""What mail is due, to whom and when: scenarios of a few days, and laws that always hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.books import AbsenceRow, CaseRow, LetterRow
from ledger.due import Letter, Plan, Rules, Why, plan
from ledger.events import Role, Severity
from ledger.quiet import QuietTimes

MOSCOW = ZoneInfo("Europe/Moscow")
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 24, 12, tzinfo=MOSCOW)  # a Tuesday
BOTH = frozenset(Role)


def rules(
    known: frozenset[Role] = BOTH,
    repeat: int = 24,
    escalate: int = 8,
    quiet: tuple[int, int] = (20, 8),
    days: frozenset[int] = frozenset(),
) -> Rules:
    return Rules(
        known=known,
        repeat=repeat * HOUR if repeat else None,
        escalate=escalate * HOUR if escalate else None,
        quiet=QuietTimes(zone=MOSCOW, begin=time(quiet[0]), end=time(quiet[1]), days=days),
        passing=frozenset({Severity.ALARM}),
    )


def case(number: int, opened: datetime = NOON, severity: Severity = Severity.DENY) -> CaseRow:
    return CaseRow(
        case=number,
        workstation=1,
        severity=severity,
        what="rule",
        subject=str(number),
        open=True,
        reason="",
        mailed="",
        opened_at=opened.astimezone(UTC).isoformat(),
        taken_at="",
        taken_by="",
    )


def absence(role: Role, first: str, last: str = "", back: str = "") -> AbsenceRow:
    return AbsenceRow(absence=1, role=role, first=first, last=last, back=back, ground="приказ")


class Post:
    """Mail as it goes on: everything that is planned is sent, and remembered."""

    def __init__(self, rules: Rules, *cases: CaseRow, absences: Sequence[AbsenceRow] = ()) -> None:
        self.rules = rules
        self.cases = list(cases)
        self.absences = list(absences)
        self.letters: list[LetterRow] = []
        self.began = NOON - 1000 * HOUR
        self.refusing: set[Role] = set()
        self.full: set[Role] = set()

    def look(self, now: datetime) -> Plan:
        return plan(
            self.rules,
            cases=self.cases,
            letters=self.letters,
            absences=self.absences,
            now=now,
            began=self.began,
        )

    def at(self, now: datetime) -> list[tuple[Role, list[int]]]:
        """To whom what goes at ``now``."""
        letters = self.look(now).letters
        for letter in letters:
            self._sent(letter, now)
        return [(one.role, [entry.case for entry in one.entries]) for one in letters]

    def until(self, now: datetime, end: datetime) -> list[tuple[datetime, Role, list[int]]]:
        """All that goes from ``now`` to ``end`` where each time is slept until the next."""
        gone = []
        while now <= end:
            while sent := self.at(now):
                gone += [(now, role, cases) for role, cases in sent]
            again = self.look(now).again
            if again is None:
                break
            assert again > now
            now = again
        return gone

    def _sent(self, letter: Letter, now: datetime) -> None:
        delivered = letter.role not in self.refusing | self.full
        self.letters += [
            LetterRow(
                case=entry.case,
                role=letter.role,
                repetition=entry.number,
                at=now.astimezone(UTC).isoformat(),
                delivered=delivered,
                permanent=letter.role in self.refusing,
                reply=250 if delivered else 550,
                message_id=f"<{entry.case}.{letter.role}.{entry.number}>" if delivered else "",
            )
            for entry in letter.entries
        ]


class TestRepeating:
    def test_each_new_case_is_a_message_at_once(self) -> None:
        post = Post(rules(), case(1), case(2))
        assert post.at(NOON) == [(Role.OFFICER, [1]), (Role.OFFICER, [2])]
        assert post.at(NOON) == []

    def test_it_is_repeated_while_nobody_takes_it(self) -> None:
        post = Post(rules(escalate=0), case(1))
        sent = post.until(NOON, NOON + 72 * HOUR)
        assert [at for at, _, _ in sent] == [NOON + n * 24 * HOUR for n in range(4)]
        assert {role for _, role, _ in sent} == {Role.OFFICER}
        post.cases.clear()
        assert post.look(NOON + 96 * HOUR) == Plan(letters=(), again=None)

    def test_never_is_never(self) -> None:
        post = Post(rules(repeat=0, escalate=0), case(1))
        assert post.at(NOON) == [(Role.OFFICER, [1])]
        assert post.look(NOON) == Plan(letters=(), again=None)

    def test_repetitions_of_different_hours_come_to_go_together(self) -> None:
        post = Post(rules(escalate=0))
        for number in range(1, 6):
            opened = NOON + (number - 1) * HOUR
            post.cases.append(case(number, opened))
            assert post.at(opened) == [(Role.OFFICER, [number])]
        later = post.until(NOON + 5 * HOUR, NOON + 80 * HOUR)
        assert later == [(NOON + n * 24 * HOUR, Role.OFFICER, [1, 2, 3, 4, 5]) for n in (1, 2, 3)]

    def test_a_repetition_answers_the_first_message_to_the_same_person(self) -> None:
        post = Post(rules(), case(1))
        (first,) = post.look(NOON).letters
        assert (first.entries[0].number, first.entries[0].thread) == (1, "")
        post.at(NOON)
        (to_deputy,) = post.look(NOON + 21 * HOUR).letters
        assert (to_deputy.entries[0].number, to_deputy.entries[0].thread) == (1, "")
        post.at(NOON + 21 * HOUR)
        (again,) = post.look(NOON + 24 * HOUR).letters
        assert (again.entries[0].number, again.entries[0].thread) == (2, "<1.officer.1>")


class TestQuiet:
    NIGHT = NOON + 9 * HOUR
    MORNING = NOON + 20 * HOUR

    def test_the_night_is_waited_for_and_then_one_message_tells_all(self) -> None:
        post = Post(rules(), case(1, self.NIGHT), case(2, self.NIGHT, Severity.WARN))
        assert post.at(self.NIGHT) == []
        assert post.look(self.NIGHT).again == self.MORNING
        assert post.at(self.MORNING) == [(Role.OFFICER, [1, 2])]

    def test_the_gravest_stands_first(self) -> None:
        post = Post(rules(), case(1, self.NIGHT, Severity.WARN), case(2, self.NIGHT))
        assert post.at(self.MORNING) == [(Role.OFFICER, [2, 1])]

    def test_an_alarm_disturbs(self) -> None:
        cases = case(1, self.NIGHT, Severity.ALARM), case(2, self.NIGHT)
        post = Post(rules(escalate=0), *cases)
        assert post.at(self.NIGHT) == [(Role.OFFICER, [1])]
        assert post.look(self.NIGHT).again == self.MORNING

    def test_what_a_server_left_over_is_not_sent_at_night_either(self) -> None:
        post = Post(rules(), case(1))
        assert post.at(self.NIGHT) == []
        assert post.at(self.MORNING) == [(Role.OFFICER, [1])]

    def test_a_repetition_that_falls_into_the_night_waits(self) -> None:
        post = Post(rules(repeat=9, escalate=0), case(1))
        sent = post.until(NOON, NOON + 30 * HOUR)
        assert [at for at, _, _ in sent] == [NOON, self.MORNING, self.MORNING + 9 * HOUR]

    def test_a_weekend_is_waited_for(self) -> None:
        friday = NOON + 3 * 24 * HOUR
        post = Post(rules(days=frozenset({5, 6})), case(1, friday + 9 * HOUR))
        assert post.look(friday + 9 * HOUR).again == friday + 68 * HOUR


class TestDeputy:
    def test_what_is_left_lying_goes_to_the_deputy_too(self) -> None:
        post = Post(rules(quiet=(0, 0)), case(1))
        sent = post.until(NOON, NOON + 33 * HOUR)
        assert sent == [
            (NOON, Role.OFFICER, [1]),
            (NOON + 8 * HOUR, Role.DEPUTY, [1]),
            (NOON + 24 * HOUR, Role.OFFICER, [1]),
            (NOON + 32 * HOUR, Role.DEPUTY, [1]),
        ]
        (letter,) = Post(rules(quiet=(0, 0)), case(1)).look(NOON).letters
        assert letter.why is Why.IN_CHARGE

    def test_the_time_runs_from_when_the_responsible_user_was_told(self) -> None:
        post = Post(rules(), case(1, TestQuiet.NIGHT))
        assert post.at(TestQuiet.MORNING) == [(Role.OFFICER, [1])]
        assert post.look(TestQuiet.MORNING).again == TestQuiet.MORNING + 8 * HOUR

    def test_a_mailbox_that_is_full_for_hours_is_as_one_that_nobody_reads(self) -> None:
        post = Post(rules(quiet=(0, 0)), case(1))
        post.full = {Role.OFFICER}
        assert post.at(NOON) == [(Role.OFFICER, [1])]
        assert post.at(NOON + 8 * HOUR - timedelta(seconds=1)) == [(Role.OFFICER, [1])]
        assert (Role.DEPUTY, [1]) in post.at(NOON + 8 * HOUR)

    def test_without_escalation_the_deputy_hears_nothing(self) -> None:
        sent = Post(rules(escalate=0), case(1)).until(NOON, NOON + 72 * HOUR)
        assert {role for _, role, _ in sent} == {Role.OFFICER}

    def test_without_an_address_nobody_is_escalated_to(self) -> None:
        post = Post(rules(known=frozenset({Role.OFFICER})), case(1))
        assert {role for _, role, _ in post.until(NOON, NOON + 72 * HOUR)} == {Role.OFFICER}

    def test_who_is_absent_is_not_written_to(self) -> None:
        away = absence(Role.OFFICER, "2026-11-24", "2026-11-25")
        post = Post(rules(quiet=(0, 0), escalate=0), case(1), absences=[away])
        (letter,) = post.look(NOON).letters
        assert (letter.role, letter.why) == (Role.DEPUTY, Why.OFFICER_AWAY)
        sent = post.until(NOON, NOON + 60 * HOUR)
        midnight = datetime(2026, 11, 26, tzinfo=MOSCOW)
        assert sent[:3] == [
            (NOON, Role.DEPUTY, [1]),
            (NOON + 24 * HOUR, Role.DEPUTY, [1]),
            (midnight, Role.OFFICER, [1]),
        ]
        assert NOON + 48 * HOUR not in [at for at, _, _ in sent]

    def test_when_an_absence_begins_the_deputy_gets_what_is_open_in_one_message(self) -> None:
        away = absence(Role.OFFICER, "2026-11-25")
        post = Post(rules(escalate=0), case(1), case(2), absences=[away])
        sent = post.until(NOON, NOON + 24 * HOUR)
        assert sent == [
            (NOON, Role.OFFICER, [1]),
            (NOON, Role.OFFICER, [2]),
            (NOON + 20 * HOUR, Role.DEPUTY, [1, 2]),
        ]

    def test_back_earlier_than_said(self) -> None:
        away = absence(Role.OFFICER, "2026-11-20", "2026-12-31", back="2026-11-24")
        assert Post(rules(), case(1), absences=[away]).at(NOON) == [(Role.OFFICER, [1])]

    def test_nobody_there_is_everybody_and_is_said(self) -> None:
        away = [absence(role, "2026-11-24") for role in Role]
        letters = Post(rules(), case(1), absences=away).look(NOON).letters
        assert {letter.role for letter in letters} == BOTH
        assert {letter.why for letter in letters} == {Why.NOBODY_THERE}

    def test_absent_without_a_deputy_is_told_all_the_same_and_it_is_said(self) -> None:
        post = Post(
            rules(known=frozenset({Role.OFFICER})),
            case(1),
            absences=[absence(Role.OFFICER, "2026-11-24")],
        )
        (letter,) = post.look(NOON).letters
        assert (letter.role, letter.why) == (Role.OFFICER, Why.NOBODY_THERE)

    def test_an_absent_deputy_is_not_escalated_to(self) -> None:
        post = Post(rules(quiet=(0, 0)), case(1), absences=[absence(Role.DEPUTY, "2026-11-24")])
        assert {role for _, role, _ in post.until(NOON, NOON + 48 * HOUR)} == {Role.OFFICER}

    def test_a_midnight_that_comes_twice_is_slept_through(self) -> None:
        """In Santiago the clock is put back at midnight: the day begins, and begins again."""
        zone = ZoneInfo("America/Santiago")
        quiet = QuietTimes(zone=zone)
        here = Rules(known=BOTH, repeat=None, escalate=None, quiet=quiet, passing=frozenset())
        evening = datetime(2026, 4, 4, 12, tzinfo=zone)
        away = absence(Role.OFFICER, "2026-04-05")
        post = Post(here, case(1, evening), absences=[away])
        sent = post.until(evening, evening + 48 * HOUR)
        assert [role for _, role, _ in sent] == [Role.OFFICER, Role.DEPUTY]
        assert sent[1][0] == datetime(2026, 4, 5, 4, tzinfo=UTC)


class TestRefusedAddress:
    def test_it_is_let_be_until_the_next_repetition_and_the_deputy_is_told(self) -> None:
        post = Post(rules(quiet=(0, 0), escalate=0), case(1))
        post.refusing = {Role.OFFICER}
        sent = post.until(NOON, NOON + 24 * HOUR)
        assert sent[:2] == [(NOON, Role.OFFICER, [1]), (NOON, Role.DEPUTY, [1])]
        assert [role for at, role, _ in sent if at > NOON] == [Role.OFFICER, Role.DEPUTY]

    def test_it_is_let_be_for_ever_where_nothing_is_repeated(self) -> None:
        post = Post(rules(known=frozenset({Role.OFFICER}), repeat=0), case(1))
        post.refusing = {Role.OFFICER}
        assert post.at(NOON) == [(Role.OFFICER, [1])]
        assert post.look(NOON + 9000 * HOUR) == Plan(letters=(), again=None)

    def test_a_new_beginning_tries_it_again(self) -> None:
        post = Post(rules(known=frozenset({Role.OFFICER}), repeat=0), case(1))
        post.refusing = {Role.OFFICER}
        post.at(NOON)
        post.refusing, post.began = set(), NOON + HOUR
        assert post.at(NOON + HOUR) == [(Role.OFFICER, [1])]

    def test_refused_everywhere_is_tried_with_each_repetition(self) -> None:
        post = Post(rules(quiet=(0, 0)), case(1))
        post.refusing = set(Role)
        sent = post.until(NOON, NOON + 50 * HOUR)
        assert {at for at, _, _ in sent} == {NOON, NOON + 24 * HOUR, NOON + 48 * HOUR}


_HOURS = st.integers(-100, 100).map(lambda hours: NOON + hours * HOUR)
_CASES = st.lists(st.tuples(_HOURS, st.sampled_from(Severity)), min_size=1, max_size=6).map(
    lambda made: [case(number, *one) for number, one in enumerate(made, 1)]
)
_DAYS = st.integers(1, 28).map(lambda day: f"2026-11-{day:02d}")
_ABSENCES = st.lists(
    st.builds(
        absence,
        st.sampled_from(Role),
        _DAYS,
        st.one_of(st.just(""), _DAYS),
        st.one_of(st.just(""), _DAYS),
    ),
    max_size=3,
)
_RULES = st.builds(
    rules,
    known=st.sampled_from([BOTH, frozenset({Role.OFFICER})]),
    repeat=st.sampled_from([0, 1, 7, 24, 200]),
    escalate=st.sampled_from([0, 1, 8, 100]),
    quiet=st.tuples(st.integers(0, 23), st.integers(0, 23)),
    days=st.frozensets(st.integers(0, 6), max_size=6),
)


_REFUSING = st.sampled_from([frozenset[Role](), frozenset({Role.OFFICER}), BOTH])


@settings(max_examples=40)
@given(rules=_RULES, cases=_CASES, absences=_ABSENCES, refusing=_REFUSING)
def test_whatever_the_settings(
    rules: Rules, cases: list[CaseRow], absences: list[AbsenceRow], refusing: frozenset[Role]
) -> None:
    post = Post(rules, *cases, absences=absences)
    post.refusing = set(refusing)
    now, looks = NOON, 0
    while now < NOON + 240 * HOUR and looks < 1500:
        planned = post.look(now)
        is_quiet = rules.quiet.holds(now)
        for letter in planned.letters:
            assert letter.role in rules.known
            # Nothing disturbs in a quiet time but what may, with what goes along.
            assert not is_quiet or any(e.severity in rules.passing for e in letter.entries)
            named = [entry.case for entry in letter.entries]
            assert len(named) == len(set(named))
        post.at(now)
        # All that was due is gone, so nobody is woken twice in one instant.
        again = post.look(now)
        if not again.letters and again.again is None:
            break
        if not again.letters:
            assert again.again is not None
            assert again.again > now
            now = again.again
        looks += 1
    assert looks < 1500
    if not refusing:
        told = {letter.case for letter in post.letters}
        due = {c.case for c in cases if rules.quiet.over(NOON) < NOON + 240 * HOUR}
        assert told >= due


@pytest.mark.parametrize("hour", range(24))
def test_a_case_of_any_hour_is_told_in_the_day(hour: int) -> None:
    opened = NOON + hour * HOUR
    post = Post(rules(), case(1, opened))
    (at, _, _), *_ = post.until(opened, opened + 24 * HOUR)
    assert at == post.rules.quiet.over(opened)
