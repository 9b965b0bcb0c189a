"""Which looks follow a change, and that none is made for nothing."""

from __future__ import annotations

from agent.look_times import ENOUGH_LOOKS_S, LOOKS_AFTER_S, LookTimes


def looks(times: LookTimes, settled_at: float) -> list[float]:
    """Asked whenever it wants to be asked: when it looks, where all is settled from then on."""
    made = []
    while (now := times.next_at) is not None:
        if times.is_due(now, now >= settled_at):
            made.append(now)
    return made


def test_a_change_is_followed_by_looks_until_all_is_settled() -> None:
    times = LookTimes()
    times.changed(0.0)
    assert looks(times, settled_at=99.0) == list(LOOKS_AFTER_S)
    times.changed(0.0)
    assert looks(times, settled_at=2.0) == [at for at in LOOKS_AFTER_S if at < 2.0]


def test_the_first_looks_are_made_however_settled_it_seems() -> None:
    times = LookTimes()
    times.changed(0.0)
    assert looks(times, settled_at=0.0) == [at for at in LOOKS_AFTER_S if at < ENOUGH_LOOKS_S]


def test_nobody_is_woken_for_looks_that_are_not_needed() -> None:
    times = LookTimes()
    times.changed(0.0)
    assert not times.is_due(ENOUGH_LOOKS_S, settled=True)
    assert times.next_at is None


def test_a_late_look_stands_for_those_that_were_missed() -> None:
    times = LookTimes()
    times.changed(0.0)
    assert times.is_due(3.0, settled=False)
    assert times.next_at == 4.0


def test_a_change_begins_anew_and_one_more_look_adds_to_none() -> None:
    times = LookTimes()
    times.once_more(5.0)
    times.once_more(4.0)
    assert times.next_at == 5.0
    times.changed(10.0)
    times.once_more(10.1)
    assert times.next_at == 10.0 + LOOKS_AFTER_S[0]
