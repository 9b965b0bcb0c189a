"""The workers' units by systemd's own judgement."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workers import REPOSITORY

UNITS = REPOSITORY / "systemd"
NAMES = (
    "klyuchar-worker.socket",
    "klyuchar-worker@.service",
    "klyuchar-storage.socket",
    "klyuchar-storage@.service",
)
EXPOSURE = {"klyuchar-worker@.service": 0.2, "klyuchar-storage@.service": 0.6}

pytestmark = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def _analyze(*arguments: str) -> str:
    done = subprocess.run(
        ["systemd-analyze", *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def test_systemd_understands_every_line() -> None:
    said = _analyze("verify", *(str(UNITS / name) for name in NAMES))
    # The interpreter is where the package puts it; nothing else may be wanting.
    complaints = [line for line in said.splitlines() if "/usr/lib/klyuchar/bin/python" not in line]
    assert [line for line in complaints if "klyuchar-" in line] == []


@pytest.mark.parametrize(("unit", "most"), EXPOSURE.items())
def test_exposure_stays_as_low_as_it_is(unit: str, most: float) -> None:
    said = _analyze("security", "--offline=true", "--no-pager", str(UNITS / unit))
    level = re.search(r"Overall exposure level for .*: ([0-9.]+)", said)
    assert level is not None, said
    assert float(level[1]) <= most


@pytest.mark.parametrize("unit", EXPOSURE)
def test_what_stays_open_says_why(unit: str) -> None:
    lines = Path(UNITS / unit).read_text().splitlines()
    opened = ("RestrictAddressFamilies=AF_UNIX", "RuntimeMaxSec=", "AmbientCapabilities=CAP")
    for number, line in enumerate(lines):
        if line.startswith(opened):
            assert any(above.startswith("#") for above in lines[number - 3 : number]), line


def test_one_capability_belongs_to_one_unit_alone() -> None:
    """What lets the storage worker enter folders is given to nobody else."""
    with_it = [
        path.name for path in UNITS.glob("*.service") if "CAP_DAC_READ_SEARCH" in path.read_text()
    ]
    assert with_it == ["klyuchar-storage@.service"]
    granted = re.findall(
        r"^(?:Ambient|Bounding)\w*=(.*)$|^CapabilityBoundingSet=(.*)$",
        (UNITS / with_it[0]).read_text(),
        re.MULTILINE,
    )
    assert {"".join(pair) for pair in granted} == {"CAP_DAC_READ_SEARCH"}
