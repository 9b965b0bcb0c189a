"""A journal kept within its bound, with a real ledger: what goes from here is there."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import tests.workstation
from agent.retention import keep_within
from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile
from journal.verify import verify
from tests.ledger.running import Running
from tests.outpost import Outpost
from tests.waiting import wait_for

MIB = 1 << 20
LATER = datetime.now(UTC) + timedelta(days=91)


@pytest.fixture
def outpost() -> Iterator[Outpost]:
    with Running() as ledger:
        made = Outpost(ledger, segment_bytes=MIB // 4).enrolled()
        for number in range(12):
            made.write_many(500, "x" * 100 + str(number))
        made.ship()
        yield made
        made.close()


def small(outpost: Outpost) -> AgentSettings:
    """The least bound that a test can do with, below the one that a file may ask for."""
    return replace(outpost.settings.agent, journal_max_mib=1)


def brought(outpost: Outpost) -> SnapshotFile:
    """The snapshot that the courier brought, verified as the agent does."""
    enrolment = json.loads(outpost.settings.agent.enrolment.read_bytes())
    return SnapshotFile.open(outpost.settings.agent.inbox, bytes.fromhex(enrolment["ledger_key"]))


def fresh(outpost: Outpost) -> SnapshotFile:
    """One that was made after all was shipped: it tells of something new."""
    done = outpost.ledger_command(
        "carrier", "add", "--maker", "rutoken", "--model", "m", "--serial-hex", os.urandom(4).hex()
    )
    assert done.returncode == 0, done.stderr
    outpost.ship()
    return brought(outpost)


def test_what_the_ledger_has_goes_and_all_goes_on(outpost: Outpost) -> None:
    before = outpost.lines()
    snapshot = fresh(outpost)
    keep_within(outpost.journal, small(outpost), snapshot, LATER)
    assert sum(path.stat().st_size for path in outpost.segments()) <= MIB
    left = outpost.lines()
    assert left[0] != before[0]
    report = verify(outpost.settings.agent.journal, public_key=None)
    assert report.whole
    assert report.released > 0
    outpost.write_many(3, "after")
    outpost.ship()
    (received,) = outpost.received()
    assert received[: len(before)] == before, "the ledger has what is gone here"
    assert received[-3:] == outpost.lines()[-3:]
    assert outpost.cases() == []


def test_nothing_goes_that_is_young_or_within_the_bound(outpost: Outpost) -> None:
    snapshot, files = fresh(outpost), outpost.segments()
    keep_within(outpost.journal, outpost.settings.agent, snapshot, LATER)
    keep_within(outpost.journal, small(outpost), snapshot, datetime.now(UTC))
    assert outpost.segments() == files


def test_nothing_goes_without_the_ledgers_signed_word(
    outpost: Outpost, capsys: pytest.CaptureFixture[str]
) -> None:
    """The courier's own note of how far it came is not asked."""
    files = outpost.segments()
    keep_within(outpost.journal, small(outpost), None, LATER)
    assert outpost.segments() == files
    assert "удалить из него нечего" in capsys.readouterr().err


def test_a_courier_that_forgot_everything_makes_no_harm(outpost: Outpost) -> None:
    keep_within(outpost.journal, small(outpost), fresh(outpost), LATER)
    (outpost.directory / "courier" / "acknowledged").unlink()
    outpost.write_many(2)
    outpost.ship()
    assert outpost.cases() == []


def test_a_ledger_that_lost_what_it_acknowledged_is_told_of_a_gap(outpost: Outpost) -> None:
    """Restored from an older copy: what is gone here can't be told again, and that is an alarm."""
    keep_within(outpost.journal, small(outpost), fresh(outpost), LATER)
    assert outpost.segments()[0].name > f"{1:020d}"
    forget_lines(outpost)
    outpost.write_many(1)
    assert outpost.courier().returncode in (0, 1)
    assert ("gap", True) in outpost.cases()


def forget_lines(outpost: Outpost) -> None:
    """The ledger as it was before it was told anything by this workstation."""
    with sqlite3.connect(outpost.ledger.database) as database:
        database.execute("DROP TRIGGER journal_lines_are_never_deleted")
        for table in ("journal_lines", "journals"):
            database.execute(f"DELETE FROM {table}")


def test_no_more_goes_than_has_to(outpost: Outpost) -> None:
    keep_within(outpost.journal, small(outpost), fresh(outpost), LATER)
    first = outpost.segments()
    keep_within(outpost.journal, small(outpost), brought(outpost), LATER)
    assert outpost.segments() == first, "it is within its bound: nothing more goes"


def test_the_running_agent_looks_after_its_journals_size(monkeypatch: pytest.MonkeyPatch) -> None:
    """No journal of a test is large: here one is nearly too large from its first byte on."""
    program = tests.workstation._HURRIED.replace(
        "agent.loop.TICK_S = 0.1",
        "agent.loop.TICK_S = 0.1\nimport agent.retention\n"
        "agent.retention.FIRST_AFTER_S = 0\nagent.retention.NEARLY = -1.0",
    )
    monkeypatch.setattr(tests.workstation, "_HURRIED", program)
    with tests.workstation.workstation() as station:
        station.start(hurried=True)
        wait_for(lambda: "удалить из него нечего" in station.said(), what="it is complained of")
        assert station.said().count("удалить из него нечего") == 1, "once a day"
        assert station.stop() == 0
