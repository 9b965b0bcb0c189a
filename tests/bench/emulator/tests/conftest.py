"""What the emulator's tests share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.emulator.ports.usbredir import UsbRedir
from tests.bench.emulator.tests.guest import Guest


@pytest.fixture
def rd() -> Iterator[Path]:
    """Where a socket may be: AF_UNIX paths are limited to 107 bytes, pytest's may be longer."""
    with tempfile.TemporaryDirectory(prefix="rd", dir="/tmp") as directory:
        yield Path(directory, "rd")


@pytest.fixture
def guest(rd: Path) -> Iterator[Guest]:
    """A machine with one port."""
    with Guest(rd) as guest:
        yield guest


@pytest.fixture
def port(guest: Guest, rd: Path) -> UsbRedir:
    """That port, from outside."""
    return UsbRedir(rd)
