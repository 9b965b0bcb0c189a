"""The courier as its unit starts it: it stays until the journal is quiet; its token is its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.ledger.running import ROOT, Running
from tests.outpost import Outpost
from tests.waiting import wait_for

QUIET_S = 1.0


@pytest.fixture
def outpost() -> Iterator[Outpost]:
    with Running() as ledger:
        outpost = Outpost(ledger).enrolled()
        yield outpost
        outpost.close()


@pytest.fixture
def courier(outpost: Outpost) -> Iterator[subprocess.Popen[bytes]]:
    """A courier that was started because of one record, and has shipped it."""
    outpost.write_many(1)
    command = [sys.executable, "-m", "agent.courier", "--settings", str(outpost.file)]
    courier = subprocess.Popen([*command, "--quiet-for", str(QUIET_S)], cwd=ROOT)
    try:
        wait_for(lambda: outpost.acknowledged() == 1, what="the first record shipped")
        yield courier
    finally:
        courier.kill()
        courier.wait()


def test_what_is_written_meanwhile_is_shipped_too(
    outpost: Outpost, courier: subprocess.Popen[bytes]
) -> None:
    for number in range(2, 5):
        outpost.write_many(1)
        wait_for(lambda n=number: outpost.acknowledged() == n, what=f"record {number} shipped")  # type: ignore[misc]
    assert courier.wait(QUIET_S + 10) == 0
    assert outpost.received() == [outpost.lines()]


def test_a_ledger_that_goes_away_ends_it_with_nothing_lost(
    outpost: Outpost, courier: subprocess.Popen[bytes]
) -> None:
    outpost.ledger.kill()
    outpost.write_many(1)
    assert courier.wait(10) == 75
    outpost.ledger.start()
    outpost.ship()
    assert outpost.received() == [outpost.lines()]


def test_the_group_that_reads_the_state_does_not_read_the_token(outpost: Outpost) -> None:
    at_agent, at_courier = outpost.settings.agent.enrolment, outpost.settings.courier.enrolment
    assert at_courier.stat().st_mode & 0o777 == 0o600
    assert at_agent.stat().st_mode & 0o777 == 0o640
    assert "token" not in at_agent.read_text()
