"""A program that lets the oldest segment go and kills itself at one system call on the way.

`python -m tests.journal.releaser DIRECTORY SEQ HEAD STEP BEFORE|AFTER`: the STEPth call, counted
from 1, is not made, or is the last one made. Exit code 0: there were fewer calls.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from domain.events import SegmentReleased
from domain.snapshot import Mark
from journal.record import Head
from journal.retention import releasable
from tests.journal.values import opened

CALLS = ("write", "fdatasync", "unlink", "fsync", "ftruncate")


def main() -> None:
    """Release one segment; see above."""
    directory, seq, head, step, when = sys.argv[1:]
    journal = opened(Path(directory), segment_bytes=900)
    oldest = releasable(
        Path(directory), Head(seq=int(seq), digest=bytes.fromhex(head)), ended_before="9999"
    )
    assert oldest is not None
    die_at(int(step), after=when == "AFTER")
    journal.release(
        SegmentReleased(
            segment=oldest.path.name,
            first_seq=oldest.first,
            last_seq=oldest.last.seq,
            digest=oldest.last.digest.hex(),
            acknowledged_seq=int(seq),
            snapshot=Mark(version=1, made_at="2026-11-24T09:00:00Z"),
        )
    )


def die_at(step: int, *, after: bool) -> None:
    """Kill this process at the ``step``th of the calls that leave something on the disk."""
    left = step

    def counted(call: Callable[..., Any]) -> Callable[..., Any]:
        def made(*arguments: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0 and not after:
                os.kill(os.getpid(), signal.SIGKILL)
            result = call(*arguments)
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return made

    for name in CALLS:
        setattr(os, name, counted(getattr(os, name)))


if __name__ == "__main__":
    main()
