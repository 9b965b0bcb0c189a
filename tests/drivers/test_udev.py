"""USB devices come and go: umockdev's devices, and messages as a real udevd multicasts them.

Both need a process of their own: umockdev a preloaded library, the multicast a network namespace,
where no other listener is disturbed. So the tests proper are two files that pytest is run on here.
"""

from __future__ import annotations

import ctypes.util
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.workers import REPOSITORY

_HERE = Path(__file__).parent


def _run(file: str, tmp_path: Path, before: Sequence[str] = (), preload: str = "") -> None:
    # umockdev leaves its directory where TMPDIR says.
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    if preload:
        environment["LD_PRELOAD"] = preload
    command = [*before, sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", str(_HERE / file)]
    done = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'inner'}"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.skipif(
    ctypes.util.find_library("umockdev") is None, reason="umockdev is not installed"
)
def test_devices_of_umockdev(tmp_path: Path) -> None:
    _run("under_umockdev.py", tmp_path, preload="libumockdev-preload.so.0")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may multicast and make namespaces")
def test_messages_of_udevd(tmp_path: Path) -> None:
    _run("under_netlink.py", tmp_path, before=("unshare", "--net", "--mount"))
