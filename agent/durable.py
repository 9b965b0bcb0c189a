"""Files that a power cut leaves whole: written beside their place, then put there."""

from __future__ import annotations

import os
from pathlib import Path

from journal.signing import sync_directory


def write(path: Path, content: bytes) -> None:
    """``content`` becomes what is at ``path``, all of it or nothing."""
    new = path.with_name(path.name + ".new")
    with open(new, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    place(new, path)


def place(new: Path, path: Path) -> None:
    """``new``, whose content was flushed, takes the place of ``path`` in the same directory."""
    os.replace(new, path)
    sync_directory(path.parent)
