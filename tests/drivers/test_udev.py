"""USB devices come and go: umockdev's devices, and messages as a real udevd multicasts them.

Both need a process of their own: umockdev a preloaded library, the multicast a network namespace,
where no other listener is disturbed. So the tests proper are two files that pytest is run on here.
"""

from __future__ import annotations

import ctypes.util
import os
from pathlib import Path

import pytest

from tests.udev_messages import run_inner
from tests.udevd import NAMESPACES

_HERE = Path(__file__).parent


@pytest.mark.skipif(
    ctypes.util.find_library("umockdev") is None, reason="umockdev is not installed"
)
def test_devices_of_umockdev(tmp_path: Path) -> None:
    run_inner(_HERE / "under_umockdev.py", tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may multicast and make namespaces")
def test_messages_of_udevd(tmp_path: Path) -> None:
    inner = _HERE / "under_netlink.py"
    run_inner(inner, tmp_path, before=NAMESPACES, preload="")
