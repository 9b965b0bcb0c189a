"""Machines for cases, and what is kept when a case fails."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.bench import images
from tests.bench.vm import Machine


@contextmanager
def logs_kept(machine: Machine, request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the machine's logs if the case that ``request`` is for fails, or if all are wanted."""
    failed_before = request.session.testsfailed
    yield
    if request.session.testsfailed > failed_before or os.environ.get("KLYUCHAR_BENCH_KEEP"):
        machine.save_logs(images.LOGS / request.node.name)


@pytest.fixture
def bare(request: pytest.FixtureRequest) -> Iterator[Machine]:
    """A machine of its own: Debian at rest after a boot, without the product."""
    with images.machine(images.booted()) as machine, logs_kept(machine, request):
        yield machine
