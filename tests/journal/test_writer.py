"""Appending: durable, all or none, and what is left after something went wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Wrong
from domain.events import Checkpoint, Repaired, Seeing, Stopped
from journal.decode import decode
from journal.digest import sha256
from journal.reader import read
from journal.record import GENESIS
from journal.segments import segment_path, segments
from journal.verify import verify
from journal.writer import CouldNotRecord, Journal, is_locked
from tests.journal.values import (
    SIGNER,
    events,
    opened,
    raw_lines,
    seqs,
    written,
)


def last_event(directory: Path) -> object:
    return decode(raw_lines(directory)[-1]).event


def assert_whole(directory: Path) -> None:
    report = verify(directory, public_key=None, strict=True)
    assert report.breach is None


def test_a_new_journal_has_nothing_in_it(tmp_path: Path) -> None:
    journal = opened(tmp_path / "deep" / "journal")
    assert journal.head == GENESIS
    journal.checkpoint(SIGNER)
    journal.append()
    journal.close()
    assert raw_lines(tmp_path / "deep" / "journal") == []


@settings(max_examples=30, deadline=None)
@given(batches=st.lists(st.lists(events, min_size=1, max_size=4), min_size=1, max_size=4))
def test_what_was_appended_is_there_after_opening_again(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[object]]
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    for batch in batches:
        journal = opened(directory, segment_bytes=3000)
        journal.append(*batch)  # type: ignore[arg-type]
        head = journal.head
        journal.close()
        journal = opened(directory)
        assert journal.head == head
        journal.close()
    appended = [event for batch in batches for event in batch]
    assert [decode(line.raw).event for line in read(directory)] == appended


def test_one_append_is_one_write_and_then_one_flush(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real calls, counted on their way to the kernel."""
    calls: list[str] = []

    def counted(name: str) -> None:
        real = getattr(os, name)

        def call(*arguments: object) -> object:
            calls.append(name)
            return real(*arguments)

        monkeypatch.setattr(os, name, call)

    for name in ("write", "pwrite", "writev", "fsync", "fdatasync"):
        counted(name)
    journal = opened(tmp_path)
    journal.append(Stopped(reason="first"))
    assert calls == ["fsync", "write", "fdatasync"], "the directory, the line, its flush"
    del calls[:]
    journal.append(*[Stopped(reason=str(number)) for number in range(50)])
    assert calls == ["write", "fdatasync"]
    journal.close()


def test_segments_are_named_by_their_first_record_and_linked(tmp_path: Path) -> None:
    written(tmp_path, rounds=12, segment_bytes=1500)
    paths = segments(tmp_path)
    assert len(paths) > 3
    for path in paths:
        first = path.read_bytes().splitlines(keepends=True)[0]
        assert path == segment_path(tmp_path, decode(first).seq)
        assert path.stat().st_size <= 1500
    assert_whole(tmp_path)


def test_an_append_larger_than_a_segment_still_fits(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=500)
    for _ in range(3):
        journal.append(Stopped(reason="x" * 2000), Stopped(reason="y"))
    journal.close()
    assert len(segments(tmp_path)) == 3
    assert_whole(tmp_path)


