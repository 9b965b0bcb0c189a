"""Letting segments go: only what the ledger has, recorded first, and the rest stays verifiable."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import SegmentReleased, Stopped
from domain.snapshot import Mark
from journal.reader import Follower, read
from journal.record import GENESIS, Head
from journal.retention import KEPT, Segment, releasable, size_of
from journal.segments import first_seq, segments
from journal.verify import verify
from tests.journal.values import SIGNER, opened, raw_lines, seqs, written

ROOT = Path(__file__).parents[2]
EVER = "9999"
SOME_SEGMENT = 900


def head_at(directory: Path, seq: int) -> Head:
    """What a ledger that has all up to ``seq`` says."""
    return next(line.head for line in read(directory, seq - 1))


def last_head(directory: Path) -> Head:
    return list(read(directory))[-1].head


def release(directory: Path, oldest: Segment, segment_bytes: int = SOME_SEGMENT) -> None:
    journal = opened(directory, segment_bytes)
    journal.release(event(oldest))
    journal.checkpoint(SIGNER)
    journal.close()


def event(oldest: Segment) -> SegmentReleased:
    return SegmentReleased(
        segment=oldest.path.name,
        first_seq=oldest.first,
        last_seq=oldest.last.seq,
        digest=oldest.last.digest.hex(),
        acknowledged_seq=oldest.last.seq,
        snapshot=Mark(version=1, made_at="2026-11-24T09:00:00Z"),
    )


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return written(tmp_path / "journal", rounds=30, segment_bytes=SOME_SEGMENT)


class TestWhatMayGo:
    def test_the_oldest_that_the_ledger_has_to_its_last_record(self, journal: Path) -> None:
        second = first_seq(segments(journal)[1])
        assert releasable(journal, head_at(journal, second - 2), EVER) is None
        for seq in (second - 1, second, second + 3):
            oldest = releasable(journal, head_at(journal, seq), EVER)
            assert oldest is not None
            assert oldest.path == segments(journal)[0]
            assert (oldest.first, oldest.last) == (1, head_at(journal, second - 1))

    def test_nothing_by_a_head_that_is_not_ours(self, journal: Path) -> None:
        right = head_at(journal, 9)
        assert releasable(journal, replace(right, digest=bytes(32)), EVER) is None
        assert releasable(journal, replace(right, seq=10**6), EVER) is None
        assert releasable(journal, GENESIS, EVER) is None

    def test_nothing_younger_than_was_asked_for(self, journal: Path) -> None:
        head = head_at(journal, 9)
        assert releasable(journal, head, "2026-11-24T03:16:09") is None
        assert releasable(journal, head, "2026-11-24T03:16:10") is not None

    @pytest.mark.parametrize("where", [0, 1])
    def test_nothing_where_the_chain_to_the_ledgers_word_is_broken(
        self, journal: Path, where: int
    ) -> None:
        head = head_at(journal, first_seq(segments(journal)[2]))
        path = segments(journal)[where]
        path.write_bytes(path.read_bytes().replace(b"signal", b"Signal", 1))
        assert releasable(journal, head, EVER) is None

    def test_nothing_where_a_line_is_no_record(self, journal: Path) -> None:
        head = head_at(journal, first_seq(segments(journal)[2]))
        path = segments(journal)[0]
        path.write_bytes(path.read_bytes().replace(b'"seq":2', b'"seq":x', 1))
        assert releasable(journal, head, EVER) is None

    def test_the_last_segments_always_stay(self, journal: Path) -> None:
        before = segments(journal)
        for path in before[KEPT:]:
            path.unlink()
        assert releasable(journal, last_head(journal), EVER) is None
        assert len(before) > KEPT


class TestVerifying:
    def test_what_is_left_is_whole_and_says_what_is_not_here(self, journal: Path) -> None:
        oldest = releasable(journal, last_head(journal), EVER)
        assert oldest is not None
        release(journal, oldest)
        assert not oldest.path.exists()
        report = verify(journal, public_key=SIGNER.public_key, strict=True)
        assert (report.breach, report.released) == (None, oldest.last.seq)
        assert report.records == last_head(journal).seq

    def test_a_segment_that_was_removed_without_a_record_is_a_breach(self, journal: Path) -> None:
        segments(journal)[0].unlink()
        report = verify(journal, public_key=SIGNER.public_key)
        assert report.breach is not None
        assert "удалены записи с 1 по" in report.breach.what.ru

    def test_one_more_than_was_recorded_is_a_breach(self, journal: Path) -> None:
        oldest = releasable(journal, last_head(journal), EVER)
        assert oldest is not None
        release(journal, oldest)
        segments(journal)[0].unlink()
        assert not verify(journal, public_key=SIGNER.public_key).whole

    def test_a_record_that_names_another_last_line_does_not_excuse_it(self, journal: Path) -> None:
        oldest = releasable(journal, last_head(journal), EVER)
        assert oldest is not None
        forged = replace(oldest, last=replace(oldest.last, digest=bytes(32)))
        release(journal, forged)
        assert not verify(journal, public_key=SIGNER.public_key).whole

    def test_what_was_changed_behind_the_beginning_is_found(self, journal: Path) -> None:
        oldest = releasable(journal, last_head(journal), EVER)
        assert oldest is not None
        release(journal, oldest)
        path = segments(journal)[0]
        path.write_bytes(path.read_bytes().replace(b"signal", b"Signal", 1))
        assert not verify(journal, public_key=SIGNER.public_key).whole


@settings(max_examples=40, deadline=None)
@given(
    segment_bytes=st.integers(1, 3000),
    steps=st.lists(st.one_of(st.integers(0, 400), st.none()), min_size=8, max_size=40),
)
def test_at_any_size_the_chain_holds(segment_bytes: int, steps: list[int | None]) -> None:
    """Numbers are records of that length, None lets the oldest segment go where it may."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name) / "journal"
        follower, followed = Follower(directory, 0), list[int]()
        for step in steps:
            journal = opened(directory, segment_bytes)
            if step is not None:
                journal.append(Stopped(reason="x" * step), Stopped(reason="y"))
            elif journal.head.seq and (oldest := releasable(directory, last_head(directory), EVER)):
                journal.release(event(oldest))
            journal.close()
            while lines := follower.new():
                followed += seqs(lines)
        follower.close()
        if segments(directory):
            report = verify(directory, public_key=None, strict=True)
            assert report.breach is None
            assert followed == list(range(1, report.records + 1))


