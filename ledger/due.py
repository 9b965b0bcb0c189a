"""What mail is due: which cases, to whom, when, and what may go together. Pure: no clock, no I/O.

A case nobody has taken is told at once, each in a message of its own. What a quiet time held back
and what is only repeated goes together: a list of numbers is kinder to a person than thirty
messages. Whom a case is told: see `ledger.absences`; one that the responsible user leaves lying is
told to the deputy as well.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto

from ledger.absences import addressees, away_on, days_of_change
from ledger.books import AbsenceRow, CaseRow, LetterRow
from ledger.events import Role, Severity
from ledger.quiet import QuietTimes

_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """When mail is sent. ``known`` are those who have an address. ``repeat`` is the time between
    two messages about a case, ``escalate`` how long the responsible user may leave a case lying;
    None: never. Severities in ``passing`` know no quiet times."""

    known: frozenset[Role]
    repeat: timedelta | None
    escalate: timedelta | None
    quiet: QuietTimes
    passing: frozenset[Severity]


class Why(Enum):
    """Why this person is written to, where that is worth saying."""

    IN_CHARGE = auto()
    OFFICER_AWAY = auto()
    LEFT_LYING = auto()
    NOBODY_THERE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A case in a letter: its ``number``-th to this person; ``thread`` is the id of the first one,
    empty where this is it."""

    case: int
    severity: Severity
    number: int
    thread: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One message to one person, about one case or several."""

    role: Role
    why: Why
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is due now, and when to look again: at an aware instant, None where only something new
    can make mail due."""

    letters: tuple[Letter, ...]
    again: datetime | None


