"""The file that desktops of officers follow, kept by a real ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from domain.verdict import Level
from ledger.noticeboard import NAME
from tests.ledger.running import Running
from tests.outpost import Outpost, judged
from tests.waiting import wait_for


def board(ledger: Running) -> Path:
    return ledger.socket.with_name(NAME)


def told(ledger: Running) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = json.loads(board(ledger).read_text())
    return cases


def test_open_cases_are_told_and_closed_ones_are_not() -> None:
    with Running() as ledger:
        assert told(ledger) == []
        outpost = Outpost(ledger).enrolled()
        outpost.write(judged(Level.DENY, serial="3b2f0a11"))
        outpost.ship()
        (case,) = told(ledger)
        assert (case["severity"], case["what"], case["host"]) == (
            "deny",
            "unknown-carrier",
            outpost.host,
        )
        assert "№ 0992938513" in case["subject"]
        outpost.close_case(case)
        assert told(ledger) == []


def test_the_file_is_for_those_who_may_use_the_socket_and_goes_with_it() -> None:
    with Running() as ledger:
        mode = board(ledger).stat().st_mode & 0o777
        assert mode == 0o640
        assert mode & 0o044 == ledger.socket.stat().st_mode & 0o044
        ledger.stop()
        assert not board(ledger).exists()


def test_it_is_not_written_where_no_case_changes() -> None:
    with Running() as ledger:
        before = board(ledger).stat().st_mtime_ns
        outpost = Outpost(ledger).enrolled()
        outpost.write(judged(Level.ALLOW, "issued-to-the-seat"))
        outpost.ship()
        assert board(ledger).stat().st_mtime_ns == before


def test_a_ledger_that_was_killed_tells_the_same_when_it_is_back() -> None:
    with Running() as ledger:
        outpost = Outpost(ledger).enrolled()
        outpost.write(judged(Level.DENY))
        outpost.ship()
        before = told(ledger)
        ledger.kill()
        board(ledger).unlink()
        ledger.start()
        wait_for(lambda: board(ledger).exists(), what="the file")
        assert told(ledger) == before


def test_a_file_that_can_not_be_written_holds_up_no_command() -> None:
    with Running() as ledger:
        board(ledger).unlink()
        board(ledger).mkdir()
        (board(ledger) / "in the way").touch()
        outpost = Outpost(ledger).enrolled()
        outpost.write(judged(Level.DENY))
        outpost.ship()
        assert len(outpost.cases()) == 1