def test_a_checkpoint_is_not_followed_by_another(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason=""))
    journal.checkpoint(SIGNER)
    journal.checkpoint(SIGNER)
    journal.close()
    journal = opened(tmp_path)
    journal.checkpoint(SIGNER)
    assert journal.head.seq == 2
    journal.append(Seeing(what="x"))
    journal.checkpoint(SIGNER)
    assert journal.head.seq == 4
    journal.close()
    assert verify(tmp_path, public_key=SIGNER.public_key).checkpoints == 2


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    assert not is_locked(tmp_path)
    first = opened(tmp_path)
    assert is_locked(tmp_path)
    with pytest.raises(Wrong, match="Another program is writing"):
        opened(tmp_path)
    first.append(Stopped(reason="still here"))
    first.close()
    assert not is_locked(tmp_path)
    opened(tmp_path).close()


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_journal_cut_anywhere_goes_on_after_its_last_complete_line(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = written(tmp_path_factory.mktemp("journal"))
    path = segments(directory)[-1]
    size = path.stat().st_size
    cut = data.draw(st.integers(min_value=0, max_value=size - 1))
    os.truncate(path, cut)
    kept = path.read_bytes()
    good, torn = kept[: kept.rfind(b"\n") + 1], kept[kept.rfind(b"\n") + 1 :]
    before = raw_lines(directory)[: -1 if torn else None]
    journal = opened(directory)
    assert journal.head.seq == len(before) + bool(torn)
    journal.append(Stopped(reason="after"))
    journal.close()
    after = raw_lines(directory)
    assert after[: len(before)] == before
    assert path.read_bytes().startswith(good)
    assert_whole(directory)
    if torn:
        assert decode(after[len(before)]).event == Repaired(
            segment=path.name, size=len(torn), sha256=sha256(torn).hex(), torn=torn[:512].hex()
        )
    else:
        assert len(after) == len(before) + 1


@pytest.mark.parametrize("hole_at", [0, 100, 5000])
def test_a_hole_that_a_power_cut_left_is_cut_off_with_what_follows(
    tmp_path: Path, hole_at: int
) -> None:
    """Some file systems show zeros where the blocks of an unfinished append never arrived."""
    journal = opened(tmp_path)
    journal.append(Stopped(reason="acknowledged"), Stopped(reason="too"))
    acknowledged, size = journal.head, segments(tmp_path)[0].stat().st_size
    journal.append(*[Stopped(reason=str(number)) for number in range(200)])
    journal.close()
    path = segments(tmp_path)[0]
    with path.open("r+b") as file:
        file.seek(size + hole_at)
        file.write(bytes(512))
    journal = opened(tmp_path)
    assert journal.head.seq > acknowledged.seq
    journal.close()
    assert isinstance(last_event(tmp_path), Repaired)
    assert_whole(tmp_path)


def test_a_line_longer_than_the_window_is_found(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    for size in (1_000_000, 300_000, 1_000_000):
        journal.append(Stopped(reason="x" * size))
    head = journal.head
    journal.close()
    journal = opened(tmp_path)
    assert journal.head == head
    journal.close()


def test_a_segment_whose_creation_was_cut_is_used(tmp_path: Path) -> None:
    written(tmp_path, rounds=3)
    count = len(raw_lines(tmp_path))
    empty = segment_path(tmp_path, count + 1)
    empty.touch()
    journal = opened(tmp_path)
    assert journal.head.seq == count
    journal.checkpoint(SIGNER)
    assert journal.head.seq == count, "the last record was a checkpoint already"
    journal.append(Stopped(reason="first of its segment"))
    journal.close()
    assert len(empty.read_bytes().splitlines()) == 1
    assert_whole(tmp_path)


def test_a_segment_whose_first_line_was_torn_is_used(tmp_path: Path) -> None:
    written(tmp_path, rounds=3)
    count = len(raw_lines(tmp_path))
    segment_path(tmp_path, count + 1).write_bytes(b'{"body":{"rea')
    journal = opened(tmp_path)
    journal.close()
    assert last_event(tmp_path) == Repaired(
        segment=segment_path(tmp_path, count + 1).name,
        size=13,
        sha256=sha256(b'{"body":{"rea').hex(),
        torn=b'{"body":{"rea'.hex(),
    )
    assert_whole(tmp_path)


def test_the_very_first_segment_may_be_empty(tmp_path: Path) -> None:
    segment_path(tmp_path, 1).touch()
    journal = opened(tmp_path)
    journal.append(Stopped(reason=""))
    journal.close()
    assert_whole(tmp_path)


def test_an_empty_segment_that_does_not_continue_is_refused(tmp_path: Path) -> None:
    written(tmp_path, rounds=3)
    segment_path(tmp_path, 1000).touch()
    with pytest.raises(Wrong, match="was changed"):
        opened(tmp_path)


@pytest.mark.parametrize(
    ("which", "old", "new"),
    [
        (-1, b'"seq":', b'"seq":1'),
        (-1, b'"prev":"', b'"prev":"0'),
        (-1, b"{", b"["),
        (-2, b'"seq":', b'"seq":1'),
        (-2, b"number", b"Number"),
    ],
)
def test_a_changed_end_is_refused_and_left_as_it_is(
    tmp_path: Path, which: int, old: bytes, new: bytes
) -> None:
    journal = opened(tmp_path)
    journal.append(*[Seeing(what=f"number {number}") for number in range(5)])
    journal.close()
    path = segments(tmp_path)[0]
    lines = path.read_bytes().splitlines(keepends=True)
    lines[which] = lines[which].replace(old, new, 1)
    path.write_bytes(b"".join(lines))
    changed = path.read_bytes()
    with pytest.raises(Wrong, match="was changed"):
        opened(tmp_path)
    assert path.read_bytes() == changed
    assert not is_locked(tmp_path)


def test_a_journal_without_its_last_but_one_segment_is_refused(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=10)
    for number in range(4):
        journal.append(Stopped(reason=str(number)))
    journal.close()
    segments(tmp_path)[-2].unlink()
    with pytest.raises(Wrong, match="was changed"):
        opened(tmp_path)


def test_a_file_deleted_under_the_writer_is_noticed(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason="a"))
    segments(tmp_path)[0].unlink()
    with pytest.raises(CouldNotRecord, match="deleted or changed"):
        journal.append(Stopped(reason="b"))
    journal.close()


def test_bytes_somebody_added_under_the_writer_are_noticed_and_kept(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason="a"))
    with segments(tmp_path)[0].open("ab") as file:
        file.write(b"foreign\n")
    for _ in range(2):
        with pytest.raises(CouldNotRecord, match="deleted or changed"):
            journal.append(Stopped(reason="b"))
    journal.close()
    assert raw_lines(tmp_path)[-1] == b"foreign\n"


