"""Looking again for what can't be seen: soon, then rarely."""

from __future__ import annotations

from itertools import pairwise

from agent.retry import Retry


def tries(retry: Retry, needed: bool, start: float, ticks: int) -> list[float]:
    """At which of the ticks, one every 20 s, a try is due."""
    instants = [start + 20.0 * number for number in range(ticks)]
    return [now - start for now in instants if retry.is_due(needed, now)]


def test_nothing_missing_needs_no_try() -> None:
    assert tries(Retry(20, 300), False, 0.0, 100) == []


def test_tries_become_rare_and_do_not_end() -> None:
    due = tries(Retry(20, 300), True, 1000.0, 100)
    pauses = [later - earlier for earlier, later in pairwise(due)]
    assert due[0] == 20.0
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (40.0, 300.0)


def test_what_is_seen_again_and_lost_again_is_tried_soon() -> None:
    retry = Retry(20, 300)
    tries(retry, True, 0.0, 50)
    assert tries(retry, False, 1000.0, 1) == []
    assert tries(retry, True, 1020.0, 3) == [20.0]
