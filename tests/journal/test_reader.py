"""Following a journal while it grows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import Wrong
from domain.events import Seeing, Stopped
from journal.reader import Cursor, Follower, read
from journal.segments import segments
from tests.journal.values import opened, raw_lines, seqs, written


def all_new(follower: Follower) -> list[int]:
    """The numbers of everything a follower has to tell."""
    numbers: list[int] = []
    while lines := follower.new():
        numbers += seqs(lines)
    return numbers


def test_where_there_is_no_journal_there_is_nothing(tmp_path: Path) -> None:
    assert list(read(tmp_path / "absent")) == []
    assert Follower(tmp_path / "absent", 0).new() == []


def test_reading_gives_the_raw_lines_from_any_number_on(tmp_path: Path) -> None:
    raws = raw_lines(written(tmp_path, rounds=8, segment_bytes=900))
    for after in range(len(raws) + 2):
        assert [line.raw for line in read(tmp_path, after)] == raws[after:]
        follower = Follower(tmp_path, after)
        assert all_new(follower) == list(range(after + 1, len(raws) + 1))
        follower.close()


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.sampled_from(["append", "batch", "follow", "reopen"]), max_size=30))
def test_a_follower_gets_every_line_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    journal = opened(directory, segment_bytes=700)
    follower, got = Follower(directory, 0), list[int]()
    for step in steps:
        if step == "append":
            journal.append(Stopped(reason="x"))
        elif step == "batch":
            journal.append(*[Seeing(what="y")] * 9)
        elif step == "follow":
            got += all_new(follower)
            assert got == list(range(1, journal.head.seq + 1))
        else:
            journal.close()
            journal = opened(directory, segment_bytes=700)
    assert got + all_new(follower) == list(range(1, journal.head.seq + 1))
    journal.close()
    follower.close()


def test_a_torn_line_is_handed_out_once_it_is_complete(tmp_path: Path) -> None:
    raws = raw_lines(written(tmp_path, rounds=3, segment_bytes=16 << 20))
    path = segments(tmp_path)[0]
    os.truncate(path, 0)
    follower = Follower(tmp_path, 0)
    with path.open("ab", buffering=0) as file:
        for raw in raws:
            file.write(raw[:50])
            assert follower.new() == []
            assert len(list(read(tmp_path))) == raws.index(raw)
            file.write(raw[50:])
            assert [line.raw for line in follower.new()] == [raw]
    follower.close()


def test_a_follower_survives_a_torn_line_that_is_repaired(tmp_path: Path) -> None:
    written(tmp_path, rounds=2, segment_bytes=16 << 20)
    follower = Follower(tmp_path, 0)
    assert all_new(follower) == [1, 2, 3, 4]
    with segments(tmp_path)[0].open("ab") as file:
        file.write(b'{"body":{"torn')
    assert follower.new() == []
    opened(tmp_path).close()
    assert all_new(follower) == [5]
    follower.close()


def test_a_long_backlog_comes_in_pieces(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    journal.append(*[Stopped(reason="x" * 1000) for _ in range(2000)])
    journal.append(Stopped(reason="y" * 1_500_000))
    journal.close()
    follower = Follower(tmp_path, 0)
    first = follower.new()
    assert sum(len(line.raw) for line in first) <= 256 * 1024
    assert seqs(first) + all_new(follower) == list(range(1, 2002))
    follower.close()


def test_a_journal_that_shrank_is_no_continuation(tmp_path: Path) -> None:
    written(tmp_path, rounds=3, segment_bytes=16 << 20)
    follower = Follower(tmp_path, 0)
    all_new(follower)
    os.truncate(segments(tmp_path)[0], 10)
    with pytest.raises(Wrong, match="broken"):
        follower.new()
    follower.close()


def test_lines_that_are_no_records_are_said(tmp_path: Path) -> None:
    written(tmp_path, rounds=2, segment_bytes=16 << 20)
    with segments(tmp_path)[0].open("ab") as file:
        file.write(b"nonsense\n")
    with pytest.raises(Wrong, match="broken"):
        list(read(tmp_path))
    with pytest.raises(Wrong, match="broken"):
        all_new(Follower(tmp_path, 0))


def test_an_idle_follower_holds_one_file_and_asks_little(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, rounds=2)
    follower = Follower(tmp_path, 0)
    all_new(follower)

    def listed(path: object) -> list[str]:
        raise AssertionError("the directory was listed again")

    monkeypatch.setattr(os, "listdir", listed)
    for _ in range(3):
        assert follower.new() == []
    follower.close()


def test_a_durable_follower_flushes_before_it_hands_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path, rounds=2, segment_bytes=16 << 20)
    flushed: list[int] = []
    real = os.fdatasync

    def flush(descriptor: int) -> None:
        real(descriptor)
        flushed.append(descriptor)

    monkeypatch.setattr(os, "fdatasync", flush)
    assert Follower(tmp_path, 0).new()
    assert flushed == []
    follower = Follower(tmp_path, 0, durable=True)
    assert follower.new()
    assert len(flushed) == 1
    assert follower.new() == []
    assert len(flushed) == 1, "nothing new, nothing to flush"


def test_a_cursor_remembers(tmp_path: Path) -> None:
    path = tmp_path / "cursor"
    cursor = Cursor(path)
    assert cursor.value == 0
    assert not path.exists(), "looking at a cursor makes no file"
    for seq in (7, 123456789, 2**53):
        cursor.advance(seq)
        assert cursor.value == Cursor(path).value == seq


@pytest.mark.parametrize("content", [b"", b"\n", b"\0" * 21, b"-5", b"12x", "٣".encode()])
def test_a_damaged_cursor_stands_at_the_beginning(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cursor"
    path.write_bytes(content)
    cursor = Cursor(path)
    assert cursor.value == 0
    cursor.advance(3)
    assert Cursor(path).value == 3
