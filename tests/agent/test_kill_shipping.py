"""kill -9 of the courier and of the ledger at random moments while a journal is shipped.

What was acknowledged is in the ledger, every line once, each verdict is one case, and the chains
hold on both sides. KLYUCHAR_KILLS says how often.
"""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.verdict import Level
from journal.segments import segment_path
from journal.verify import verify
from ledger.verify import verify as verify_events
from tests.kills import KILLS
from tests.ledger.running import Running
from tests.outpost import Outpost, judged

MOST_LINES = max(1000, min(9000, 200_000 // KILLS))
"""Of one burst: several batches, unless so many kills would make millions of lines."""


@pytest.fixture
def outpost() -> Iterator[Outpost]:
    with Running() as ledger:
        outpost = Outpost(ledger).enrolled()
        yield outpost
        outpost.close()


@pytest.fixture
def chance() -> random.Random:
    seed = random.randrange(1 << 32)
    print("seed", seed)  # shown where the test fails
    return random.Random(seed)


def burst(outpost: Outpost, number: int, chance: random.Random) -> None:
    """More than an agent records at once, so that shipping takes a while."""
    outpost.write(judged(Level.DENY, serial=f"{number + 1:x}"))
    outpost.write_many(chance.randint(MOST_LINES // 3, MOST_LINES), "x" * 100)
    outpost.journal.checkpoint(outpost.signer)


def a_round(outpost: Outpost, chance: random.Random) -> float:
    """How long a courier takes that nobody kills, in seconds."""
    burst(outpost, 0, chance)
    begun = time.monotonic()
    outpost.ship()
    return time.monotonic() - begun


def test_killing_the_courier(outpost: Outpost, chance: random.Random) -> None:
    took, killed = a_round(outpost, chance), 0
    for number in range(1, KILLS + 1):
        burst(outpost, number, chance)
        courier = outpost.spawn_courier()
        # The moment is the chance that is being tested, not a wait for something.
        time.sleep(chance.uniform(0.3, 1.1) * took)
        courier.kill()
        killed += courier.wait() == -signal.SIGKILL
        assert outpost.count_received() >= outpost.acknowledged()
    assert killed >= KILLS // 3, "most couriers had ended before they were killed"
    everything_is_there(outpost, KILLS + 1)


class Couriers(threading.Thread):
    """One courier after the other."""

    def __init__(self, outpost: Outpost) -> None:
        super().__init__(daemon=True)
        self._outpost = outpost
        self.ending = threading.Event()
        self.codes = set[int]()

    def run(self) -> None:
        while not self.ending.is_set():
            self.codes.add(self._outpost.courier().returncode)


def test_killing_the_ledger_that_is_shipped_to(outpost: Outpost, chance: random.Random) -> None:
    took = a_round(outpost, chance)
    couriers = Couriers(outpost)
    couriers.start()
    for number in range(1, KILLS + 1):
        burst(outpost, number, chance)
        time.sleep(chance.uniform(0, took))
        acknowledged = outpost.acknowledged()
        outpost.ledger.kill()
        assert outpost.count_received() >= acknowledged
        outpost.ledger.start()
    couriers.ending.set()
    couriers.join(100)
    assert couriers.codes <= {0, 75}
    everything_is_there(outpost, KILLS + 1)


def everything_is_there(outpost: Outpost, verdicts: int) -> None:
    outpost.ship()
    lines = outpost.lines()
    assert outpost.received() == [lines]
    assert outpost.acknowledged() == len(lines)
    assert outpost.cases() == [("unknown-carrier", True)] * verdicts
    outpost.close()
    own = outpost.settings.agent.journal
    copy = outpost.directory / "copy"
    copy.mkdir()
    segment_path(copy, 1).write_bytes(b"".join(outpost.received()[0]))
    for directory in (own, copy):
        expect_whole(directory, outpost.signer.public_key, len(lines))
    with outpost.ledger.officer() as client:
        events = client.get("/v1/events").content.splitlines(keepends=True)
    assert verify_events(events).broken is None


def expect_whole(directory: Path, public_key: bytes, records: int) -> None:
    report = verify(directory, public_key=public_key, strict=True)
    assert (report.breach, report.records) == (None, records)
