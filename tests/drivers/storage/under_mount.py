"""Run by test_worker.py in a mount namespace of its own, where an image is mounted."""

from __future__ import annotations

import os
from pathlib import Path

from domain.carrier import Maker
from tests.drivers.storage.sticks import look_at


def test_a_real_file_system_is_read_by_names() -> None:
    root = Path(os.environ["KLYUCHAR_TEST_ROOT"])
    folder = root / "media/ivanova/STICK/IVANOV.000"
    assert os.stat(folder).st_dev != os.stat(root).st_dev
    before = {path.name: path.stat().st_atime_ns for path in folder.iterdir()}
    look = look_at(root)
    (stick,) = [one for one in look.sightings if one.carrier.maker is Maker.FLASH]
    assert [(one.folder, one.kind.value) for one in stick.containers] == [
        ("IVANOV.000", "exchange")
    ]
    assert look.unread == ()
    assert {path.name: path.stat().st_atime_ns for path in folder.iterdir()} == before
