"""The straight line, with the real agent, real workers and a real PKCS#11 module."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from domain.events import Blind, Identified, Judged, Pulled, Reenumerated
from journal.signing import Signer
from tests.agent.story import told
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation


@pytest.fixture
def station() -> Iterator[Workstation]:
    with workstation() as made:
        made.make_tokens("a", "b")
        made.issue("a")
        made.start()
        yield made


def verdicts(station: Workstation, count: int) -> list[Judged]:
    wait_for(lambda: len(station.events("Judged")) >= count, what=f"{count} verdicts")
    return [r.event for r in station.events("Judged") if isinstance(r.event, Judged)]


def last_verdict(station: Workstation, count: int) -> Judged:
    return verdicts(station, count)[-1]


def test_an_issued_carrier_is_allowed_and_a_pull_is_recorded(station: Workstation) -> None:
    station.insert("a")
    judged = last_verdict(station, 1)
    assert judged.carrier == station.carrier("a")
    assert judged.verdict.level.value == "allow", judged.verdict.deciding
    station.remove("a")
    wait_for(lambda: station.events("Pulled"), what="the pull")
    assert station.events("Pulled")[0].event == Pulled(carrier=station.carrier("a"))


def test_the_order_of_the_line_is_fact_then_verdict(station: Workstation) -> None:
    station.insert("a")
    last_verdict(station, 1)
    names = [record.name for record in station.records()]
    assert names.index("Appeared") < names.index("Identified") < names.index("Judged")


def test_an_unknown_carrier_is_denied(station: Workstation) -> None:
    station.insert("b")
    assert last_verdict(station, 1).verdict.level.value == "deny"


def test_back_within_seconds_is_a_reenumeration() -> None:
    with workstation() as station:
        station.make_tokens("a")
        station.issue("a")
        station.set(reenumeration_s=60)
        station.start()
        station.insert("a")
        last_verdict(station, 1)
        station.remove("a")
        wait_for(lambda: station.events("Missed"), what="missed")
        station.insert("a")
        wait_for(lambda: station.events("Reenumerated"), what="re-enumerated")
        last_verdict(station, 2)
        assert isinstance(station.events("Reenumerated")[0].event, Reenumerated)
        assert not station.events("Pulled")


def test_a_token_inserted_before_the_start_is_seen_cold() -> None:
    with workstation() as station:
        station.make_tokens("a")
        station.issue("a")
        (station.layout.drawer / "a").rename(station.layout.tokens / "a")
        station.start()
        assert last_verdict(station, 1).verdict.level.value == "allow"
        identified = station.events("Identified")[0].event
        assert isinstance(identified, Identified)
        assert identified.port == "demo:a"


def test_a_newer_snapshot_changes_the_verdict_on_a_carrier_that_stays(
    station: Workstation,
) -> None:
    station.insert("a")
    assert last_verdict(station, 1).verdict.level.value == "allow"
    station.issue("a", to="somebody-else")
    station.insert("b")
    wait_for(lambda: len(station.events("SnapshotAccepted")) == 2, what="the snapshot taken")
    levels = {(v.carrier, v.verdict.level.value) for v in verdicts(station, 3)[1:]}
    assert levels == {(station.carrier("a"), "deny"), (station.carrier("b"), "deny")}


def test_an_older_snapshot_is_refused_and_told(station: Workstation) -> None:
    station.insert("a")
    last_verdict(station, 1)
    station._version -= 1
    station._version -= 1
    station.issue("b")
    station.insert("b")
    wait_for(lambda: station.events("SnapshotRefused"), what="refused")
    assert last_verdict(station, 2).verdict.level.value == "deny"


def test_a_snapshot_signed_by_another_ledger_is_refused(station: Workstation) -> None:
    content = station.snapshot(station.carrier("a"), station.carrier("b"))
    station.bring(content, Signer(bytes(32)))
    station.insert("b")
    assert last_verdict(station, 1).verdict.level.value == "deny"
    assert station.events("SnapshotRefused")


def test_what_a_newer_ledger_tells_of_a_carrier_denies_and_is_said(station: Workstation) -> None:
    """Signed, but in words this program does not know: could not ask is never yes, nor the end."""
    content = station.snapshot(station.carrier("a"), station.carrier("b"))
    station.bring(content.replace(b'"standing":"issued"', b'"standing":"leased"', 1))
    station.insert("a")
    station.insert("b")
    levels = {judged.carrier: judged.verdict.level.value for judged in verdicts(station, 2)}
    assert sorted(levels.values()) == ["allow", "deny"]
    (blind,) = station.events("Blind")
    assert isinstance(blind.event, Blind)
    assert (blind.event.what, "leased" in blind.event.reason) == ("ledger", True)
    station.issue("a", "b")
    station.remove("a")
    wait_for(lambda: station.events("Missed"), what="missed")
    station.insert("a")
    wait_for(lambda: station.events("Seeing"), what="seeing again")
    wait_for(lambda: all_allowed(station), what="both allowed")


def all_allowed(station: Workstation) -> bool:
    verdicts = told(station.records()).verdicts
    return verdicts == {station.carrier("a"): "allow", station.carrier("b"): "allow"}


def test_a_killed_worker_costs_nothing_but_its_look(station: Workstation) -> None:
    station.insert("a")
    last_verdict(station, 1)
    for pid in station.workers():
        os.kill(pid, signal.SIGKILL)
    station.insert("b")
    assert last_verdict(station, 2).carrier == station.carrier("b")
    assert not station.events("Missed")


def test_a_stop_is_recorded_and_the_head_is_signed(station: Workstation) -> None:
    assert station.stop() == 0
    names = [record.name for record in station.records()]
    assert names[-2:] == ["Stopped", "Checkpoint"]
