"""When a module that keeps failing is asked again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent.quarantine import (
    FAILING_S,
    FAILURES,
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    Quarantine,
)


def begun(at: float = 0.0) -> Quarantine:
    """Quarantined at ``at``."""
    quarantine = Quarantine()
    for number in range(FAILURES):
        began = quarantine.failed(at - FAILING_S + number * FAILING_S / (FAILURES - 1))
        assert began == (number == FAILURES - 1)
    return quarantine


def test_a_few_failures_within_a_moment_are_none() -> None:
    quarantine = Quarantine()
    assert not any(quarantine.failed(tenth / 10) for tenth in range(9))
    assert quarantine.allows(1.0)
    assert quarantine.failed(FAILING_S)
    assert not quarantine.allows(FAILING_S)


def test_a_long_time_of_few_failures_is_none_either() -> None:
    quarantine = Quarantine()
    assert not any(quarantine.failed(1000.0 * number) for number in range(FAILURES - 1))


def test_an_answer_in_between_forgets_all() -> None:
    quarantine = Quarantine()
    quarantine.failed(0.0)
    quarantine.failed(5.0)
    quarantine.answered()
    assert not quarantine.failed(20.0)
    assert quarantine.failures == 1
    ended = begun()
    ended.answered()
    assert ended.allows(0.0)


def test_it_is_tried_ever_more_rarely_up_to_an_hour() -> None:
    quarantine, now, pauses = begun(), 0.0, list[float]()
    for _ in range(9):
        pause = next(s for s in range(1, 9999) if quarantine.is_due(now + s))
        assert not quarantine.allows(now + pause - 1)
        pauses.append(pause)
        now += pause
        assert quarantine.failed(now) is False, "told once"
    assert pauses[:3] == [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S]
    assert pauses[-1] == LONGEST_PAUSE_S


def test_lifted_it_is_tried_once_and_waits_no_longer_for_that() -> None:
    quarantine = begun()
    quarantine.lift(5.0)
    assert quarantine.allows(5.0)
    quarantine.failed(6.0)
    assert not quarantine.allows(6.0 + FIRST_PAUSE_S - 1)
    assert quarantine.is_due(6.0 + FIRST_PAUSE_S)
    free = Quarantine()
    free.lift(0.0)
    assert not free.begun


@given(st.lists(st.tuples(st.floats(0.0, 5000.0), st.sampled_from("faL")), max_size=60))
def test_whatever_happens_it_is_due_within_an_hour(steps: list[tuple[float, str]]) -> None:
    quarantine, now = Quarantine(), 0.0
    for after, what in steps:
        now += after
        if what == "f":
            quarantine.failed(now)
        elif what == "a":
            quarantine.answered()
        else:
            quarantine.lift(now)
        assert quarantine.allows(now + LONGEST_PAUSE_S)
