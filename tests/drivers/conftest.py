"""What the tests of drivers share: tokens, workers, and modules compiled from C."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.catalogue import Module
from tests.drivers.modules import Faulty, compiled, fault_environment
from tests.softhsm import MODULE, Tokens
from tests.workers import Workers


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """A SoftHSM of this test's own, without tokens."""
    return Tokens(tmp_path / "softhsm")


@pytest.fixture
def softhsm() -> Module:
    """SoftHSM as the agent names it."""
    return Module(name="softhsm", path=MODULE, general=False)


@pytest.fixture
def workers(tokens: Tokens) -> Iterator[Workers]:
    """Workers that see ``tokens``."""
    with Workers(tokens.env) as workers:
        yield workers


@pytest.fixture(scope="session")
def fault_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The module that misbehaves."""
    return compiled("fault", tmp_path_factory.mktemp("fault"))


@pytest.fixture
def faulty(tmp_path: Path, tokens: Tokens, fault_library: Path) -> Iterator[Faulty]:
    """SoftHSM behind the module that misbehaves; nothing planned yet."""
    plan = tmp_path / "plan"
    plan.touch()
    with Workers(tokens.env | fault_environment(plan)) as workers:
        yield Faulty(tokens=tokens, workers=workers, plan_file=plan, library=fault_library)
