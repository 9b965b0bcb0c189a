"""Who is logged in: by the login manager's files in a namespace, and by real login records."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.sessions import Sitting, _by_records
from tests.agent.records import DEAD_PROCESS, record

ME = os.getpid()
NAMESPACE = ("unshare", "--map-root-user", "--mount", "--propagation", "private")


def test_the_login_managers_word() -> None:
    script = Path(__file__).with_name("under_sessions.py")
    done = subprocess.run(
        [*NAMESPACE, sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(script)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def seen(tmp_path: Path, *records: bytes) -> Sitting:
    utmp = tmp_path / "utmp"
    utmp.write_bytes(b"".join(records))
    return _by_records(str(utmp))


def test_one_login_with_a_terminal_of_this_machine_sits_here(tmp_path: Path) -> None:
    tty, screen = record("tty1", "ivanova", "", ME), record(":0", "ivanova", ":0", ME)
    assert seen(tmp_path, tty, screen) == Sitting(login="ivanova")


def test_two_of_them_can_not_be_told_apart(tmp_path: Path) -> None:
    records = record("tty1", "ivanova", "", ME), record("tty2", "petrov", "", ME)
    assert seen(tmp_path, *records) == Sitting()


def test_who_came_by_network_is_elsewhere(tmp_path: Path) -> None:
    remote, other = record("pts/0", "petrov", "192.0.2.7", ME), record("tty1", "ivanova", "", ME)
    assert seen(tmp_path, remote) == Sitting(remote=("petrov",))
    assert seen(tmp_path, remote, other) == Sitting(login="ivanova")


@pytest.mark.parametrize(
    "stale",
    [
        record("tty1", "ivanova", "", 2**22 + 1),
        record("tty1", "ivanova", "", ME, DEAD_PROCESS),
        record("tty1", "", "", ME),
        record("tty1", "ivanova", "", ME)[:-1],
    ],
    ids=["no such process", "logged out", "nobody", "torn"],
)
def test_what_is_no_login_is_nobody(tmp_path: Path, stale: bytes) -> None:
    assert seen(tmp_path, stale) == Sitting()


def test_no_records_at_all(tmp_path: Path) -> None:
    assert _by_records(str(tmp_path / "absent")) == Sitting()


def test_psutil_reads_the_same(tmp_path: Path) -> None:
    """The independent witness reads the same file through the C library."""
    utmp = tmp_path / "utmp"
    logins = [("tty1", "ivanova", ""), (":1", "petrov", ":1"), ("pts/3", "root", "192.0.2.9")]
    utmp.write_bytes(b"".join(record(*login, ME) for login in logins))
    script = (
        "import ctypes, sys, psutil\n"
        "assert ctypes.CDLL(None).utmpname(sys.argv[1].encode()) == 0\n"
        "print(sorted((u.terminal, u.name) for u in psutil.users()))"
    )
    told = subprocess.run(
        [sys.executable, "-c", script, str(utmp)], capture_output=True, text=True, check=True
    ).stdout
    assert told.strip() == str(sorted((line, name) for line, name, _ in logins))
