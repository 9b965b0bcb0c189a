"""Which modules are asked: workers that hang and crash, real files, a clock of the test's own."""

from __future__ import annotations

import select
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.eyes import QUARANTINED, Eyes
from agent.quarantine import FAILING_S, FIRST_PAUSE_S
from agent.sight import Sight
from domain.events import Blind, Event, Seeing
from drivers.catalogue import Module
from drivers.eye import Eye, Look
from tests.drivers.foreign import of_another_machine
from tests.drivers.modules import compiled, fault_environment
from tests.softhsm import MODULE, Tokens
from tests.workers import Workers

A, B = "/usb1/1-1", "/usb1/1-2"


class Stage:
    """Two modules: "bad" misbehaves by plan, "good" is SoftHSM itself."""

    def __init__(self, workers: Workers, bad: Path, plan: Path) -> None:
        self._plan = plan
        self._workers = workers
        self._ahead = 0.0
        modules = [
            Module(name="bad", path=str(bad), general=False),
            Module(name="good", path=MODULE, general=False),
        ]
        eyes = [Eye(module, workers.socket_path, deadline_s=1.0) for module in modules]
        self.sight = Sight()
        self.eyes = Eyes(eyes, self.sight)

    @property
    def now(self) -> float:
        return time.monotonic() + self._ahead

    def plan(self, *lines: str) -> None:
        self._plan.write_text("".join(f"{line}\n" for line in lines))

    def passes(self, seconds: float) -> None:
        """Time of the agent's clock, which need not pass."""
        self._ahead += seconds

    def look(self, *ports: str) -> tuple[set[str], list[Event]]:
        """The modules that were asked, and what was to be recorded of it."""
        self.eyes.look(self.now, pcscd=False)
        return self.until_quiet(*ports)

    def until_quiet(self, *ports: str) -> tuple[set[str], list[Event]]:
        asked, events = set[str](), list[Event]()
        while any(eye.deadline is not None for eye in self.eyes):
            for look in self._next_looks():
                asked.add(look.module.name)
                events += self._told(look)
                events += self.eyes.looked(look, self.now, frozenset(ports))
        return asked, events

    def _told(self, look: Look) -> list[Event]:
        name = look.module.name
        wide = [unread for unread in look.unread if unread.slot < 0]
        if wide:
            return self.sight.lost(name, wide[0].obstacle.value, wide[0].detail)
        return self.sight.back(name)

    def _next_looks(self) -> list[Look]:
        by_fd = {fd: eye for eye in self.eyes if (fd := eye.fileno()) is not None}
        listening = self._workers.activation.fileno()
        ready = select.select([*by_fd, listening], [], [], 0.05)[0]
        if listening in ready:
            self._workers.activation.accept()
        looks = [by_fd[fd].on_readable(self.now) for fd in ready if fd in by_fd]
        looks += [eye.on_deadline(self.now) for eye in self.eyes if eye.deadline is not None]
        return [look for look in looks if look is not None]

    def fail_until_quarantined(self, *ports: str) -> list[Event]:
        events = list[Event]()
        for _ in range(3):
            events += self.look(*ports)[1]
            self.passes(FAILING_S / 2)
        return events


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return compiled("fault", tmp_path)


@pytest.fixture
def stage(tmp_path: Path, bad: Path) -> Iterator[Stage]:
    plan = tmp_path / "plan"
    plan.touch()
    tokens = Tokens(tmp_path / "softhsm")
    with Workers(tokens.env | fault_environment(plan)) as workers:
        stage = Stage(workers, bad, plan)
        yield stage
        stage.eyes.close()


@pytest.mark.parametrize("behaviour", ["segv", "hang", "exit"])
def test_a_module_that_keeps_failing_is_not_asked_any_more_and_the_others_are(
    stage: Stage, behaviour: str
) -> None:
    stage.plan(f"C_Initialize * * {behaviour}")
    first, quarantined = stage.fail_until_quarantined()
    assert isinstance(first, Blind)
    assert isinstance(quarantined, Blind)
    assert (first.what, quarantined.what) == ("bad", "bad")
    assert quarantined.reason.startswith(f"{QUARANTINED}: 3 failures in a row, the last: ")
    assert "C_Initialize" in quarantined.reason
    began = time.monotonic()
    for _ in range(5):
        assert stage.look() == ({"good"}, [])
    assert time.monotonic() - began < 30


