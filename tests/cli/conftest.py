from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.desk import DIGITS, IN_ORDER, Desk, issued


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    desk = Desk(tmp_path, capsys)
    desk.enrolled()
    desk.know(issued(IN_ORDER, "КН-0001"), issued(DIGITS, "КН-0002"))
    return desk


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory whose sockets' paths are short enough for the kernel."""
    path = Path(tempfile.mkdtemp(prefix="kl", dir="/tmp"))
    yield path
    shutil.rmtree(path)
