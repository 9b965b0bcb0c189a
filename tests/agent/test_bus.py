"""What the bus tells, through the real agent. See under_netlink.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.udev_messages import run_inner
from tests.udevd import NAMESPACES


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may multicast and make namespaces")
def test_messages_of_udevd(tmp_path: Path) -> None:
    inner = Path(__file__).parent / "under_netlink.py"
    run_inner(inner, tmp_path, before=NAMESPACES, preload="")
