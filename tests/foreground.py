"""`klyuchar run` as a person starts it: real processes, real sockets, the screen as text."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import psutil

from journal.decode import Record, decode
from journal.reader import read
from tests.waiting import wait_for

STARTING_S = 60.0


class Foreground:
    """A running `klyuchar run`; ``screen`` grows as it prints. ``uid`` is who runs it, where that
    is not this process's own user."""

    def __init__(self, state: Path, language: str = "ru", uid: int | None = None) -> None:
        self.state = state
        self.screen: list[str] = []
        self._language, self._uid = language, uid
        environment = os.environ | {"KLYUCHAR_LANGUAGE": language}
        environment.pop("KLYUCHAR_SETTINGS", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "run", "--state", str(state)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
            user=uid,
            group=uid,
            extra_groups=None if uid is None else (),
        )
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.screen.append(line.rstrip("\n"))

    def ready(self) -> Self:
        """Wait until it invites to insert a carrier."""
        self.shows("Running" if self._language == "en" else "Работает", STARTING_S)
        return self

    def shows(self, text: str, timeout: float = 15.0) -> str:
        """The first line that has ``text``; fails with the whole screen where none comes."""
        try:
            return wait_for(
                lambda: next((line for line in list(self.screen) if text in line), ""), timeout
            )
        except AssertionError:
            raise AssertionError(
                f"{text!r} not on the screen:\n" + "\n".join(self.screen)
            ) from None

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`klyuchar ARGUMENTS` in another window."""
        settings = str(self.state / "klyuchar.toml")
        return subprocess.run(
            [sys.executable, "-m", "cli.main", "--settings", settings, *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            user=self._uid,
            group=self._uid,
            extra_groups=None if self._uid is None else (),
        )

    def events(self, name: str) -> list[Record]:
        """The journal's records of one kind."""
        records = [decode(line.raw) for line in read(self.state / "agent" / "journal")]
        return [record for record in records if type(record.event).__name__ == name]

    def children(self, module: str) -> list[int]:
        """The pids of the programs started as `python -m MODULE` under this run."""
        found = []
        for pid in _children(self.process.pid):
            arguments = _arguments(pid)
            if ["-m", module] == arguments[1:3]:
                found.append(pid)
        return found

    def programs(self) -> list[psutil.Process]:
        """Every process of this run but itself."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.ended()

    def ended(self, within: float = 10.0) -> int:
        """The exit code, when it has ended by itself."""
        code = self.process.wait(within)
        self._reading.join(5)
        return code


@contextmanager
def directory() -> Iterator[Path]:
    """Where a run may keep its state: sockets need a short path."""
    path = Path(tempfile.mkdtemp(prefix="kl", dir="/tmp"))
    try:
        yield path
    finally:
        shutil.rmtree(path)


@contextmanager
def started(state: Path, language: str = "ru", uid: int | None = None) -> Iterator[Foreground]:
    """A run in ``state``, which may have been run in before; ended afterwards."""
    running = Foreground(state, language, uid)
    try:
        yield running.ready()
    finally:
        if running.process.poll() is None:
            running.stop()


@contextmanager
def foreground(language: str = "ru") -> Iterator[Foreground]:
    """A started run in a directory of its own, ended and removed afterwards."""
    with directory() as state, started(state, language) as running:
        yield running


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _arguments(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
