"""The person's program between two real buses, a real polkit and a real notification server."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from domain.verdict import Level
from tests.agent.dbus.stage import CARRIER, ROOT, Stage, judged, pulled
from tests.agent.desktop.server import Dunst, display
from tests.message_bus import MessageBus, message_bus, polkit
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="polkitd starts as root only")

DENIED = "Носителем пользоваться нельзя"
OTHER = replace(CARRIER, serial="1")


class Desktop:
    """A session with its bus, and the person's program in it."""

    def __init__(self, directory: Path, stage: Stage, session: MessageBus, screen: str) -> None:
        self.stage = stage
        self.session = session
        self.cases = directory / "ledger" / "open-cases.json"
        self._directory = directory
        self._screen = screen
        runtime = directory / "runtime"
        runtime.mkdir()
        self._environment = stage.environment | {
            "DBUS_SESSION_BUS_ADDRESS": session.address,
            "XDG_RUNTIME_DIR": str(runtime),
            "LC_ALL": "ru_RU.UTF-8",
        }
        self.server: Dunst | None = None
        self.program: subprocess.Popen[bytes] | None = None

    def serve(self) -> Dunst:
        """Somebody shows notifications from now on."""
        self.server = Dunst(self._directory, self.session, self._screen)
        return self.server

    def start(self) -> None:
        self.program = subprocess.Popen(
            [sys.executable, "-m", "agent.desktop", str(self.cases)],
            env=self._environment,
            cwd=ROOT,
        )

    def stop(self) -> None:
        assert self.program is not None
        self.program.send_signal(signal.SIGTERM)
        assert self.program.wait(30) == 0

    def waits(self) -> bool:
        """Whether the program sleeps until something happens."""
        assert self.program is not None
        where = Path(f"/proc/{self.program.pid}/wchan").read_text()
        return "poll" in where or where == "0"

    def post(self, *cases: dict[str, object]) -> None:
        """Write the file as the ledger does."""
        self.cases.parent.mkdir(exist_ok=True)
        new = self.cases.with_name("new")
        new.write_text(json.dumps(cases))
        new.rename(self.cases)

    def close(self) -> None:
        if self.program is not None:
            self.program.kill()
            self.program.wait()
        if self.server is not None:
            self.server.end()


@pytest.fixture
def desktop() -> Iterator[Desktop]:
    directory = Path(tempfile.mkdtemp(prefix="kd", dir="/tmp"))
    directory.chmod(0o755)
    with message_bus() as bus, message_bus("session") as session, polkit(bus), display() as screen:
        stage = Stage(directory, bus)
        stage.start()
        made = Desktop(directory, stage, session, screen)
        try:
            yield made
        finally:
            made.close()
            stage.close()
    shutil.rmtree(directory)


def test_a_carrier_that_may_not_be_used_is_shown_until_it_is_pulled(desktop: Desktop) -> None:
    server = desktop.serve()
    desktop.start()
    desktop.stage.record(judged(level=Level.ALLOW), judged(OTHER, why="<b>&amp;</b>"))
    wait_for(lambda: server.shown, what="a notification")
    ((summary, body),) = server.shown
    assert summary == DENIED
    assert body.startswith("Рутокен № 0000000001. Носитель не учтён: &lt;b&gt;&amp;amp;")
    desktop.stage.record(pulled(OTHER))
    wait_for(lambda: server.standing == 0, what="closed")


def test_another_word_on_the_same_carrier_replaces_the_first(desktop: Desktop) -> None:
    server = desktop.serve()
    desktop.start()
    desktop.stage.record(judged())
    wait_for(lambda: server.shown, what="a notification")
    desktop.stage.record(judged(why="y"))
    wait_for(lambda: len(server.shown) == 2, what="its successor")
    assert server.standing == 1
    desktop.stage.record(judged(level=Level.ALLOW))
    wait_for(lambda: server.standing == 0, what="closed when all is well")


