"""What the Debian package promises, as far as it shows without building it."""

from __future__ import annotations

import fnmatch
import re
import tomllib
from pathlib import Path

import pytest

import agent
import agent.settings
import ledger.settings

ROOT = Path(__file__).parents[1]
DEBIAN, UNITS = ROOT / "debian", ROOT / "systemd"
CONFIGURATION = DEBIAN / "klyuchar.toml"
RULES = (DEBIAN / "rules").read_text()


def value(unit: str, name: str) -> str:
    """The last value a unit gives ``name``, empty where it gives none."""
    found = re.findall(rf"^{name}=(.*)$", (UNITS / unit).read_text(), re.MULTILINE)
    return found[-1] if found else ""


def pins(lock: str) -> dict[str, list[str]]:
    """The packages of a lock file with version, each with its hashes."""
    blocks = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
    return {block.split()[0]: sorted(re.findall(r"sha256:\w+", block)) for block in blocks}


def test_everything_in_systemd_is_installed() -> None:
    patterns = [line.split()[0] for line in (DEBIAN / "klyuchar.install").read_text().splitlines()]
    for path in (path for path in UNITS.rglob("*") if path.is_file()):
        name = str(path.relative_to(ROOT))
        by_pattern = any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
        assert by_pattern or f"{name} $(ROOT)/usr/lib/" in RULES, name


def test_what_can_be_enabled_is_dealt_with() -> None:
    named = set(re.findall(r"klyuchar-\w+\.\w+", RULES))
    units = (path for path in UNITS.rglob("*") if path.is_file())
    enabled = {path.name for path in units if "[Install]" in path.read_text()}
    assert named == enabled


def test_the_version_is_the_same_everywhere() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    changelog = (DEBIAN / "changelog").read_text()
    assert changelog.startswith(f"klyuchar ({project['version']}) ")
    assert project["version"] == agent.VERSION


def test_the_package_runs_on_what_the_tests_ran_on() -> None:
    run, all_ = pins("requirements-run.lock"), pins("requirements.lock")
    assert {name: hashes for name, hashes in all_.items() if name in run} == run


def test_the_package_has_what_the_project_needs_and_nothing_else() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    locked = {name.split("==")[0] for name in pins("requirements-run.lock")}
    needed = {re.split(r"[<>=\[]", name)[0] for name in project["dependencies"]}
    assert needed <= locked
    assert not locked & set(project["optional-dependencies"]["dev"])


def test_the_configuration_is_good_as_it_comes() -> None:
    at_work = agent.settings.load(CONFIGURATION)
    assert at_work.agent.demo_socket == at_work.agent.demo_tokens == ""
    assert at_work.agent.modules == ()
    books = ledger.settings.load(CONFIGURATION)
    assert books.mail is None
    assert at_work.courier.ledger == f"http://{books.listen}"


def test_every_example_in_the_configuration_is_good(tmp_path: Path) -> None:
    """An example stands above its setting and takes its place here."""
    lines, taken = list[str](), set[str]()
    for line in CONFIGURATION.read_text().splitlines():
        shown = re.match(r"# {1,3}(\w+ = .*|\[[\w.]+\])$", line)
        setting = shown[1] if shown else line
        name = setting.partition(" = ")[0]
        if setting.startswith("["):
            taken.clear()
        if name not in taken or setting.startswith("#"):
            lines.append(setting)
        taken.add(name)
    uncommented = tmp_path / "klyuchar.toml"
    uncommented.write_text("\n".join(lines))
    assert agent.settings.load(uncommented).agent.host == "pc-17"
    books = ledger.settings.load(uncommented)
    assert books.mail is not None
    assert books.listen.startswith("0.0.0.0:")


@pytest.mark.parametrize(
    "unit", ["klyuchar-agent.service", "klyuchar-courier.service", "klyuchar-inventory.service"]
)
def test_state_belongs_to_the_same_before_and_after_the_first_start(unit: str) -> None:
    """Where unit and tmpfiles differ, systemd gives the directory away at every start."""
    directory = value(unit, "StateDirectory")
    made = (UNITS / "klyuchar.tmpfiles.conf").read_text()
    (mode, user, group) = re.findall(
        rf"^d /var/lib/{directory}\s+(\d+)\s+(\S+)\s+(\S+) -$", made, re.MULTILINE
    )[0]
    told = value(unit, "StateDirectoryMode"), value(unit, "User"), value(unit, "Group")
    assert (mode, user, group) == told


def test_the_agent_reads_what_courier_and_inventory_write_and_the_courier_its_journal() -> None:
    for unit in (
        "klyuchar-agent.service",
        "klyuchar-courier.service",
        "klyuchar-inventory.service",
    ):
        assert value(unit, "Group") == "klyuchar"
        assert value(unit, "UMask") == "0027"


def test_only_the_agent_reaches_the_workers() -> None:
    assert value("klyuchar-worker.socket", "SocketMode") == "0600"
    assert value("klyuchar-worker.socket", "SocketUser") == value("klyuchar-agent.service", "User")


def test_only_the_agent_reaches_those_who_read_names() -> None:
    assert value("klyuchar-storage.socket", "SocketMode") == "0600"
    assert value("klyuchar-storage.socket", "SocketUser") == value("klyuchar-agent.service", "User")


def test_the_smart_card_service_is_told_of_the_worker() -> None:
    rule = (UNITS / "50-klyuchar.rules").read_text()
    assert f'subject.user == "{value("klyuchar-worker@.service", "User")}"' in rule


def test_the_question_at_purging_keeps_by_default_and_speaks_russian() -> None:
    template = (DEBIAN / "klyuchar.templates").read_text()
    assert re.search(r"^Default: false$", template, re.MULTILINE)
    asked = re.findall(r"^ ?(?:_Description: )?(\S.*)$", template, re.MULTILINE)
    russian = (DEBIAN / "po" / "ru.po").read_text()
    known = re.sub(r'"\n"', "", "".join(re.findall(r'msgid ((?:".*"\n)+)', russian)))
    for line in asked:
        if not line.startswith(("Template:", "Type:", "Default:", ".")):
            assert line.removeprefix("_Description: ") in known, line
    assert not re.search(r'msgstr ""\n\n', russian)
