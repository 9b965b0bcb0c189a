"""kill -9 at random moments: what was acknowledged is there, and the chain holds."""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import time
from pathlib import Path

from journal.reader import Follower
from journal.verify import verify
from journal.writer import is_locked
from tests.journal.values import SIGNER, opened
from tests.kills import KILLS

_ROOT = Path(__file__).parents[2]


def killed_after(directory: Path, seed: int, delay: float) -> int:
    """Append in another process, kill it ``delay`` seconds after its first word; the last number
    it acknowledged."""
    command = [sys.executable, "-m", "tests.journal.appender", str(directory), str(seed)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=_ROOT)
    assert process.stdout is not None
    output = process.stdout.fileno()
    assert select.select([output], [], [], 30)[0], "the appender never began"
    said = os.read(output, 1 << 16)
    deadline = time.monotonic() + delay
    while (left := deadline - time.monotonic()) > 0:
        if select.select([output], [], [], left)[0]:
            said += os.read(output, 1 << 16)
    process.kill()
    said += process.stdout.read()
    assert process.wait() == -9
    process.stdout.close()
    return int(said[: said.rindex(b"\n")].split(b"\n")[-1])


def test_kill_9_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    chance = random.Random(20261124)
    follower = Follower(tmp_path, 0)
    seen = 0
    for number in range(KILLS):
        acknowledged = killed_after(tmp_path, number, chance.random() * 0.03)
        assert not is_locked(tmp_path)
        journal = opened(tmp_path)
        assert journal.head.seq >= acknowledged > seen
        journal.close()
        while lines := follower.new():
            assert [line.seq for line in lines] == list(range(seen + 1, seen + 1 + len(lines)))
            seen += len(lines)
        assert seen == journal.head.seq
    report = verify(tmp_path, public_key=SIGNER.public_key, strict=True)
    assert report.breach is None
    assert report.records == seen
    follower.close()
