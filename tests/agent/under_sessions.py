"""Run by test_sessions.py in a mount namespace of its own, where /run/systemd is ours to fill.

The real libsystemd reads files as logind writes them (they begin with its own words "This is
private data. Do not parse.", which is why libsystemd and nobody else does).
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.sessions import Sitting, sitting

RUN = Path("/run/systemd")
LOGIN = {"root": 0, "daemon": 1}


@pytest.fixture(autouse=True)
def logind(tmp_path: Path) -> Iterator[None]:
    """A login manager with a seat, and nobody there."""
    subprocess.run(["mount", "--bind", str(tmp_path), str(RUN)], check=True)
    for name in ("seats", "sessions", "users"):
        (RUN / name).mkdir()
    seat()
    yield
    subprocess.run(["umount", str(RUN)], check=True)


def seat(active: str = "") -> None:
    lines = ["IS_SEAT0=1", "CAN_TTY=1", "CAN_GRAPHICAL=1"]
    if active:
        lines += [f"ACTIVE={active}", f"ACTIVE_UID={_uid(active)}", f"SESSIONS={active}"]
    (RUN / "seats" / "seat0").write_text("\n".join(lines) + "\n")


def session(number: str, login: str, **changes: str) -> None:
    values = {
        "UID": str(LOGIN[login]),
        "USER": login,
        "ACTIVE": "1",
        "STATE": "active",
        "REMOTE": "0",
        "TYPE": "x11",
        "CLASS": "user",
        "SEAT": "seat0",
    } | changes
    lines = [f"{name}={value}" for name, value in values.items() if value]
    (RUN / "sessions" / number).write_text("\n".join(lines) + "\n")


def _uid(number: str) -> str:
    text = (RUN / "sessions" / number).read_text()
    return next(line[4:] for line in text.splitlines() if line.startswith("UID="))


def test_who_is_in_front_of_the_screen() -> None:
    session("c1", "daemon")
    seat("c1")
    assert sitting() == Sitting(login="daemon")


def test_a_login_screen_is_nobody() -> None:
    session("c1", "daemon", CLASS="greeter")
    seat("c1")
    assert sitting() == Sitting()


def test_somebody_at_the_screen_hides_who_is_in_from_elsewhere() -> None:
    session("c1", "daemon")
    session("c2", "root", REMOTE="1", REMOTE_HOST="192.0.2.7", TYPE="tty", SEAT="")
    seat("c1")
    assert sitting() == Sitting(login="daemon")


def test_who_is_in_from_elsewhere_only_is_not_at_the_seat() -> None:
    session("c1", "root", REMOTE="1", REMOTE_HOST="192.0.2.7", TYPE="tty", SEAT="")
    session("c2", "daemon", CLASS="greeter")
    seat("c2")
    assert sitting() == Sitting(remote=("root",))


def test_a_remote_desktop_has_a_screen_and_no_seat() -> None:
    session("c1", "daemon", SEAT="")
    session("c2", "root", SEAT="", TYPE="tty")
    assert sitting() == Sitting(remote=("daemon",))


def test_a_session_that_ends_counts_no_more() -> None:
    session("c1", "root", REMOTE="1", STATE="closing", TYPE="tty", SEAT="")
    session("c2", "daemon", CLASS="background", REMOTE="1", SEAT="")
    assert sitting() == Sitting()


def test_without_a_login_manager_the_records_are_read(tmp_path: Path) -> None:
    (RUN / "seats" / "seat0").unlink()
    from tests.agent.records import record

    utmp = tmp_path / "utmp"
    utmp.write_bytes(record("tty2", "ivanova", "", os.getpid()))
    assert sitting(str(utmp)) == Sitting(login="ivanova")


def test_where_there_is_a_login_manager_its_word_counts(tmp_path: Path) -> None:
    from tests.agent.records import record

    utmp = tmp_path / "utmp"
    utmp.write_bytes(record("tty2", "ivanova", "", os.getpid()))
    assert sitting(str(utmp)) == Sitting()


def test_asking_often_costs_no_memory() -> None:
    session("c1", "root", REMOTE="1", TYPE="tty", SEAT="")
    for _ in range(500):
        sitting()
    before = _resident()
    for _ in range(5000):
        sitting()
    assert _resident() - before < 256


def _resident() -> int:
    """In KiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4
