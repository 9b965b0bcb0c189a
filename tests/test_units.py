"""The units as systemd itself reads them: no mistake, and no more exposed than we say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from agent.loop import TICK_S
from agent.settings import MOST_READER_POLL_S

UNITS = Path(__file__).parent.parent / "systemd"
EXPOSURE = {
    "klyuchar-bus.service": 1.3,
    "klyuchar-agent.service": 2.0,
    "klyuchar-courier.service": 1.6,
    "klyuchar-ledger.service": 1.5,
    "klyuchar-inventory.service": 0.2,
}


@pytest.mark.parametrize(("unit", "most"), EXPOSURE.items())
def test_a_unit_is_no_more_exposed_than_we_say(unit: str, most: float) -> None:
    told = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(UNITS / unit)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.search(r"exposure level for \S+: ([0-9.]+)", told)
    assert found, told
    assert float(found[1]) <= most


def test_systemd_finds_no_mistake_in_the_units(tmp_path: Path) -> None:
    for unit in [*UNITS.glob("*.service"), *UNITS.glob("*.socket"), *UNITS.glob("*.path")]:
        shutil.copy(unit, tmp_path)
    for timer in UNITS.glob("*.timer"):
        shutil.copy(timer, tmp_path)
    for copied in tmp_path.glob("*.service"):
        text = copied.read_text().replace("/usr/lib/klyuchar/bin/python", sys.executable)
        copied.write_text(text)
    names = [path for path in tmp_path.iterdir() if "@" not in path.name]
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, names)],
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in checked.stderr.splitlines() if "klyuchar" in line]
    assert not ours, "\n".join(ours)


def test_systemd_finds_no_mistake_in_the_persons_unit(tmp_path: Path) -> None:
    unit = UNITS / "user" / "klyuchar-notify.service"
    copied = tmp_path / unit.name
    copied.write_text(unit.read_text().replace("/usr/lib/klyuchar/bin/python", sys.executable))
    checked = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(copied)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in checked.stderr.splitlines() if "klyuchar" in line]
    assert not ours, "\n".join(ours)


def test_the_agent_is_allowed_twice_the_time_between_two_signs_of_life() -> None:
    unit = (UNITS / "klyuchar-agent.service").read_text()
    (allowed,) = re.findall(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)
    assert int(allowed) >= 2 * max(TICK_S, MOST_READER_POLL_S)


def test_every_user_of_a_unit_is_made(tmp_path: Path) -> None:
    made = (UNITS / "klyuchar.sysusers.conf").read_text()
    for unit in UNITS.glob("*.service"):
        (user,) = re.findall(r"^User=(\S+)$", unit.read_text(), re.MULTILINE)
        assert re.search(rf"^u {user} ", made, re.MULTILINE), (unit.name, user)
