"""A real ledger process on a real socket."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]


class Running:
    """The ledger in a directory of its own under /tmp: a socket's path must be short.

    ``more`` are further lines of its settings, ``mail`` those of the table [ledger.mail].
    """

    def __init__(self, more: str = "", mail: str = "") -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="kl-", dir="/tmp"))
        self.socket = self.directory / "l.sock"
        self.settings = self.directory / "klyuchar.toml"
        self.port = _free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.settings.write_text(
            "[ledger]\n"
            f'state = "{self.directory}/state"\n'
            f'socket = "{self.socket}"\n'
            f'listen = "127.0.0.1:{self.port}"\n'
            'organisation = "МБУ «Проверочная библиотека»"\n'
            + more
            + (f"[ledger.mail]\n{mail}" if mail else "")
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        shutil.rmtree(self.directory)

    @property
    def database(self) -> Path:
        return self.directory / "state" / "ledger.sqlite3"

    def spawn(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "ledger", str(self.settings)],
            cwd=ROOT,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=(self.directory / "log").open("ab"),
        )

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = self.spawn()
        wait_for(self._answers, what=f"a ledger: {self.log}")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self) -> int:
        """Ask it to end, as systemd does; its exit code."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(5)
        self.process = None
        return code

    def officer(self) -> httpx.Client:
        return httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)),
            base_url="http://ledger",
            timeout=10,
        )

    @property
    def log(self) -> str:
        """What it has printed."""
        return (self.directory / "log").read_text()

    def command(self, kind: str, **fields: Any) -> httpx.Response:
        with self.officer() as client:
            return client.post("/v1/commands", json={"type": kind, **fields})

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        try:
            with self.officer() as client:
                return client.get("/v1/ledger").is_success
        except httpx.HTTPError:
            return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
