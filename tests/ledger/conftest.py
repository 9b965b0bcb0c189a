from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ledger.opening import Desk
from tests.ledger.running import Running


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = Desk(tmp_path / "ledger.sqlite3")
    yield opened
    opened.store.close()


@pytest.fixture
def running() -> Iterator[Running]:
    with Running() as ledger:
        yield ledger
