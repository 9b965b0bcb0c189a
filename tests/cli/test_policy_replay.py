"""`klyuchar policy replay`: only the differences, and honestly what could not be judged again."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agent.judging import judge_present
from agent.presence import Present
from agent.rereading import told as settings_told
from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile
from cli.policy_replay import DIFFERS, Limits
from domain.events import Reconfigured, Setting, Started
from domain.settings import range_of
from journal.segments import segments
from tests.cli.desk import IN_ORDER, LEDGER, STRANGER, Desk, identified, issued

HOUR = timedelta(hours=1)
SETTINGS = AgentSettings(
    state=Path("/s"), inbox=Path("/i"), worker_socket="/w", host="pc-17", seat_login="ivanova"
)
STARTED = Started(version="0", watching=(), modules=(), settings=settings_told(SETTINGS))


@pytest.fixture
def judged(desk: Desk) -> Desk:
    """A carrier in order and a stranger, judged by the agent's own hand on data of 5 hours ago."""
    soon = (datetime.now(UTC) + timedelta(days=45)).strftime("%Y-%m-%dT%H:%M:%SZ")
    desk.know(issued(IN_ORDER, "КН-0001", key_not_after=soon), age=5 * HOUR)
    snapshot = SnapshotFile.open(desk.state / "agent" / "snapshot", LEDGER.public_key)
    desk.happened(STARTED)
    for carrier in (IN_ORDER, STRANGER):
        came = identified(carrier)
        verdict = judge_present(Present(sighting=came.sighting, ports=()), snapshot, SETTINGS)  # type: ignore[arg-type]
        desk.happened(came, verdict)
    return desk


def replay(desk: Desk, policy: str, *more: str) -> tuple[int, list[str]]:
    file = desk.state / "other.toml"
    file.write_text(f"[agent]\n{policy}\n")
    journal = str(desk.state / "agent" / "journal")
    code, told = desk.run("policy", "replay", journal, "--policy", str(file), *more)
    return code, told.splitlines()


def with_snapshot(desk: Desk) -> tuple[str, str]:
    return "--snapshot", str(desk.state / "agent" / "snapshot")


def test_the_same_limits_change_nothing(judged: Desk) -> None:
    code, (told,) = replay(judged, "snapshot_warn_s = 86400\nkey_ending_days = 30")
    assert code == 0
    assert told == (
        "Различий: 0. Пересужено по всем правилам: 0; только по возрасту сведений журнала учёта, "
        "остальное как записано: 2."
    )
    code, (told,) = replay(judged, "snapshot_warn_s = 86400", *with_snapshot(judged))
    assert code == 0
    assert "по всем правилам: 2; " in told


@pytest.mark.parametrize("whole", [True, False])
def test_a_shorter_age_is_told_with_or_without_the_snapshot(judged: Desk, whole: bool) -> None:
    more = with_snapshot(judged) if whole else ()
    code, told = replay(judged, "snapshot_warn_s = 3600\nsnapshot_deny_s = 7200", *more)
    assert code == DIFFERS
    assert len(told) == 3
    assert told[0].startswith("№ 3 ")
    assert "МОЖНО пользоваться (issued-to-the-seat) → НЕЛЬЗЯ пользоваться" in told[0]
    assert "(snapshot-old, issued-to-the-seat)" in told[0]
    assert "(unknown-carrier) → НЕЛЬЗЯ пользоваться (snapshot-old, unknown-carrier)" in told[1]


def test_days_to_a_keys_end_need_the_snapshot(judged: Desk) -> None:
    code, told = replay(judged, "key_ending_days = 60")
    assert code == 0
    assert told[1].startswith("НЕ пересужено: 2, потому что срок предупреждения")
    code, told = replay(judged, "key_ending_days = 60", *with_snapshot(judged))
    assert code == DIFFERS
    assert len(told) == 2
    assert "→ ОБРАТИТЕ ВНИМАНИЕ (key-ending, issued-to-the-seat)" in told[0]


