"""One record, by the clock of whoever runs it: `python -m tests.cli.doctor.writing JOURNAL`."""

from __future__ import annotations

import sys
from pathlib import Path

from domain.events import Stopped
from journal.writer import Journal

if __name__ == "__main__":
    journal = Journal.open(Path(sys.argv[1]), host="pc-17", boot="b")
    journal.append(Stopped(reason="signal"))
    journal.close()
