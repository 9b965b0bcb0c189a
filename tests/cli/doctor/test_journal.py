"""The agent and its journal: real journals, held open as a running agent holds them."""

from __future__ import annotations

import os
import subprocess
import sys

from agent import VERSION
from domain.events import Blind, Reenumerated, Started, Stopped
from tests.cli.desk import IN_ORDER, identified
from tests.cli.doctor.ward import ROOT, Ward

STARTED = Started(version=VERSION, watching=("usb (udev)",), modules=())
AGAIN = Reenumerated(sighting=identified(IN_ORDER).sighting, gap_ms=300)
ABOUT = {
    "agent-not-running",
    "agent-other-version",
    "agent-restarts-often",
    "agent-blind",
    "journal-broken",
    "journal-not-growing",
    "carrier-flaps",
    "clock-set-back",
}


def test_an_agent_at_work_is_no_finding(ward: Ward) -> None:
    journal = ward.journal()
    journal.append(STARTED, identified(IN_ORDER), AGAIN)
    assert not ward.doctor().codes & ABOUT
    journal.close()


def test_none_runs(ward: Ward) -> None:
    journal = ward.journal()
    journal.append(STARTED)
    journal.close()
    assert "systemctl start klyuchar-agent" in ward.doctor().what("agent-not-running")


def test_another_version_runs_than_is_installed(ward: Ward) -> None:
    journal = ward.journal()
    journal.append(Started(version="0.0.9", watching=(), modules=()))
    told = ward.doctor().what("agent-other-version")
    assert "версии 0.0.9" in told
    assert "systemctl restart klyuchar-agent" in told
    journal.close()


def test_one_that_is_blind_says_why(ward: Ward) -> None:
    journal = ward.journal()
    journal.append(STARTED, Blind(what="rutoken", reason="deadline: C_GetSlotList"))
    assert "rutoken" in (told := ward.doctor().what("agent-blind"))
    assert "не ответила вовремя (C_GetSlotList)" in told
    journal.close()


def test_one_that_is_started_again_and_again(ward: Ward) -> None:
    journal = ward.journal()
    for _ in range(4):
        journal.append(STARTED)
    assert "agent-restarts-often" not in ward.doctor().codes
    journal.append(STARTED)
    assert "запускался 5 раз" in ward.doctor().what("agent-restarts-often")
    journal.close()


def test_one_that_has_written_nothing_since_the_machine_was_started(ward: Ward) -> None:
    journal = ward.journal(boot="of another day")
    journal.append(STARTED)
    assert "systemctl restart" in ward.doctor().what("journal-not-growing")
    journal.close()


def test_a_changed_line_is_named(ward: Ward) -> None:
    journal = ward.journal()
    journal.append(STARTED, Stopped(reason="signal"), STARTED)
    journal.close()
    (segment,) = (ward.state / "journal").glob("*.jsonl")
    segment.write_bytes(segment.read_bytes().replace(b'"signal"', b'"sIgnal"'))
    told = ward.doctor().what("journal-broken")
    assert f"{segment.name}:2 (запись 2): строка изменена" in told
    assert "klyuchar journal verify" in told


def test_a_carrier_that_flaps(ward: Ward) -> None:
    journal = ward.journal()
    journal.append(STARTED, *[AGAIN] * 9)
    assert "carrier-flaps" not in ward.doctor().codes
    journal.append(AGAIN)
    assert "Рутокен № 0926239977: за сутки переподключался 10 раз" in (
        ward.doctor().what("carrier-flaps")
    )
    journal.close()


def test_a_record_of_the_future_says_that_the_clock_was_set_back(ward: Ward) -> None:
    written = subprocess.run(
        [
            *["faketime", "-f", "+3h", sys.executable, "-m", "tests.cli.doctor.writing"],
            str(ward.state / "journal"),
        ],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=True,
    )
    assert written.returncode == 0
    assert "позже, чем сейчас, на 2:59:" in ward.doctor().what("clock-set-back")
