"""Disks and mounts, told by the kernel and by udevd: both need namespaces of their own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.udev_messages import run_inner
from tests.udevd import NAMESPACES


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and make namespaces")
def test_mounts_and_messages(tmp_path: Path) -> None:
    inner = Path(__file__).with_name("under_disks.py")
    run_inner(inner, tmp_path, before=NAMESPACES, preload="")
