"""Which segment of a journal may be let go: the oldest, and only what the ledger has for certain.

The ledger's word is a record's number and its SHA-256. It vouches for everything before that record
too, because each names the one before it: so the chain is followed from the segment up to there.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from journal.reader import Damaged, read
from journal.record import Head, prev_of, time_of
from journal.segments import first_seq, segments

KEPT = 3
"""Segments that always stay: the last is written, those before prove where it begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A whole segment: its file, its records and when the last of them was written (UTC)."""

    path: Path
    first: int
    last: Head
    ended: str


def size_of(directory: Path) -> int:
    """Bytes that the journal takes."""
    return sum(path.stat().st_size for path in segments(directory))


def releasable(directory: Path, acknowledged: Head, ended_before: str) -> Segment | None:
    """The oldest segment where the ledger has it, as it stands here, up to its last record, and
    that is older than ``ended_before`` (RFC 3339); None otherwise.

    Reads the journal up to the acknowledged record: tenths of a second for each segment.
    """
    paths = segments(directory)
    if len(paths) <= KEPT or first_seq(paths[1]) - 1 > acknowledged.seq:
        return None
    try:
        oldest = _followed(directory, paths, acknowledged)
    except Damaged:
        return None
    return oldest if oldest is not None and oldest.ended < ended_before else None


def _followed(directory: Path, paths: list[Path], acknowledged: Head) -> Segment | None:
    """The oldest segment, None where no unbroken chain leads from it to ``acknowledged``."""
    first, last_seq = first_seq(paths[0]), first_seq(paths[1]) - 1
    oldest: Segment | None = None
    head: Head | None = None
    for line in read(directory):
        fits = head is None or (line.seq, prev_of(line.raw)) == (head.seq + 1, head.digest)
        if not fits or (head is None and line.seq != first):
            return None
        head = line.head
        if line.seq == last_seq:
            oldest = Segment(path=paths[0], first=first, last=head, ended=time_of(line.raw))
        if line.seq == acknowledged.seq:
            return oldest if head == acknowledged else None
    return None