def test_an_event_that_cannot_be_written_leaves_the_journal_as_it_was(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason="a"))
    with pytest.raises(ValueError, match="surrogates"):
        journal.append(Stopped(reason="b"), Seeing(what="\udcff"))
    journal.append(Stopped(reason="c"))
    journal.close()
    assert [decode(line.raw).event for line in read(tmp_path)] == [
        Stopped(reason="a"),
        Stopped(reason="c"),
    ]


def test_opening_a_huge_journal_reads_its_end_alone(tmp_path: Path) -> None:
    written(tmp_path, rounds=30, segment_bytes=800)
    for path in segments(tmp_path)[:-2]:
        path.write_bytes(b"unread")
    journal = opened(tmp_path)
    assert journal.head.seq == 70
    journal.close()


def test_checkpoints_vouch_for_the_line_before(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason=""))
    head = journal.head
    journal.checkpoint(SIGNER)
    journal.close()
    point = last_event(tmp_path)
    assert isinstance(point, Checkpoint)
    assert (point.seq, point.head) == (head.seq, head.digest.hex())
    assert point.public_key == SIGNER.public_key.hex()


def test_the_writer_pulls_in_nothing_heavy() -> None:
    program = (
        "import sys; import journal.writer, journal.reader; "
        "print(sorted({'hashlib', '_hashlib', 'logging', 'msgspec', 'ssl', 'subprocess', 'typing_"
        "extensions', 'cryptography', 'asyncio', 'argparse'} & set(sys.modules)))"
    )
    shown = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60
    )
    assert shown.stdout == "[]\n"


def test_seqs_never_jump(tmp_path: Path) -> None:
    written(tmp_path)
    assert seqs(list(read(tmp_path))) == list(range(1, len(raw_lines(tmp_path)) + 1))


def test_unlocked_by_a_failed_open(tmp_path: Path) -> None:
    segment_path(tmp_path, 1).write_bytes(b"nonsense\n")
    with pytest.raises(Wrong):
        Journal.open(tmp_path, host="h", boot="b")
    assert not is_locked(tmp_path)