def test_verdicts_on_another_snapshot_are_not_judged_on_this_one(judged: Desk) -> None:
    other = judged.state / "other-snapshot"
    (judged.state / "agent" / "snapshot").rename(judged.state / "kept")
    judged.know(issued(STRANGER, "КН-0001"), age=HOUR)
    (judged.state / "agent" / "snapshot").rename(other)
    code, (told,) = replay(judged, "snapshot_warn_s = 86400", "--snapshot", str(other))
    assert code == 0
    assert "по всем правилам: 0; " in told


def test_what_the_rules_do_not_reproduce_is_not_compared(judged: Desk) -> None:
    """As where another version judged: here the journal tells another limit than was used."""
    judged.happened(
        Reconfigured(changed=(Setting(name="snapshot_warn_s", value="3600"),), waiting=())
    )
    snapshot = SnapshotFile.open(judged.state / "agent" / "snapshot", LEDGER.public_key)
    came = identified(IN_ORDER)
    present = Present(sighting=came.sighting, ports=())  # type: ignore[arg-type]
    judged.happened(came, judge_present(present, snapshot, SETTINGS))
    code, told = replay(judged, "snapshot_deny_s = 7200", *with_snapshot(judged))
    assert code == DIFFERS
    assert told[-1].startswith("НЕ пересужено: 1, потому что правила теперь")


def test_limits_follow_what_the_journal_says_was_changed(judged: Desk) -> None:
    judged.happened(
        Reconfigured(changed=(Setting(name="snapshot_warn_s", value="3600"),), waiting=())
    )
    snapshot = SnapshotFile.open(judged.state / "agent" / "snapshot", LEDGER.public_key)
    came = identified(IN_ORDER)
    present = Present(sighting=came.sighting, ports=())  # type: ignore[arg-type]
    stricter = replace(SETTINGS, snapshot_warn_s=3600)
    judged.happened(came, judge_present(present, snapshot, stricter))
    code, told = replay(judged, "snapshot_deny_s = 604800", *with_snapshot(judged))
    assert code == 0, told
    assert "по всем правилам: 3; " in told[0]


def test_a_journal_without_settings_is_not_guessed_at(desk: Desk) -> None:
    desk.know(issued(IN_ORDER, "КН-0001"))
    snapshot = SnapshotFile.open(desk.state / "agent" / "snapshot", LEDGER.public_key)
    came = identified(IN_ORDER)
    present = Present(sighting=came.sighting, ports=())  # type: ignore[arg-type]
    desk.happened(came, judge_present(present, snapshot, SETTINGS))
    code, told = replay(desk, "snapshot_warn_s = 60")
    assert code == 0
    assert told[1].startswith("НЕ пересужено: 1, потому что журнал не говорит")


def test_a_broken_journal_tells_no_history(judged: Desk) -> None:
    (path, *_) = segments(judged.state / "agent" / "journal")
    path.write_bytes(path.read_bytes().replace(b"ivanova", b"petrova", 1))
    code, told = replay(judged, "snapshot_warn_s = 3600")
    assert code == 1
    assert told[0].startswith("ЖУРНАЛ НАРУШЕН, судить по нему нельзя")


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        ("snapshot_warn = 3", "возможно, имелось в виду snapshot_warn_s"),
        ("snapshot_warn_s = 3", "нельзя, можно от 60"),
        ("reader_poll_s = 3", "нет ни одного предела"),
    ],
)
def test_limits_that_are_none_are_named(judged: Desk, policy: str, told: str) -> None:
    code, said = replay(judged, policy)
    assert code == 1
    assert told in said[0]


def test_a_whole_settings_file_can_be_tried(judged: Desk) -> None:
    code, _ = replay(judged, 'state = "/s"\nreader_poll_s = 3\nsnapshot_warn_s = 3600')
    assert code == DIFFERS


def test_the_limits_are_those_of_the_agent() -> None:
    agents = {each.name: each for each in fields(AgentSettings)}
    for each in fields(Limits):
        assert (each.default, range_of(each)) == (
            agents[each.name].default,
            range_of(agents[each.name]),
        )
