"""What systemd hears of a real ledger: ready when it answers, alive while it does, stopping."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.running import Running


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """The service manager's end of the notification socket; it allows 0.4 s of silence."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(10)
        listening.bind(str(tmp_path / "notify"))
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        yield listening


def test_systemd_hears_ready_alive_and_stopping(manager: socket.socket) -> None:
    with Running() as ledger:
        heard = [manager.recv(64) for _ in range(4)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        assert ledger.stop() == 0
        while (told := manager.recv(64)) == b"WATCHDOG=1":
            pass
        assert told == b"STOPPING=1"


def test_without_a_watchdog_nothing_is_pinged(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHDOG_USEC")
    with Running() as ledger:
        assert manager.recv(64) == b"READY=1"
        assert ledger.stop() == 0
        assert manager.recv(64) == b"STOPPING=1"
