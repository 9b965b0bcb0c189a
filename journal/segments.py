"""The journal's files: `<20 digits: number of the first record>.jsonl` in one directory."""

from __future__ import annotations

import os
from pathlib import Path

_SUFFIX = ".jsonl"
_DIGITS = 20


def segment_path(directory: Path, first_seq: int) -> Path:
    """Where the segment that begins with record ``first_seq`` lies."""
    return directory / f"{first_seq:0{_DIGITS}d}{_SUFFIX}"


def first_seq(path: Path) -> int:
    """The number of the first record of the segment, by its name."""
    return int(path.name[:_DIGITS])


def segments(directory: Path, after: int = 0) -> list[Path]:
    """The segments that hold records beyond ``after``, in order; none where there is no journal.

    Other files in the directory are left alone.
    """
    try:
        names = sorted(name for name in os.listdir(directory) if _is_segment(name))
    except FileNotFoundError:
        return []
    paths = [directory / name for name in names]
    while len(paths) > 1 and first_seq(paths[1]) <= after + 1:
        del paths[0]
    return paths


def _is_segment(name: str) -> bool:
    digits = name.removesuffix(_SUFFIX)
    return name != digits and len(digits) == _DIGITS and digits.isascii() and digits.isdecimal()
