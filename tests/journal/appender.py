"""A program that appends without end and tells each acknowledged number on its output."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

from domain.events import Stopped
from journal.signing import Signer
from journal.writer import Journal


def main() -> None:
    """`python -m tests.journal.appender DIRECTORY SEED`; ends when it is killed."""
    chance = random.Random(sys.argv[2])
    signer = Signer(bytes(range(32)))
    journal = Journal.open(Path(sys.argv[1]), host="h", boot="b", segment_bytes=20_000)
    while True:
        size = chance.choice([1, 1, 2, 30])
        journal.append(*[Stopped(reason="x" * chance.randrange(900)) for _ in range(size)])
        if chance.random() < 0.1:
            journal.checkpoint(signer)
        os.write(1, b"%d\n" % journal.head.seq)


if __name__ == "__main__":
    main()
