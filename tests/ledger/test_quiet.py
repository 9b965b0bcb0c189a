"""Quiet times: over midnight, on whole days, and over the days on which clocks are put."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.quiet import QuietTimes, hours

MOSCOW = ZoneInfo("Europe/Moscow")
# Clocks are put by an hour, by half an hour, at midnight; and a whole day that never was.
ZONES = [
    ZoneInfo(name)
    for name in (
        "Europe/Moscow",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kathmandu",
        "Pacific/Apia",
        "UTC",
    )
]
_CLOCK = st.builds(time, st.integers(0, 23), st.integers(0, 59))
_QUIET = st.builds(
    QuietTimes,
    zone=st.sampled_from(ZONES),
    begin=_CLOCK,
    end=_CLOCK,
    days=st.frozensets(st.integers(0, 6), max_size=6),
)
_INSTANTS = st.datetimes(
    datetime(2011, 1, 1), datetime(2031, 1, 1), timezones=st.just(UTC)
) | st.sampled_from(
    [
        datetime(2026, 3, 29, 0, 59, 59, tzinfo=UTC),  # Berlin: 02:00 is 03:00
        datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # Berlin: 03:00 is 02:00
        datetime(2026, 9, 6, 3, 59, tzinfo=UTC),  # Santiago: midnight is 01:00
        datetime(2026, 4, 5, 2, 59, tzinfo=UTC),  # Santiago: midnight is 23:00
        datetime(2014, 10, 25, 21, 59, tzinfo=UTC),  # Moscow's last
        datetime(2011, 12, 30, 9, 59, tzinfo=UTC),  # Apia: no 30 December
    ]
)
MINUTE = timedelta(minutes=1)


@given(quiet=_QUIET, now=_INSTANTS, share=st.integers(0, 999))
def test_it_is_quiet_until_it_is_over(quiet: QuietTimes, now: datetime, share: int) -> None:
    over = quiet.over(now)
    assert over >= now
    assert not quiet.holds(over)
    if over > now:
        assert quiet.holds(now)
        assert quiet.holds(over - timedelta(microseconds=1))
        assert quiet.holds(now + (over - now) * share // 1000)


@given(quiet=_QUIET, now=_INSTANTS)
def test_what_is_not_quiet_is_over_at_once(quiet: QuietTimes, now: datetime) -> None:
    assert quiet.holds(now) or quiet.over(now) == now


@given(quiet=_QUIET, now=_INSTANTS)
def test_a_quiet_day_is_quiet_all_day_and_no_other_is(quiet: QuietTimes, now: datetime) -> None:
    local = now.astimezone(quiet.zone)
    if local.weekday() in quiet.days:
        assert quiet.holds(now)
    else:
        plain = QuietTimes(zone=quiet.zone, begin=quiet.begin, end=quiet.end)
        assert quiet.holds(now) == plain.holds(now)


@given(begin=_CLOCK, end=_CLOCK, now=_INSTANTS)
def test_the_hours_the_other_way_round_are_all_the_others(
    begin: time, end: time, now: datetime
) -> None:
    if begin != end:
        one = QuietTimes(zone=MOSCOW, begin=begin, end=end)
        other = QuietTimes(zone=MOSCOW, begin=end, end=begin)
        assert one.holds(now) != other.holds(now)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        ("2026-11-24T19:59:59+03:00", "2026-11-24T19:59:59+03:00"),
        ("2026-11-24T20:00:00+03:00", "2026-11-25T08:00:00+03:00"),
        ("2026-11-25T07:59:59+03:00", "2026-11-25T08:00:00+03:00"),
        # Friday evening: the week-end is quiet whole, and the night to Monday.
        ("2026-11-27T20:30:00+03:00", "2026-11-30T08:00:00+03:00"),
        ("2026-11-28T12:00:00+03:00", "2026-11-30T08:00:00+03:00"),
    ],
)
def test_a_library_in_moscow(now: str, over: str) -> None:
    quiet = QuietTimes(zone=MOSCOW, begin=time(20), end=time(8), days=frozenset({5, 6}))
    assert quiet.over(datetime.fromisoformat(now)) == datetime.fromisoformat(over)


@pytest.mark.parametrize(
    ("end", "over"),
    [
        # 02:30 does not come that night: quiet is over when the clock is beyond it.
        (time(2, 30), "2026-03-29T03:00:00+02:00"),
        (time(8), "2026-03-29T08:00:00+02:00"),
    ],
)
def test_the_night_the_clock_is_put_forward(end: time, over: str) -> None:
    quiet = QuietTimes(zone=ZoneInfo("Europe/Berlin"), begin=time(20), end=end)
    evening = datetime.fromisoformat("2026-03-28T22:00:00+01:00")
    assert quiet.over(evening) == datetime.fromisoformat(over)


def test_the_night_the_clock_is_put_back_has_an_hour_that_is_quiet_again() -> None:
    quiet = QuietTimes(zone=ZoneInfo("Europe/Berlin"), begin=time(20), end=time(2, 30))
    first = datetime.fromisoformat("2026-10-25T02:30:00+02:00")
    assert not quiet.holds(first)
    assert quiet.holds(datetime.fromisoformat("2026-10-25T02:00:00+01:00"))
    assert quiet.over(first + 30 * MINUTE) == datetime.fromisoformat("2026-10-25T02:30:00+01:00")


def test_always_quiet_is_said_and_not_waited_for() -> None:
    quiet = QuietTimes(zone=UTC, days=frozenset(range(7)))
    with pytest.raises(ValueError, match="never"):
        quiet.over(datetime(2026, 11, 24, tzinfo=UTC))


def test_hours_are_read_as_they_are_written() -> None:
    assert hours("20:00-08:00") == (time(20), time(8))
    assert hours("00:00-23:59") == (time(0), time(23, 59))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20-8",
        "20:00",
        "24:00-08:00",
        "20:00-08:60",
        "20:00-20:00",
        " 20:00-08:00",
        "1٢:00-08:00",
    ],
)
def test_what_is_no_hours_is_none(text: str) -> None:
    assert hours(text) is None
