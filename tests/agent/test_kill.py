"""kill -9 of the agent and of its worker at random moments while carriers come and go.

What was once on disk stays there, nothing comes or goes twice, the chain holds, and after each
kill the agent sees what is really plugged. KLYUCHAR_KILLS says how often.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from domain.errors import CouldNotAsk
from journal.reader import read
from journal.verify import verify
from tests.agent.story import told
from tests.kills import KILLS
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

ISSUED, UNKNOWN = ("a", "b"), ("c",)
LONGEST_WAIT_S = 0.25
"""Longer than any insertion takes from its message to its verdict on disk."""


class Players:
    """Plug and pull tokens at random, whether anybody watches or not."""

    def __init__(self, station: Workstation, chance: random.Random) -> None:
        self._station = station
        self._chance = chance
        self.inside = set[str]()

    def play(self, moves: int) -> None:
        for _ in range(moves):
            name = self._chance.choice(ISSUED + UNKNOWN)
            act = self._station.remove if name in self.inside else self._station.insert
            self.inside ^= {name}
            with suppress(CouldNotAsk):  # nobody listens: the token was moved all the same
                act(name)
            self.dawdle(0.05)

    def dawdle(self, longest: float = LONGEST_WAIT_S) -> None:
        """The moment is the chance that is being tested, not a wait for something."""
        time.sleep(self._chance.uniform(0, longest))

    def is_told(self) -> bool:
        """Whether the journal says just what is plugged, with the right verdicts."""
        story = told(self._station.records())
        expected = {
            self._station.carrier(name): "allow" if name in ISSUED else "deny"
            for name in self.inside
        }
        return story.verdicts == expected and set(story.here) == set(expected)


@pytest.fixture
def station() -> Iterator[Workstation]:
    with workstation() as made:
        made.make_tokens(*ISSUED, *UNKNOWN)
        made.issue(*ISSUED)
        made.start()
        yield made


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(1 << 32)
    print("seed", seed)  # shown where the test fails
    return random.Random(seed)


@pytest.fixture
def players(station: Workstation, chance: random.Random) -> Players:
    return Players(station, chance)


def raw(station: Workstation) -> list[bytes]:
    return [line.raw for line in read(station.journal)]


def test_killing_the_agent(station: Workstation, players: Players, chance: random.Random) -> None:
    for _ in range(KILLS):
        players.play(chance.randint(1, 3))
        players.dawdle()
        on_disk = raw(station)
        assert station.stop(signal.SIGKILL) == -signal.SIGKILL
        players.play(chance.randint(0, 2))
        station.start()
        wait_for(players.is_told, what="the agent sees what is plugged")
        assert raw(station)[: len(on_disk)] == on_disk
    assert len(station.events("Started")) == KILLS + 1
    ends_well(station)


def test_killing_the_worker(station: Workstation, players: Players, chance: random.Random) -> None:
    for _ in range(KILLS):
        players.play(chance.randint(1, 3))
        players.dawdle()
        for pid in wait_for(station.workers, what="a worker"):
            os.kill(pid, signal.SIGKILL)
        wait_for(players.is_told, what="the agent sees what is plugged")
    assert len(station.events("Started")) == 1
    ends_well(station)


def ends_well(station: Workstation) -> None:
    assert station.stop() == 0
    assert station.said() == ""
    report = verify(station.journal, public_key=None, strict=True)
    assert report.breach is None
    assert report.records == len(station.records())
