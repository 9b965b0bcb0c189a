"""The worker's units by systemd's own judgement."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.workers import REPOSITORY

UNITS = REPOSITORY / "systemd"
NAMES = ("klyuchar-worker.socket", "klyuchar-worker@.service")

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
    assert [line for line in complaints if "klyuchar-worker" in line] == []


def test_exposure_stays_as_low_as_it_is() -> None:
    said = _analyze("security", "--offline=true", "--no-pager", str(UNITS / NAMES[1]))
    level = re.search(r"Overall exposure level for .*: ([0-9.]+)", said)
    assert level is not None, said
    assert float(level[1]) <= 0.2


def test_what_stays_open_says_why() -> None:
    lines = Path(UNITS / NAMES[1]).read_text().splitlines()
    for number, line in enumerate(lines):
        if line.startswith(("RestrictAddressFamilies=AF_UNIX", "RuntimeMaxSec=")):
            assert any(above.startswith("#") for above in lines[number - 3 : number]), line
