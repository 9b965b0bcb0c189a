"""The foreground run: starts the programs, wakes the courier, shows the journal."""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from inotify_simple import INotify, flags

from agent.settings import load
from cli.layout import Layout
from cli.screen import Screen
from domain.errors import CouldNotAsk
from domain.events import Started
from domain.text import Text
from drivers.activation import Activation
from journal.decode import decode
from journal.reader import Follower

_COURIER_EVERY_S = 5.0
_STARTING_S = 15.0
_STOPPING_S = 1.5
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)


class Foreground:
    """Everything of one machine under one terminal; a context manager that leaves nothing."""

    def __init__(self, layout: Layout, language: str) -> None:
        self._layout = layout
        self._language = language
        self._screen = Screen(language)
        self._settings = load(layout.settings)
        self._environment = os.environ | {"SOFTHSM2_CONF": str(layout.softhsm)}
        self._programs: dict[str, subprocess.Popen[bytes]] = {}
        self._courier: subprocess.Popen[bytes] | None = None
        self._courier_at = 0.0
        self._asked_to_stop = False
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._waking, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        self._activation = Activation(
            self._settings.agent.worker_socket,
            [sys.executable, "-m", "drivers.worker"],
            env=self._environment,
        )
        self._open.callback(self._activation.close)
        self._inotify = self._open.enter_context(INotify(nonblocking=True))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end_programs()
        self._open.close()

    def run(self) -> int:
        """Start all, then show what happens until Ctrl-C; 1 where a program ended by itself."""
        journal = self._settings.agent.journal
        self._inotify.add_watch(journal, flags.MODIFY | flags.CREATE)
        self._follower = Follower(journal, after=_last_seq(self._layout))
        self._start("ledger", [sys.executable, "-m", "ledger", str(self._layout.settings)])
        self._found_demonstration()
        self._start("agent", [sys.executable, "-m", "agent", str(self._layout.settings)])
        while not self._asked_to_stop:
            self._turn()
            if ended := self._ended():
                return self._report_end(ended)
        self._say("Останавливаюсь.", "Stopping.")
        return 0

    def _turn(self) -> None:
        poll = select.poll()
        for fd in (self._waking, self._activation.fileno(), self._inotify.fileno()):
            poll.register(fd, select.POLLIN)
        patience = max(0.0, self._courier_at - time.monotonic())
        for fd, _ in poll.poll(int(patience * 1000) + 1):
            if fd == self._activation.fileno():
                self._activation.accept()
            elif fd == self._inotify.fileno():
                self._inotify.read(timeout=0)
                self._courier_at = min(self._courier_at, time.monotonic() + 0.2)
            else:
                os.read(self._waking, 64)
        self._activation.reap()
        self._show()
        self._send_courier()

    def _show(self) -> None:
        while lines := self._follower.new():
            for line in lines:
                record = decode(line.raw)
                self._screen.show(record)
                if isinstance(record.event, Started):
                    self._invite()

    def _invite(self) -> None:
        self._say(
            "Работает. Вставьте носитель или, в другом окне: .venv/bin/klyuchar demo list. "
            "Остановить: Ctrl-C.",
            "Running. Insert a carrier or, in another window: .venv/bin/klyuchar demo list. "
            "Stop: Ctrl-C.",
        )

    def _send_courier(self) -> None:
        """One courier at a time: when the journal grew, and for snapshots every few seconds."""
        if self._courier is not None and self._courier.poll() is None:
            return
        if time.monotonic() < self._courier_at:
            return
        self._courier_at = time.monotonic() + _COURIER_EVERY_S
        self._courier = self._spawn(
            [sys.executable, "-m", "agent.courier", "--settings", str(self._layout.settings)]
        )

    def _found_demonstration(self) -> None:
        from cli import demonstration

        socket = self._layout.sockets / "ledger.sock"
        deadline = time.monotonic() + _STARTING_S
        while not demonstration.ledger_answers(socket):
            if self._ended() or time.monotonic() > deadline or self._asked_to_stop:
                raise CouldNotAsk(
                    Text(
                        ru="Журнал учёта не запустился; причина — в строках выше.",
                        en="The ledger did not start; the lines above say why.",
                    )
                )
            time.sleep(0.02)
        if demonstration.found(self._layout, self._environment):
            self._say(
                "Заведена показательная организация с вымышленными людьми и носителями.",
                "Made a demonstration organisation with fictitious people and carriers.",
            )

    def _start(self, name: str, command: list[str]) -> None:
        self._programs[name] = self._spawn(command)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """In a session of its own, so that Ctrl-C reaches only us, and gone when we are."""
        return subprocess.Popen(
            command,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  we have one thread
        )

    def _ended(self) -> str:
        return next((n for n, p in self._programs.items() if p.poll() is not None), "")

    def _report_end(self, name: str) -> int:
        code = self._programs[name].returncode
        self._say(
            f"Программа {name} завершилась сама (код {code}); причина — в строках выше.",
            f"The program {name} ended by itself (code {code}); the lines above say why.",
        )
        return 1

    def _end_programs(self) -> None:
        programs = list(self._programs.values())
        if self._courier is not None:
            programs.append(self._courier)
        for program in programs:
            if program.poll() is None:
                program.terminate()
        deadline = time.monotonic() + _STOPPING_S
        for program in programs:
            try:
                program.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()

    def _stop(self, number: int, frame: object) -> None:
        del number, frame
        self._asked_to_stop = True

    def _say(self, ru: str, en: str) -> None:
        print(Text(ru=ru, en=en).in_language(self._language), flush=True)


def _last_seq(layout: Layout) -> int:
    """Where the journal ends before this run: what came before is not shown again."""
    from journal.reader import read

    last = 0
    for record in read(layout.state / "agent" / "journal"):
        last = record.seq
    return last


def _die_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
