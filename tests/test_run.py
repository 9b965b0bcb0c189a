"""The main job from end to end, as the first ten minutes of the README tell it."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from cli.layout import prepare
from tests.foreground import Foreground, directory, foreground, started
from tests.waiting import wait_for

ROOT = Path(__file__).parents[1]
NOBODY = 65534


@pytest.fixture(scope="module")
def run() -> Iterator[Foreground]:
    with foreground() as running:
        yield running


def verdict(run: Foreground, name: str) -> dict[str, Any]:
    """Insert ``name``, wait for its verdict to be recorded, and give what decided it."""
    before = len(run.events("Judged"))
    assert run.command("demo", "insert", name).returncode == 0
    wait_for(lambda: len(run.events("Judged")) > before, what=f"a verdict on {name}")
    (carrier,) = status(run)["carriers"]
    assert run.command("demo", "remove", name).returncode == 0
    wait_for(lambda: not status(run)["carriers"], what=f"{name} gone")
    return dict(carrier)


def status(run: Foreground) -> dict[str, Any]:
    return dict(json.loads(run.command("status", "--json").stdout))


def gone(programs: list[psutil.Process]) -> bool:
    return not any(program.is_running() for program in programs)


@pytest.mark.xdist_group("run")
class TestDemonstration:
    """One run for all: starting it is the slow part."""

    @pytest.mark.parametrize(
        ("name", "level", "clause"),
        [
            ("ivanova", "allow", "3.7"),
            ("petrov", "deny", "3.7"),
            ("srok", "deny", "4.2"),
            ("chuzhoy", "deny", "3.1"),
        ],
    )
    def test_each_carrier_gets_the_verdict_of_its_story(
        self, run: Foreground, name: str, level: str, clause: str
    ) -> None:
        told = verdict(run, name)
        assert (told["verdict"], told["clause"]) == (level, clause), told

    def test_the_one_whose_key_ended_has_a_gost_certificate_that_runs_on(
        self, run: Foreground
    ) -> None:
        verdict(run, "srok")
        seen = [record.event.sighting for record in run.events("Identified")]
        (certificate,) = next(one for one in seen if one.label == "srok").certificates
        deciding = [one.event.verdict.deciding for one in run.events("Judged")]
        assert "key-ended" in {finding.rule for finding in deciding}
        assert certificate.key_not_after < run.events("Judged")[-1].time < certificate.not_after
        (document,) = [one for one in documents(run) if one["certificate"] == certificate.sha256]
        assert document["key_not_after"] == "", "the certificate alone tells it"

    def test_the_screen_says_what_why_and_what_to_do(self, run: Foreground) -> None:
        verdict(run, "petrov")
        told = run.shows("НЕЛЬЗЯ пользоваться (п. 3.7)")
        assert "Носитель выдан не тому" in told
        assert "Что делать: " in told

    def test_one_that_stays_is_judged_again_when_the_ledger_changes(self, run: Foreground) -> None:
        assert run.command("demo", "insert", "petrov").returncode == 0
        wait_for(lambda: [c.get("verdict") for c in status(run)["carriers"]] == ["deny"])
        number = "КН-0002"
        assert run.command("ledger", "return", "--document", number).returncode == 0
        issue = ("--document", number, "--person", "Иванова", "--receipt", "расписка 7")
        assert run.command("ledger", "issue", *issue).returncode == 0
        wait_for(
            lambda: [c.get("verdict") for c in status(run)["carriers"]] == ["allow"],
            timeout=60,
            what="a verdict on the newer snapshot",
        )
        assert run.command("demo", "remove", "petrov").returncode == 0
        assert run.command("ledger", "return", "--document", number).returncode == 0
        issue = ("--document", number, "--person", "Петров", "--receipt", "расписка 8")
        assert run.command("ledger", "issue", *issue).returncode == 0

    def test_the_journal_reaches_the_ledger_and_verifies(self, run: Foreground) -> None:
        wait_for(lambda: status(run)["journal"]["not_shipped"] == 0, what="shipped")
        verified = run.command("journal", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr

    def test_a_second_run_of_the_same_state_is_refused_and_harms_nothing(
        self, run: Foreground
    ) -> None:
        second = Foreground(run.state)
        assert second.ended() == 1
        (told,) = second.screen
        assert "уже работает в другом окне" in told
        assert status(run)["agent"]["running"]
        assert run.command("ledger", "person", "list").returncode == 0


@pytest.mark.parametrize("readme", ["README.md", "README.en.md"])
def test_the_first_ten_minutes_are_as_the_readme_writes_them(readme: str) -> None:
    commands = re.findall(r"^\.venv/bin/klyuchar (.+)$", (ROOT / readme).read_text(), re.M)
    assert len(commands) > 12
    with foreground() as run:
        for command in commands:
            words = shlex.split(command, comments=True)
            if words[:2] == ["ledger", "case"]:
                wait_for(lambda: cases(run), what="a case of what was shipped")
            done = run.command(*words)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
            if words[:2] == ["demo", "insert"]:
                wait_for(functools.partial(is_judged, run, words[2]), what=command)
        run.shows("вынут")
        (case,) = [one for one in cases(run) if one["case"] == 1]
        assert (case["what"], case["open"]) == ("issued-to-another", False)


def is_judged(run: Foreground, label: str) -> bool:
    """Whether the carrier of that label, which is here, has its verdict."""
    seen = [record.event.sighting for record in run.events("Identified")]
    serials = {one.carrier.spelled() for one in seen if one.label == label}
    return any(one["serial"] in serials and "verdict" in one for one in status(run)["carriers"])


def cases(run: Foreground) -> list[dict[str, Any]]:
    return list(json.loads(run.command("ledger", "case", "list", "--json").stdout))


def documents(run: Foreground) -> list[dict[str, Any]]:
    return list(json.loads(run.command("ledger", "document", "list", "--json").stdout))


def test_ctrl_c_ends_cleanly_within_two_seconds_and_the_second_start_goes_on() -> None:
    with directory() as state:
        with started(state) as run:
            assert run.command("demo", "insert", "srok").returncode == 0
            run.shows("НЕЛЬЗЯ пользоваться (п. 4.2)")
            accepted, appeared = run.events("SnapshotAccepted")[0], run.events("Appeared")[0]
            assert accepted.seq < appeared.seq, "no carrier waits for the ledger's data"
            programs = run.programs()
            assert len(programs) > 2
            begun = time.monotonic()
            assert run.stop() == 0
            assert time.monotonic() - begun < 2.0
            assert gone(programs)
            assert run.events("Stopped")
            assert "Ключарь остановлен" in run.screen[-1]
            assert "Traceback" not in "\n".join(run.screen)
            assert sum("Первый запуск" in line for line in run.screen) == 1
            recorded = len(run.events("Judged"))
        with started(state) as run:
            run.shows("НЕЛЬЗЯ")
            assert len(run.events("Judged")) == recorded + 1, "plugged at the start, judged again"
            assert sum("НЕЛЬЗЯ" in line for line in run.screen) == 1, "nothing old is shown"
            assert not [line for line in run.screen if "Первый запуск" in line]
            assert len(documents(run)) == 3


def test_ctrl_c_in_the_middle_of_the_first_start_ends_it_and_the_next_begins_anew() -> None:
    with directory() as state:
        run = Foreground(state)
        run.shows("Первый запуск", 30)
        programs = run.programs()
        begun = time.monotonic()
        assert run.stop() == 0
        assert time.monotonic() - begun < 2.0
        assert gone(programs)
        assert run.screen[-1] == "Останавливаюсь."
        assert not (state / "agent" / "enrolment.json").exists(), "no step after the one that ran"
        with started(state) as run:
            assert sum("Первый запуск" in line for line in run.screen) == 1
            assert verdict(run, "srok")["rule"] == "key-ended"


def test_a_run_that_is_killed_leaves_no_process() -> None:
    with foreground() as run:
        programs = run.programs()
        run.process.kill()
        run.ended()
        wait_for(lambda: gone(programs), what="all programs ended")


@pytest.mark.parametrize(("module", "told"), [("ledger", "Журнал учёта"), ("agent", "Агент")])
def test_a_program_that_dies_ends_the_run_and_is_named(module: str, told: str) -> None:
    with foreground() as run:
        programs = run.programs()
        (pid,) = run.children(module)
        os.kill(pid, 9)
        assert run.ended() == 1
        assert f"{told} завершился сам (код -9)" in run.screen[-1]
        assert gone(programs)


@pytest.mark.parametrize(
    "content",
    ["", "[agent", "[agent]\n[courier]\n[ledger]\n", "\ufffd\x00", "[agent]\nstate = 5\n"],
)
def test_damaged_settings_are_told_and_nothing_is_started(content: str) -> None:
    with directory() as state:
        (state / "klyuchar.toml").write_text(content)
        run = Foreground(state)
        assert run.ended() == 1
        (told,) = run.screen
        assert str(state / "klyuchar.toml") in told
        assert "Исправьте файл" in told


def test_a_folder_that_was_moved_is_told_and_the_old_place_left_alone() -> None:
    with directory() as place:
        prepare(place / "old").state.rename(place / "new")
        run = Foreground(place / "new")
        assert run.ended() == 1
        assert f"{place}/old/agent, а её нет" in run.screen[0]
        assert [path.name for path in place.iterdir()] == ["new"]


@pytest.mark.parametrize(
    ("language", "told"), [("ru", "Настройки журнала учёта"), ("en", "The ledger's settings")]
)
def test_what_a_program_complains_of_is_said_in_the_runs_language(language: str, told: str) -> None:
    with directory() as state:
        settings = prepare(state).settings
        settings.write_text(settings.read_text().replace("[ledger]", '[ledger]\nnumber = "x"'))
        run = Foreground(state, language)
        assert run.ended() == 75
        assert told in run.screen[0]
        assert len(run.screen) == 2


def test_in_english_everything_is() -> None:
    with foreground("en") as run:
        assert run.command("--language", "en", "demo", "insert", "ivanova").returncode == 0
        run.shows("ALLOWED")
        assert run.stop() == 0
        assert not [line for line in run.screen if re.search("[а-яё]", line)], run.screen


@pytest.mark.skipif(os.geteuid() != 0, reason="whoever is not root runs all tests so")
def test_an_ordinary_user_runs_it_all() -> None:
    importing = [sys.executable, "-c", "import cli.main, ledger.http"]
    if subprocess.run(importing, cwd=ROOT, user=NOBODY, check=False).returncode:
        pytest.skip("an ordinary user may not read this directory")
    with directory() as state:
        os.chown(state, NOBODY, NOBODY)
        with started(state, uid=NOBODY) as run:
            assert {program.uids().real for program in run.programs()} == {NOBODY}
            assert verdict(run, "ivanova")["verdict"] == "allow"
            assert verdict(run, "petrov")["verdict"] == "deny"
            assert run.command("ledger", "person", "list").returncode == 0
            assert run.stop() == 0
        owners = {path.lstat().st_uid for path in state.rglob("*")}
        assert owners == {NOBODY}
