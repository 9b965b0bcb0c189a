"""The service on a real bus with a real polkit, behind a journal that the test writes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from agent.dbus.interface import NAME, PATH
from domain.carrier import Carrier, Maker
from domain.events import Event, Judged, Pulled
from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from journal.writer import Journal
from tests.message_bus import MessageBus, owned
from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
OBJECT = (NAME, PATH, NAME)
CARRIER = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="3b2f0a11")


def judged(
    carrier: Carrier | None = CARRIER, level: Level = Level.DENY, port: str = "", why: str = "x"
) -> Judged:
    """A verdict; the login at the seat is one that nobody else may learn."""
    finding = Finding(
        rule="unknown-carrier",
        clause="3.1",
        level=level,
        reason=Text(ru=f"Носитель не учтён: {why}", en=f"Unknown: {why}"),
        advice=Text(ru="Отнесите его ответственному", en="Bring it"),
    )
    verdict = Verdict(findings=(finding,), snapshot=None, age=None)
    return Judged(carrier=carrier, port=port, seat="ivanova", verdict=verdict)


def pulled(carrier: Carrier = CARRIER) -> Pulled:
    return Pulled(carrier=carrier)


class Stage:
    """``bus`` is a system's; the service is started as the bus would."""

    def __init__(self, directory: Path, bus: MessageBus) -> None:
        self.bus = bus
        self.directory = directory
        for name in ("agent", "courier"):
            (directory / name).mkdir()
        self.settings = directory / "klyuchar.toml"
        self.settings.write_text(
            f'[agent]\nstate = "{directory}/agent"\nworker_socket = "{directory}/worker.sock"\n'
            f'host = "pc-17"\n[courier]\nstate = "{directory}/courier"\n'
            'ledger = "http://127.0.0.1:8443"\n'
        )
        self.rescan_socket = str(directory / "rescan.sock")
        self.journal = Journal.open(directory / "agent" / "journal", host="pc-17", boot="b")
        self.environment = os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": bus.address}
        self.service: subprocess.Popen[str] | None = None
        self._listeners: list[Listener] = []

    def record(self, *events: Event) -> None:
        self.journal.append(*events)

    def start(self) -> None:
        command = [sys.executable, "-m", "agent.dbus", str(self.settings), self.rescan_socket]
        self.service = subprocess.Popen(
            command, env=self.environment, cwd=ROOT, stderr=subprocess.PIPE, text=True
        )
        wait_for(lambda: self.service.poll() is not None or owned(self.bus, NAME), what="the name")  # type: ignore[union-attr]

    def ended(self) -> int:
        """Its exit code, once it has ended by itself."""
        assert self.service is not None
        return self.service.wait(60)

    def call(self, member: str, user: str = "") -> subprocess.CompletedProcess[str]:
        return self.bus.busctl("call", *OBJECT, member, user=user)

    def value(self, name: str) -> str:
        return self.bus.busctl("get-property", *OBJECT, name, user="nobody").stdout.strip()

    def listener(self, user: str = "") -> Listener:
        made = Listener(self.environment, user)
        self._listeners.append(made)
        return made

    def close(self) -> None:
        for listener in self._listeners:
            listener.close()
        if self.service is not None:
            self.service.send_signal(signal.SIGCONT)
            self.service.kill()
            self.service.wait()


class Listener:
    """A subscriber in a process of its own; ``told`` grows."""

    def __init__(self, environment: dict[str, str], user: str) -> None:
        command = [sys.executable, "-m", "tests.agent.dbus.listener"]
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            **({"user": user, "group": "nogroup", "extra_groups": []} if user else {}),  # type: ignore[call-overload]
        )
        self.told: list[Any] = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        wait_for(lambda: self.told, what="an answer to Subscribe")

    def records(self) -> list[int]:
        """The numbers of the records told so far."""
        return [message[1] for message in self.told[1:]]

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reading.join()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.told.append(json.loads(line))
