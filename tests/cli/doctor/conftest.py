from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.doctor.ward import Ward


@pytest.fixture
def ward(short_path: Path) -> Ward:
    short_path.chmod(0o755)
    return Ward(short_path)
