"""The foreground run: starts the programs, wakes the courier, shows the journal."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from inotify_simple import INotify, flags

from agent.settings import load
from cli.beginning import Beginning
from cli.layout import Layout, hold
from cli.programs import Programs
from cli.screen import Screen
from domain.events import Started
from domain.text import Text
from drivers.activation import Activation
from journal.decode import decode
from journal.reader import Follower

_COURIER_EVERY_S = 5.0
_NAMES = {
    "ledger": Text(ru="Журнал учёта", en="The ledger"),
    "agent": Text(ru="Агент", en="The agent"),
}


class Foreground:
    """Everything of one machine under one terminal; a context manager that leaves nothing."""

    def __init__(self, layout: Layout, language: str) -> None:
        self._layout = layout
        self._screen = Screen(language)
        self._settings = load(layout.settings)
        self._environment = os.environ | {
            "SOFTHSM2_CONF": str(layout.softhsm),
            "KLYUCHAR_LANGUAGE": language,
        }
        self._programs = Programs(self._environment)
        self._courier_at = 0.0
        self._asked_to_stop = False
        self._open = ExitStack()
        self._beginning = Beginning(
            layout, self._programs, self._screen, self._environment, lambda: self._asked_to_stop
        )

    def __enter__(self) -> Self:
        self._open.callback(os.close, hold(self._layout))
        self._waking, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGCHLD, lambda number, frame: None)
        agent = self._settings.agent
        self._activations = [self._activate("drivers.worker", agent.worker_socket)]
        # A run made by an older version names no socket for this: the packaged one is not ours.
        if Path(agent.storage_socket).parent == self._layout.sockets:
            self._activations.append(self._activate("drivers.storage", agent.storage_socket))
        self._inotify = self._open.enter_context(INotify(nonblocking=True))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._programs.end()
        self._open.close()

    def run(self) -> int:
        """Start all, then show what happens until Ctrl-C; 1 where a program ended by itself."""
        agent = self._settings.agent
        self._inotify.add_watch(agent.journal, flags.MODIFY | flags.CREATE)
        self._follower = Follower(agent.journal, after=_last_seq(agent.journal))
        self._beginning.run(agent)
        while not self._asked_to_stop:
            self._turn()
            if ended := next((name for name in _NAMES if self._ended(name)), ""):
                return self._report_end(ended)
        self._screen.say(Text(ru="Останавливаюсь.", en="Stopping."))
        self._programs.end()
        self._show()
        return 0

    def _turn(self) -> None:
        poll = select.poll()
        activations = {activation.fileno(): activation for activation in self._activations}
        for fd in (self._waking, *activations, self._inotify.fileno()):
            poll.register(fd, select.POLLIN)
        patience = max(0.0, self._courier_at - time.monotonic())
        for fd, _ in poll.poll(int(patience * 1000) + 1):
            if fd in activations:
                activations[fd].accept()
            elif fd == self._inotify.fileno():
                self._inotify.read(timeout=0)
                self._courier_at = min(self._courier_at, time.monotonic() + 0.2)
            else:
                os.read(self._waking, 64)
        for activation in self._activations:
            activation.reap()
        self._show()
        self._send_courier()

    def _activate(self, module: str, socket_path: str) -> Activation:
        command = [sys.executable, "-m", module]
        activation = Activation(socket_path, command, env=self._environment)
        self._open.callback(activation.close)
        return activation

    def _show(self) -> None:
        while lines := self._follower.new():
            for line in lines:
                record = decode(line.raw)
                self._screen.show(record)
                if isinstance(record.event, Started):
                    self._invite()

    def _invite(self) -> None:
        klyuchar = _as_called(self._layout.settings)
        self._screen.say(
            Text(
                ru=f"Работает. Вставьте носитель или, в другом окне: {klyuchar} demo list. "
                "Остановить: Ctrl-C.",
                en=f"Running. Insert a carrier or, in another window: {klyuchar} demo list. "
                "Stop: Ctrl-C.",
            )
        )

    def _send_courier(self) -> None:
        """One courier at a time: when the journal grew, and for snapshots every few seconds."""
        if not self._ended("courier") or time.monotonic() < self._courier_at:
            return
        self._courier_at = time.monotonic() + _COURIER_EVERY_S
        settings = str(self._layout.settings)
        self._programs.start("courier", "agent.courier", "--settings", settings)

    def _ended(self, name: str) -> bool:
        return self._programs.code(name) is not None

    def _report_end(self, name: str) -> int:
        it, code = _NAMES[name], self._programs.code(name)
        self._screen.say(
            Text(
                ru=f"{it.ru} завершился сам (код {code}); причина — в строках выше.",
                en=f"{it.en} ended by itself (code {code}); the lines above say why.",
            )
        )
        return 1

    def _stop(self, number: int, frame: object) -> None:
        del number, frame
        self._asked_to_stop = True


def _last_seq(journal: Path) -> int:
    """Where the journal ends before this run: what came before is not shown again."""
    from journal.reader import read

    last = 0
    for record in read(journal):
        last = record.seq
    return last


def _as_called(settings: Path) -> str:
    """How to call `klyuchar` in another window that stands where this one does."""
    called = sys.argv[0] if sys.argv[0].endswith("/klyuchar") else "klyuchar"
    here = settings == Path("var/klyuchar.toml").resolve()
    return called if here else f"{called} --settings {settings}"
