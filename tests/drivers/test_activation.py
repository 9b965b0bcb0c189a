"""The launcher: a process for each connection, and none left over."""

from __future__ import annotations

import os
import socket
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers import activation
from drivers.activation import Activation
from tests.waiting import wait_for

ECHO = [sys.executable, "-S", "-c", "import os; os.write(0, os.environ['WORD'].encode() + b'!')"]
SLEEP = ["sleep", "1000"]


@pytest.fixture
def path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="kl", dir="/tmp") as directory:
        yield str(Path(directory) / "w")


def connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(60)
    connection.connect(path)
    return connection


def test_the_connection_is_the_workers_standard_input(path: str) -> None:
    launcher = Activation(path, ECHO, env={"WORD": "hello"})
    with connected(path) as connection:
        launcher.accept()
        assert connection.recv(100) == b"hello!"
        # The launcher kept no end of it: the worker's end is the peer's end.
        assert connection.recv(100) == b""

    def reaped() -> bool:
        launcher.reap()
        return not launcher.pids

    wait_for(reaped, what="the worker was reaped")
    launcher.close()


def test_nobody_waiting_is_no_error(path: str) -> None:
    launcher = Activation(path, SLEEP)
    launcher.accept()
    assert launcher.pids == ()
    launcher.close()


def test_a_command_that_is_absent_closes_the_connection(path: str) -> None:
    launcher = Activation(path, ["/nowhere/worker"])
    with connected(path) as connection:
        launcher.accept()
        assert connection.recv(100) == b""
    assert launcher.pids == ()
    launcher.close()


def test_closing_ends_every_worker(path: str) -> None:
    launcher = Activation(path, SLEEP)
    connections = [connected(path) for _ in range(3)]
    for _ in connections:
        launcher.accept()
    pids = launcher.pids
    assert len(pids) == 3
    launcher.close()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in pids)
    assert not os.path.exists(path)
    for connection in connections:
        connection.close()


def test_the_oldest_goes_when_there_are_too_many(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activation, "MAX_WORKERS", 2)
    launcher = Activation(path, SLEEP)
    connections = [connected(path) for _ in range(3)]
    launcher.accept()
    (oldest,) = launcher.pids
    launcher.accept()
    launcher.accept()
    assert len(launcher.pids) == 2
    assert oldest not in launcher.pids
    assert not os.path.exists(f"/proc/{oldest}")
    launcher.close()
    for connection in connections:
        connection.close()


def test_the_socket_is_the_users_alone(path: str) -> None:
    launcher = Activation(path, SLEEP)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    launcher.close()


def test_a_socket_left_by_a_killed_launcher_is_taken_over(path: str) -> None:
    Activation(path, SLEEP)._listener.close()
    launcher = Activation(path, ECHO, env={"WORD": "again"})
    with connected(path) as connection:
        launcher.accept()
        assert connection.recv(100) == b"again!"
    launcher.close()