def test_a_follower_that_fell_behind_goes_on_where_the_journal_does(journal: Path) -> None:
    follower = Follower(journal, 0)
    first = seqs(follower.new())
    for _ in range(2):
        oldest = releasable(journal, last_head(journal), EVER)
        assert oldest is not None
        release(journal, oldest)
    seen = first
    while lines := follower.new():
        seen += seqs(lines)
    assert seen == first + [seq for seq in seqs(list(read(journal))) if seq > first[-1]]
    assert follower.new() == []
    follower.close()


@pytest.mark.parametrize("when", ["BEFORE", "AFTER"])
def test_killed_at_any_step_nothing_is_lost_that_was_not_recorded(
    tmp_path: Path, when: str
) -> None:
    steps = 0
    for step in range(1, 50):
        journal = written(tmp_path / f"{step}", rounds=30, segment_bytes=SOME_SEGMENT)
        before, head = raw_lines(journal), last_head(journal)
        first = first_seq(segments(journal)[1])
        command = [sys.executable, "-m", "tests.journal.releaser", str(journal), str(head.seq)]
        done = subprocess.run(
            [*command, head.digest.hex(), str(step), when], cwd=ROOT, timeout=60, check=False
        )
        opened(journal, SOME_SEGMENT).close()
        report = verify(journal, public_key=SIGNER.public_key, strict=True)
        assert report.breach is None, (step, report.breach)
        assert report.released in (0, first - 1)
        assert raw_lines(journal)[: len(before) - report.released] == before[report.released :]
        if done.returncode == 0:
            break
        assert done.returncode == -9
        steps += 1
        if report.released == 0:
            oldest = releasable(journal, head, EVER)
            assert oldest is not None
            release(journal, oldest)
            assert verify(journal, public_key=SIGNER.public_key).released == first - 1
    assert steps >= 4, "write, flush, unlink, flush of the directory"


def test_the_size_is_that_of_the_segments(journal: Path) -> None:
    assert size_of(journal) == len(b"".join(raw_lines(journal)))
