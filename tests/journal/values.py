"""Hypothesis strategies made from the types of the domain, and a journal to try things on."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from domain.events import Event, Seeing, Stopped
from journal.record import Line
from journal.signing import Signer
from journal.writer import Journal

KINDS: tuple[type[Any], ...] = get_args(Event)
SIGNER = Signer(bytes(range(32)))
OTHER_SIGNER = Signer(bytes(32))

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(min_value=1 - 2**53, max_value=2**53 - 1),
    str: st.text(),
    bool: st.booleans(),
    type(None): st.none(),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of the type."""
    if hint in _SCALARS:
        return _SCALARS[hint]
    if get_origin(hint) in (Union, UnionType):
        return st.one_of([values(option) for option in get_args(hint)])
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=3).map(tuple)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert isinstance(hint, type)
    assert is_dataclass(hint), hint
    hints = get_type_hints(hint)
    return st.builds(hint, **{name: values(kind) for name, kind in hints.items()})


events: st.SearchStrategy[Event] = st.one_of([values(kind) for kind in KINDS])


def ticking() -> Callable[[], int]:
    """A clock that stands at 2026-11-24T03:16:09 UTC and goes on a microsecond a record."""
    return itertools.count(1_795_490_169_000_000_000, 1000).__next__


def opened(directory: Path, segment_bytes: int = 16 << 20) -> Journal:
    """The journal in ``directory``."""
    return Journal.open(
        directory, host="pc-17", boot="b007", clock=ticking(), segment_bytes=segment_bytes
    )


def written(directory: Path, rounds: int = 10, segment_bytes: int = 1500) -> Path:
    """A journal of several segments with a checkpoint every third round."""
    journal = opened(directory, segment_bytes)
    for number in range(rounds):
        journal.append(Seeing(what=f"глаз {number}"), Stopped(reason="signal"))
        if number % 3 == 2:
            journal.checkpoint(SIGNER)
    journal.close()
    return directory


def raw_lines(directory: Path) -> list[bytes]:
    """Every byte of the journal, by lines."""
    return [
        raw
        for path in sorted(directory.glob("*.jsonl"))
        for raw in path.read_bytes().splitlines(keepends=True)
    ]


def seqs(lines: list[Line]) -> list[int]:
    """The numbers of the lines."""
    return [line.seq for line in lines]