def test_it_is_tried_after_a_pause_and_told_when_it_answers(stage: Stage) -> None:
    stage.plan("C_Initialize * * segv")
    stage.fail_until_quarantined()
    stage.passes(FIRST_PAUSE_S)
    assert stage.eyes.on_tick(stage.now, pcscd=False) == []
    assert stage.until_quiet() == ({"bad"}, []), "once more, and nothing new to tell"
    stage.passes(FIRST_PAUSE_S)
    assert stage.look() == ({"good"}, []), "the pause has doubled"
    stage.plan()
    stage.passes(FIRST_PAUSE_S)
    assert stage.look() == ({"bad", "good"}, [Seeing(what="bad")])
    assert stage.look() == ({"bad", "good"}, [])


def test_a_device_that_was_there_as_it_failed_is_a_suspect_when_it_leaves(stage: Stage) -> None:
    stage.plan("C_GetSlotList * * hang")
    stage.fail_until_quarantined(A)
    stage.eyes.device_left(B, stage.now)
    assert stage.look(A)[0] == {"good"}
    stage.eyes.device_left(A, stage.now)
    assert stage.look()[0] == {"bad", "good"}
    stage.eyes.device_left(A, stage.now)
    assert stage.look()[0] == {"good"}, "it was not there any more"


def test_an_administrator_may_have_it_tried(stage: Stage) -> None:
    stage.plan("C_Initialize * * abort")
    stage.fail_until_quarantined()
    stage.plan()
    stage.eyes.try_all(stage.now)
    assert stage.look() == ({"bad", "good"}, [Seeing(what="bad")])


def test_another_file_in_its_place_is_tried_at_the_next_tick(stage: Stage, bad: Path) -> None:
    stage.plan("C_Initialize * * segv")
    stage.fail_until_quarantined()
    assert stage.eyes.on_tick(stage.now, pcscd=False) == []
    assert stage.until_quiet()[0] == set(), "the file is as it was"
    fresh = bad.with_suffix(".new")
    shutil.copy(MODULE, fresh)
    fresh.rename(bad)
    assert stage.eyes.on_tick(stage.now, pcscd=False) == []
    assert stage.until_quiet() == ({"bad"}, [Seeing(what="bad")])


def test_an_error_that_it_reports_is_an_answer(stage: Stage) -> None:
    stage.plan("C_Initialize * * rv 5")
    events = list[Event]()
    for _ in range(5):
        asked, told = stage.look()
        events += told
        assert asked == {"bad", "good"}
        stage.passes(FAILING_S)
    assert len(events) == 1


def test_a_file_that_must_not_be_loaded_is_told_and_never_asked_until_it_is_mended(
    tmp_path: Path, bad: Path
) -> None:
    good = bad.read_bytes()
    bad.write_bytes(of_another_machine())
    plan = tmp_path / "plan"
    plan.touch()
    with Workers(Tokens(tmp_path / "s").env | fault_environment(plan)) as workers:
        stage = Stage(workers, bad, plan)
        (refused,) = stage.eyes.refused()
        assert isinstance(refused, Blind)
        assert refused.reason.startswith("wrong-architecture: 64-bit S/390")
        assert stage.look() == ({"good"}, [])
        bad.write_bytes(good)
        bad.chmod(0o666)
        (now,) = stage.eyes.on_tick(stage.now, pcscd=False)
        assert isinstance(now, Blind)
        assert now.reason.startswith("replaceable: ")
        bad.chmod(0o644)
        assert stage.eyes.on_tick(stage.now, pcscd=False) == []
        assert stage.until_quiet() == ({"bad"}, [Seeing(what="bad")])
        stage.eyes.close()
