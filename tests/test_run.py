"""The main job from end to end, as the first ten minutes of the README tell it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from tests.foreground import Foreground, foreground
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def run() -> Iterator[Foreground]:
    with foreground() as running:
        yield running


def verdict(run: Foreground, name: str) -> dict[str, str]:
    """Insert ``name``, wait for its verdict to be recorded, and give what decided it."""
    before = len(run.events("Judged"))
    assert run.command("demo", "insert", name).returncode == 0
    wait_for(lambda: len(run.events("Judged")) > before, what=f"a verdict on {name}")
    (carrier,) = status(run)["carriers"]
    assert run.command("demo", "remove", name).returncode == 0
    wait_for(lambda: not status(run)["carriers"], what=f"{name} gone")
    return dict(carrier)


def status(run: Foreground) -> dict[str, list[dict[str, str]]]:
    return dict(json.loads(run.command("status", "--json").stdout))


@pytest.mark.xdist_group("run")
class TestDemonstration:
    """One run for all: starting it is the slow part."""

    @pytest.mark.parametrize(
        ("name", "level", "clause"),
        [
            ("ivanova", "allow", "3.7"),
            ("petrov", "deny", "3.7"),
            ("srok", "deny", "4.2"),
            ("chuzhoy", "deny", "3.1"),
        ],
    )
    def test_each_carrier_gets_the_verdict_of_its_story(
        self, run: Foreground, name: str, level: str, clause: str
    ) -> None:
        told = verdict(run, name)
        assert (told["verdict"], told["clause"]) == (level, clause), told

    def test_the_screen_says_it_in_russian(self, run: Foreground) -> None:
        verdict(run, "petrov")
        run.shows("выдан")

    def test_the_journal_reaches_the_ledger_and_verifies(self, run: Foreground) -> None:
        wait_for(lambda: status(run)["journal"]["not_shipped"] == 0, what="shipped")  # type: ignore[call-overload]
        verified = run.command("journal", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def test_an_unknown_carrier_name_is_told_with_those_there_are(self, run: Foreground) -> None:
        refused = run.command("demo", "insert", "nobody")
        assert refused.returncode == 1
        assert "ivanova" in refused.stderr


def test_ctrl_c_ends_cleanly_within_two_seconds() -> None:
    with foreground() as run:
        wait_for(lambda: run.events("Started"), what="the agent started")
        begun = time.monotonic()
        assert run.stop() == 0
        assert time.monotonic() - begun < 2.0
        assert run.events("Stopped")
        assert "Traceback" not in "\n".join(run.screen)
