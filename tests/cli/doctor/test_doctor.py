"""The command itself: what a person reads, what its exit code says, how long it may take."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.settings import load
from cli.doctor.checks import CHECKS
from cli.doctor.examination import Check, examine
from cli.doctor.finding import KINDS, Finding, Outcome, Unseen, found
from cli.doctor.workstation import Workstation
from cli.main import main
from domain.text import Text
from tests.cli.doctor.ward import ROOT, ROOT_ONLY, Ward, doctor
from tests.foreground import Foreground, foreground

NOBODY = 65534
GUIDE = ROOT / "docs" / "administrator.md"


@pytest.fixture(scope="module")
def run() -> Iterator[Foreground]:
    with foreground() as running:
        running.shows("Получены сведения журнала учёта")
        yield running


def said(ward: Ward, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["--settings", str(ward.file), *arguments])
    return code, capsys.readouterr().out


class TestHealthy:
    def test_the_demonstration_gives_no_finding(self, run: Foreground) -> None:
        told = doctor(run.state / "klyuchar.toml")
        assert (told.codes, told.unseen, told.exit_code) == (set(), [], 0)

    def test_with_a_carrier_in_it_neither(self, run: Foreground) -> None:
        run.command("demo", "insert", "ivanova")
        run.shows("МОЖНО пользоваться")
        done = run.command("doctor")
        assert (done.returncode, done.stdout) == (0, "Неисправностей не найдено.\n")

    @ROOT_ONLY
    def test_whom_nothing_is_shown_calls_nothing_fine(self, run: Foreground) -> None:
        """Settings may be read by all, what they name may not."""
        for closed in ("agent", "courier"):
            (run.state / closed).chmod(0o750)
        run.state.chmod(0o711)
        told = doctor(run.state / "klyuchar.toml", user=NOBODY)
        run.state.chmod(0o700)
        assert told.codes == set()
        assert len(told.unseen) > 4
        assert told.exit_code == 75


class TestWords:
    def test_a_person_reads_what_and_how_bad_and_the_command(
        self, ward: Ward, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ward.state.chmod(0o755)
        code, told = said(ward, capsys, "doctor")
        lines = told.splitlines()
        at = next(at for at, line in enumerate(lines) if "[open-to-others]" in line)
        assert lines[at].startswith(f"НЕИСПРАВНОСТЬ: {ward.state} открыт посторонним")
        assert lines[at + 1] == f"    Команда: chmod o-rwx {ward.state}"
        assert "(п. 3.7). [agent-not-running]" in told
        assert re.fullmatch(r"Найдено: \d+\.", lines[-1])
        assert code == 1

    def test_faults_come_before_warnings(
        self, ward: Ward, capsys: pytest.CaptureFixture[str]
    ) -> None:
        told = said(ward, capsys, "doctor")[1]
        assert told.rindex("НЕИСПРАВНОСТЬ: ") < told.index("ВНИМАНИЕ: ")

    def test_in_english(self, ward: Ward, capsys: pytest.CaptureFixture[str]) -> None:
        told = said(ward, capsys, "--language", "en", "doctor")[1]
        assert "FAULT: The agent does not run: nobody watches carriers (clause 3.7)." in told
        assert not re.search("[а-я]", told.replace("klyuchar enrol КОД", ""))

    def test_settings_that_can_not_be_read_are_told_and_the_rest_is_not_called_fine(
        self, ward: Ward, capsys: pytest.CaptureFixture[str]
    ) -> None:
        ward.configure(agent="stat = 1")
        code, told = said(ward, capsys, "doctor")
        assert code == 1
        assert "[agent] stat: этого в настройках нет; возможно, имелось в виду state" in told
        assert "[settings-wrong]" in told
        assert "НЕ ПРОВЕРЕНО: всё остальное" in told

    def test_settings_that_name_what_is_not_there(self, ward: Ward) -> None:
        ward.configure(agent='modules = ["/no/such.so"]')
        assert "config check" in ward.doctor().what("settings-wrong")


class TestExamination:
    @pytest.fixture
    def workstation(self, ward: Ward) -> Workstation:
        ward.configure(agent="module_deadline_s = 1")
        return Workstation(settings_file=str(ward.file), settings=load(ward.file))

    def check(self, look: object) -> Check:
        return Check(name=Text(ru="проверка", en="check"), look=look)  # type: ignore[arg-type]

    def test_a_check_that_hangs_hides_no_other(self, workstation: Workstation) -> None:
        def hangs(_: Workstation) -> Iterator[Outcome]:
            yield found("hidepid", ru="до", en="before", mend="m")
            time.sleep(60)

        def finds(_: Workstation) -> Iterator[Outcome]:
            yield found("disk-full", ru="есть", en="there", mend="m")

        begun = time.monotonic()
        before, late, there = examine(workstation, (self.check(hangs), self.check(finds)))
        assert time.monotonic() - begun < 30
        assert isinstance(before, Finding)
        assert isinstance(there, Finding)
        assert isinstance(late, Unseen)
        assert "не ответило" in late.what.ru

    @pytest.mark.parametrize("error", [PermissionError(13, "no", "/x"), ValueError("odd")])
    def test_a_check_that_breaks_was_no_look(
        self, workstation: Workstation, error: Exception
    ) -> None:
        def breaks(_: Workstation) -> Iterator[Outcome]:
            raise error
            yield

        (outcome,) = examine(workstation, (self.check(breaks),))
        assert isinstance(outcome, Unseen)
        assert outcome.what.ru.startswith("проверка: ")


class TestComplete:
    def test_every_finding_stands_in_the_guide_with_its_gravity(self) -> None:
        gravities = {"fault": "неисправность", "warning": "внимание", "note": "к сведению"}
        section = GUIDE.read_text().partition("## Если что-то не так: klyuchar doctor")[2]
        rows = dict(re.findall(r"^\| `([a-z-]+)` \| ([^|]+) \|", section, re.MULTILINE))
        for code, (gravity, clause) in KINDS.items():
            by = f", п. {clause}" if clause else ""
            assert rows.get(code) == f"{gravities[gravity.value]}{by}", code
        assert set(rows) == set(KINDS)

    def test_every_finding_is_provoked(self) -> None:
        """What no test names was never seen to be found."""
        tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_*.py"))
        assert [code for code in KINDS if f'"{code}"' not in tests] == []

    def test_every_check_has_its_own_name(self) -> None:
        assert len({check.name.ru for check in CHECKS}) == len(CHECKS)


def test_it_changes_nothing(ward: Ward) -> None:
    ward.journal().close()

    def state() -> list[tuple[str, int, int]]:
        paths = sorted(ward.root.rglob("*"))
        return [(str(path), path.stat().st_mode, path.stat().st_mtime_ns) for path in paths]

    before = state()
    ward.doctor()
    assert state() == before
    assert os.listdir(ward.root)