def plan(
    rules: Rules,
    *,
    cases: list[CaseRow],
    letters: list[LetterRow],
    absences: list[AbsenceRow],
    now: datetime,
    began: datetime,
) -> Plan:
    """What to send of the unanswered ``cases`` at ``now``.

    ``letters`` are those about them so far. A refusal of an address before ``began``, when the
    settings were read, may be mended and counts for nothing.
    """
    day = now.astimezone(rules.quiet.zone).date().isoformat()
    moment = _Moment(rules=rules, away=away_on(absences, day), now=now)
    histories = _histories(letters, began)
    tracks = [track for case in cases for track in _tracks(moment, case, histories[case.case])]
    again = [_again(rules, tracks, now), _next_change(rules, absences, day, now) if cases else None]
    return Plan(
        letters=tuple(_gathered(rules, tracks, now)),
        again=min((one for one in again if one is not None), default=None),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Moment:
    rules: Rules
    away: frozenset[Role]
    now: datetime


@dataclass(slots=True)
class _History:
    """What one person was told of one case: ``tried`` is when it was first attempted, ``last`` the
    latest delivery, ``refused`` when their address was."""

    count: int = 0
    tried: datetime | None = None
    last: datetime | None = None
    refused: datetime | None = None
    thread: str = ""


_Histories = dict[Role, _History]


def _histories(letters: list[LetterRow], began: datetime) -> defaultdict[int, _Histories]:
    by_case: defaultdict[int, _Histories] = defaultdict(lambda: {role: _History() for role in Role})
    for letter in letters:
        history, at = by_case[letter.case][letter.role], datetime.fromisoformat(letter.at)
        history.tried = history.tried or at
        if letter.delivered:
            history.count += 1
            history.thread = history.thread or letter.message_id
            history.last, history.refused = at, None
        elif letter.permanent and at >= began:
            history.refused = at
    return by_case


@dataclass(frozen=True, slots=True, kw_only=True)
class _Track:
    """One case on its way to one person: ``due`` whatever the hour, ``news`` where nobody was told
    of it before."""

    role: Role
    why: Why
    entry: Entry
    due: datetime
    news: bool


def _tracks(moment: _Moment, case: CaseRow, told: _Histories) -> list[_Track]:
    known = moment.rules.known
    refused = {role: until for role in known if (until := _until(moment, told[role].refused))}
    missing = moment.away | set(refused)
    charged = addressees(known, missing)
    news = not any(history.count for history in told.values())
    tracks = []
    for role in known:
        due = refused.get(role) or _due(moment, role, case, told, charged)
        if due is None or due == _NEVER:
            continue
        entry = Entry(
            case=case.case,
            severity=case.severity,
            number=told[role].count + 1,
            thread=told[role].thread,
        )
        why = _why(role, charged, missing)
        tracks.append(_Track(role=role, why=why, entry=entry, due=due, news=news))
    return tracks


def _until(moment: _Moment, refused: datetime | None) -> datetime | None:
    """Until when a refused address is let be; None where it is none or is tried again now."""
    if refused is None:
        return None
    until = refused + moment.rules.repeat if moment.rules.repeat else _NEVER
    return until if moment.now < until else None


def _due(
    moment: _Moment, role: Role, case: CaseRow, told: _Histories, charged: frozenset[Role]
) -> datetime | None:
    rules, since = moment.rules, None
    # A mailbox that is full is no reason to leave a case lying any longer.
    lying = told[Role.OFFICER].tried
    if role in charged:
        since = min(datetime.fromisoformat(case.opened_at), moment.now)
    elif role is Role.DEPUTY and role not in moment.away and lying and rules.escalate:
        since = lying + rules.escalate
    last = told[role].last
    if since is None or last is None:
        return since
    return max(since, last + rules.repeat) if rules.repeat else None


def _why(role: Role, charged: frozenset[Role], missing: frozenset[Role]) -> Why:
    if role not in charged:
        return Why.LEFT_LYING
    if role in missing:
        return Why.NOBODY_THERE
    return Why.IN_CHARGE if role is Role.OFFICER else Why.OFFICER_AWAY


def _gathered(rules: Rules, tracks: list[_Track], now: datetime) -> list[Letter]:
    """The letters of the tracks that are due and may disturb now."""
    letters = []
    groups: defaultdict[tuple[Role, Why], list[_Track]] = defaultdict(list)
    is_quiet = rules.quiet.holds(now)
    for track in tracks:
        passes = track.entry.severity in rules.passing
        if track.due > now or (is_quiet and not passes):
            continue
        if track.news and (passes or not rules.quiet.holds(track.due)):
            letters.append(Letter(role=track.role, why=track.why, entries=(track.entry,)))
        else:
            groups[track.role, track.why].append(track)
    for (role, why), due in groups.items():
        together = [*due, *_soon(rules, tracks, role, why, now)]
        entries = sorted((track.entry for track in together), key=_gravest_first)
        letters.append(Letter(role=role, why=why, entries=tuple(entries)))
    return letters


def _soon(rules: Rules, tracks: list[_Track], role: Role, why: Why, now: datetime) -> list[_Track]:
    """What would be repeated within half the time anyway goes along: from then on all of it comes
    together, once in that time."""
    horizon = now + (rules.repeat or timedelta()) / 2
    return [
        track
        for track in tracks
        if (track.role, track.why) == (role, why)
        and track.entry.number > 1
        and now < track.due <= horizon
    ]


def _gravest_first(entry: Entry) -> tuple[int, int]:
    return (-list(Severity).index(entry.severity), entry.case)


def _again(rules: Rules, tracks: list[_Track], now: datetime) -> datetime | None:
    """When the next of the tracks may go that may not go now."""
    at: list[datetime] = []
    for passing in (True, False):
        dues = [t.due for t in tracks if (t.entry.severity in rules.passing) is passing]
        later = [due for due in dues if due > now]
        if not passing and len(later) < len(dues) and rules.quiet.holds(now):
            at.append(rules.quiet.over(now))
        if later:
            at.append(min(later) if passing else rules.quiet.over(min(later)))
    return min(at, default=None)


def _next_change(
    rules: Rules, absences: list[AbsenceRow], day: str, now: datetime
) -> datetime | None:
    """The beginning of the next day with which somebody goes or comes back."""
    later = [change for change in days_of_change(absences) if change > day]
    if not later:
        return None
    midnight = datetime.combine(date.fromisoformat(later[0]), time.min, rules.quiet.zone)
    # A clock put back at midnight has two of them.
    both = (midnight.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    return next((instant for instant in both if instant > now), None)
