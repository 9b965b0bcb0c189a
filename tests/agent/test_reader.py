from __future__ import annotations

import ctypes.util
from pathlib import Path

import pytest

from tests.udev_messages import run_inner


@pytest.mark.skipif(
    ctypes.util.find_library("umockdev") is None, reason="umockdev is not installed"
)
def test_cards_in_a_standing_reader(tmp_path: Path) -> None:
    run_inner(Path(__file__).parent / "under_umockdev.py", tmp_path)