def test_nothing_is_told_twice_whoever_starts_anew(desktop: Desktop) -> None:
    server = desktop.serve()
    desktop.start()
    desktop.stage.record(judged(), judged(OTHER))
    wait_for(lambda: len(server.shown) == 2, what="both")
    server.close_all()
    wait_for(lambda: server.standing == 0, what="closed by the person")
    desktop.stop()
    desktop.stage.record(pulled(OTHER), judged(replace(CARRIER, serial="2")))
    desktop.start()
    wait_for(lambda: len(server.shown) == 3, what="the new one")
    assert "0000000002" in server.shown[2][1]
    service = desktop.stage.service
    assert service is not None
    service.kill()
    service.wait()
    desktop.stage.start()
    desktop.stage.record(judged(OTHER))
    wait_for(lambda: len(server.shown) == 4, what="a word after the agent's side was started anew")
    assert "0000000001" in server.shown[3][1]


def test_a_server_that_comes_later_shows_what_stands(desktop: Desktop) -> None:
    desktop.start()
    desktop.stage.record(judged())
    wait_for(lambda: desktop.stage.value("Carriers") == "u 1", what="recorded")
    wait_for(desktop.waits, what="the program waits")
    server = desktop.serve()
    wait_for(lambda: server.shown, what="the notification")


def test_the_agents_side_may_come_later_too(desktop: Desktop) -> None:
    service = desktop.stage.service
    assert service is not None
    service.kill()
    service.wait()
    server = desktop.serve()
    desktop.start()
    wait_for(desktop.waits, what="the program waits")
    desktop.stage.record(judged())
    desktop.stage.start()
    wait_for(lambda: server.shown, what="the notification")


def test_open_cases_are_shown_once_and_closed_when_they_are(desktop: Desktop) -> None:
    server = desktop.serve()
    desktop.start()
    wait_for(desktop.waits, what="the program waits for a ledger")
    case = {"case": 17, "severity": "deny", "what": "unknown-carrier", "host": "pc-17"}
    desktop.post(case)
    wait_for(lambda: server.shown, what="the case")
    assert server.shown[0][0] == "Дело № 17: Нарушение"
    desktop.stop()
    desktop.start()
    desktop.post(case, case | {"case": 18})
    wait_for(lambda: len(server.shown) == 2, what="the other case")
    assert server.shown[1][0] == "Дело № 18: Нарушение"
    desktop.post(case | {"case": 18})
    wait_for(lambda: server.standing == 1, what="the first case closed")
    shutil.rmtree(desktop.cases.parent)
    desktop.post(case | {"case": 18}, case | {"case": 19})
    wait_for(lambda: len(server.shown) == 3, what="a case of a ledger that was started anew")


@pytest.mark.parametrize("nonsense", ["", "{", "[1]", "[{}]", '[{"case": "x"}]', '{"a": 1}'])
def test_a_file_that_is_none_of_the_ledgers_tells_nothing(desktop: Desktop, nonsense: str) -> None:
    server = desktop.serve()
    desktop.cases.parent.mkdir()
    desktop.cases.write_text(nonsense)
    desktop.start()
    desktop.stage.record(judged())
    wait_for(lambda: server.shown, what="a verdict all the same")
    assert [summary for summary, _ in server.shown] == [DENIED]


def test_a_program_that_holds_the_reader_is_named(desktop: Desktop) -> None:
    server = desktop.serve()
    ctypes.CDLL("libpcsclite.so.1")
    desktop.start()
    word = judged(None, level=Level.WARN, port="usb:1-1")
    finding = replace(word.verdict.findings[0], rule="unreadable")
    desktop.stage.record(replace(word, verdict=replace(word.verdict, findings=(finding,))))
    wait_for(lambda: server.shown, what="a notification")
    name = Path("/proc/self/comm").read_text().strip()
    assert name in server.shown[0][1]
