"""A disk that refuses: the journal is as it was, or refuses until it is again."""

from __future__ import annotations

import errno
import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.events import Stopped
from journal.reader import read
from journal.segments import segments
from journal.verify import verify
from journal.writer import CouldNotRecord, Journal
from tests.journal.values import opened


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """The kernel cuts writes off there for this process (EFBIG)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def fill(journal: Journal) -> None:
    """Append far more than the tiny file system holds."""
    for _ in range(1000):
        journal.append(Stopped(reason="x" * 700), Stopped(reason="y" * 700))


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 64 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "klyuchar-test", tmp_path], check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    yield tmp_path
    subprocess.run(["umount", tmp_path], check=True)


def test_a_write_cut_short_is_rolled_back_at_once(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason="good"))
    path, head = segments(tmp_path)[0], journal.head
    before = path.read_bytes()
    with files_no_larger_than(len(before) + 1000), pytest.raises(CouldNotRecord, match="too large"):
        journal.append(*[Stopped(reason=str(number)) for number in range(50)])
    assert path.read_bytes() == before
    assert journal.head == head
    journal.append(Stopped(reason="again"))
    journal.close()
    report = verify(tmp_path, public_key=None)
    assert report.whole
    assert report.records == 2


def test_a_segment_that_could_not_be_begun_is_begun_later(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=100)
    journal.append(Stopped(reason="good"))
    with files_no_larger_than(50), pytest.raises(CouldNotRecord):
        journal.append(Stopped(reason="refused"))
    journal.append(Stopped(reason="again"))
    journal.close()
    assert [path.stat().st_size > 100 for path in segments(tmp_path)] == [True, True]
    assert verify(tmp_path, public_key=None).whole


def test_a_full_disk_costs_no_acknowledged_record(tiny: Path) -> None:
    journal = opened(tiny / "journal", segment_bytes=8000)
    with pytest.raises(CouldNotRecord, match="No space left"):
        fill(journal)
    acknowledged = journal.head.seq
    assert acknowledged > 10
    with pytest.raises(CouldNotRecord):
        journal.append(Stopped(reason="z" * 3000))
    journal.close()
    assert [line.seq for line in read(tiny / "journal")] == list(range(1, acknowledged + 1))
    assert verify(tiny / "journal", public_key=None).whole


def test_when_the_disk_has_room_again_recording_goes_on(tiny: Path) -> None:
    (tiny / "ballast").write_bytes(bytes(40_000))
    journal = opened(tiny / "journal")
    with pytest.raises(CouldNotRecord):
        fill(journal)
    head = journal.head
    (tiny / "ballast").unlink()
    journal.append(Stopped(reason="there is room"))
    assert journal.head.seq == head.seq + 1
    journal.close()
    assert verify(tiny / "journal", public_key=None).whole


def test_nothing_is_appended_until_a_failed_flush_is_rolled_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No file system at hand fails these two calls on demand, so they are replaced."""
    journal = opened(tmp_path)
    journal.append(Stopped(reason="good"))
    good = segments(tmp_path)[0].read_bytes()

    def fail(*arguments: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", fail)
        patched.setattr(os, "ftruncate", fail)
        for _ in range(2):
            with pytest.raises(CouldNotRecord, match="Input/output error"):
                journal.append(Stopped(reason="not flushed"))
    assert segments(tmp_path)[0].read_bytes().count(b"not flushed") == 1
    journal.append(Stopped(reason="flushed"))
    journal.close()
    after = segments(tmp_path)[0].read_bytes()
    assert after.startswith(good)
    assert b"not flushed" not in after
    assert verify(tmp_path, public_key=None).records == 2


def test_a_directory_nobody_may_write_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CouldNotRecord, match="Could not write the journal"):
        opened(tmp_path / "file" / "journal")
