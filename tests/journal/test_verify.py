"""A journal that was tampered with: the first broken line is named, and what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.canonical import encode
from domain.events import Checkpoint, Stopped
from journal.checkpoint import signed
from journal.decode import decode
from journal.digest import sha256
from journal.record import GENESIS, Head, link
from journal.segments import segment_path, segments
from journal.verify import Report, verify
from tests.journal.values import OTHER_SIGNER, SIGNER, opened, raw_lines, ticking, written

FORGERY = Stopped(reason="forged")


def checked(directory: Path, *, strict: bool = False) -> Report:
    return verify(directory, public_key=SIGNER.public_key, strict=strict)


def one_segment(directory: Path) -> list[bytes]:
    """A journal in one file: 23 lines, checkpoints at 7, 14 and 21."""
    return raw_lines(written(directory, segment_bytes=16 << 20))


def rewrite(directory: Path, lines: list[bytes]) -> None:
    segments(directory)[0].write_bytes(b"".join(lines))


def forged(lines: list[bytes], at: int, event: object = FORGERY) -> bytes:
    """A line that fits after line ``at`` (counted from 1)."""
    head = Head(seq=at, digest=sha256(lines[at - 1])) if at else GENESIS
    return link(
        head,
        time_ns=0,
        boot="b007",
        host="pc-17",
        name=type(event).__name__,
        version=1,
        body=event,
    ).raw


def test_an_untouched_journal_is_whole(tmp_path: Path) -> None:
    written(tmp_path, rounds=20)
    raws = raw_lines(tmp_path)
    report = checked(tmp_path, strict=True)
    assert report.whole
    assert report.records == len(raws)
    assert report.segments == len(segments(tmp_path)) > 3
    assert report.checkpoints == 6
    assert report.signed_seq == 41
    assert report.head.digest == sha256(raws[-1])
    assert report.public_key == SIGNER.public_key


def test_no_journal_is_an_empty_one(tmp_path: Path) -> None:
    report = checked(tmp_path / "absent")
    assert report.whole
    assert report.records == 0
    assert report.head == GENESIS


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``tamper`` changes the 23 lines; the report has to name ``line`` with the words ``says``."""

    tamper: Callable[[list[bytes]], list[bytes]]
    line: int
    says: str


def changed(lines: list[bytes]) -> list[bytes]:
    return [*lines[:8], lines[8].replace(b"signal", b"Signal"), *lines[9:]]


CASES = {
    "changed": Case(tamper=changed, line=9, says="was changed"),
    "one bit": Case(
        tamper=lambda lines: [lines[0].replace(b"b007", b"b006"), *lines[1:]],
        line=1,
        says="was changed",
    ),
    "changed last but one": Case(
        tamper=lambda lines: [*lines[:21], lines[21].replace(b"pc-17", b"pc-18"), lines[22]],
        line=22,
        says="was changed",
    ),
    "link changed": Case(
        tamper=lambda lines: [
            *lines[:8],
            lines[8].replace(sha256(lines[7]).hex().encode(), b"0" * 64),
            *lines[9:],
        ],
        line=8,
        says="not the one that record 9 names",
    ),
    "replaced": Case(
        tamper=lambda lines: [*lines[:8], forged(lines, 8), *lines[9:]],
        line=9,
        says="was changed",
    ),
    "one removed": Case(
        tamper=lambda lines: [*lines[:8], *lines[9:]],
        line=9,
        says="records 9 to 9 were removed",
    ),
    "many removed": Case(
        tamper=lambda lines: [*lines[:3], *lines[20:]],
        line=4,
        says="records 4 to 20 were removed",
    ),
    "beginning removed": Case(
        tamper=lambda lines: lines[5:], line=1, says="records 1 to 5 were removed"
    ),
    "inserted with the right link": Case(
        tamper=lambda lines: [*lines[:8], forged(lines, 8), *lines[8:]],
        line=9,
        says="was inserted",
    ),
    "inserted at the beginning": Case(
        tamper=lambda lines: [forged(lines, 0), *lines], line=1, says="was inserted"
    ),
    "inserted with a wrong link": Case(
        tamper=lambda lines: [
            *lines[:8],
            forged(lines, 8).replace(sha256(lines[7]).hex().encode(), b"1" * 64),
            *lines[8:],
        ],
        line=9,
        says="was inserted",
    ),
    "copied": Case(
        tamper=lambda lines: [*lines[:12], lines[4], *lines[12:]],
        line=13,
        says="a copy of record 5",
    ),
    "reordered": Case(
        tamper=lambda lines: [*lines[:8], lines[9], lines[8], *lines[10:]],
        line=9,
        says="were reordered",
    ),
    "moved down": Case(
        tamper=lambda lines: [*lines[:8], *lines[9:18], lines[8], *lines[18:]],
        line=9,
        says="were reordered",
    ),
    "sequence gap": Case(
        tamper=lambda lines: [
            *lines[:8],
            forged(lines, 8).replace(b'"seq":9', b'"seq":19'),
        ],
        line=9,
        says="a gap in the numbers",
    ),
    "not JSON": Case(
        tamper=lambda lines: [*lines[:8], b"nonsense\n", *lines[9:]],
        line=9,
        says="is no record",
    ),
    "empty line": Case(
        tamper=lambda lines: [*lines[:8], b"\n", *lines[8:]], line=9, says="is no record"
    ),
    "torn end": Case(
        tamper=lambda lines: [*lines[:-1], lines[-1][:30]],
        line=23,
        says="the last line is torn",
    ),
    "line feed lost": Case(
        tamper=lambda lines: [*lines[:-1], lines[-1][:-1]],
        line=23,
        says="the last line is torn",
    ),
    "blanks added": Case(
        tamper=lambda lines: [*lines[:8], lines[8].replace(b'"seq":', b'"seq": '), *lines[9:]],
        line=9,
        says="was changed",
    ),
    "windows line ends": Case(
        tamper=lambda lines: [line.replace(b"\n", b"\r\n") for line in lines],
        line=1,
        says="was changed",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_tampering_is_named(tmp_path: Path, name: str) -> None:
    case = CASES[name]
    lines = one_segment(tmp_path)
    assert checked(tmp_path).whole
    rewrite(tmp_path, case.tamper(lines))
    report = checked(tmp_path)
    assert report.breach is not None
    assert case.says in report.breach.what.en
    assert report.breach.line == case.line
    assert report.breach.file == f"{1:020d}.jsonl"
    assert report.breach.what.ru


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_single_changed_byte_under_a_checkpoint_stays_hidden(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    directory = tmp_path_factory.mktemp("journal")
    lines = one_segment(directory)[:21]
    whole = b"".join(lines)
    vouched_for = len(whole) - len(lines[-1])
    at = data.draw(st.integers(min_value=0, max_value=vouched_for - 1))
    tampered = bytearray(whole)
    tampered[at] ^= data.draw(st.integers(min_value=1, max_value=255))
    segments(directory)[0].write_bytes(tampered)
    report = checked(directory, strict=True)
    assert report.breach is not None
    hit = whole.count(b"\n", 0, at) + 1
    assert abs(report.breach.line - hit) <= 1, "a link that changed is told of the line it names"


def test_the_very_last_line_is_held_by_nothing_yet(tmp_path: Path) -> None:
    """A limit the documents state: no line names it, no checkpoint vouches for it."""
    lines = one_segment(tmp_path)
    rewrite(tmp_path, [*lines[:-1], lines[-1].replace(b"signal", b"Signal")])
    report = checked(tmp_path)
    assert report.whole
    assert report.signed_seq == 20 < report.records == 23


def test_a_whole_chain_forged_anew_fails_at_its_checkpoint(tmp_path: Path) -> None:
    """Whoever rewrites everything lacks the key."""
    one_segment(tmp_path)
    head, rewritten = GENESIS, []
    for raw in raw_lines(tmp_path):
        event = decode(raw).event
        assert event is not None
        if isinstance(event, Checkpoint):
            event = Checkpoint(
                seq=head.seq,
                head=head.digest.hex(),
                public_key=event.public_key,
                signature=event.signature,
            )
        elif head.seq == 3:
            event = FORGERY
        line = link(
            head,
            time_ns=0,
            boot="b007",
            host="pc-17",
            name=type(event).__name__,
            version=1,
            body=event,
        )
        head = line.head
        rewritten.append(line.raw)
    rewrite(tmp_path, rewritten)
    breach = checked(tmp_path).breach
    assert breach is not None
    assert "signature is wrong" in breach.what.en
    assert breach.line == breach.seq == 7


@pytest.mark.parametrize("pinned", [True, False])
def test_a_checkpoint_of_another_key_is_told(tmp_path: Path, pinned: bool) -> None:
    journal = opened(tmp_path)
    for signer in (SIGNER, OTHER_SIGNER):
        journal.append(Stopped(reason=""))
        journal.checkpoint(signer)
    journal.close()
    report = verify(tmp_path, public_key=SIGNER.public_key if pinned else None)
    assert report.breach is not None
    assert "another key" in report.breach.what.en
    assert report.breach.seq == 4
    assert report.public_key == SIGNER.public_key


def test_a_journal_signed_by_another_key_throughout_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    report = verify(tmp_path, public_key=OTHER_SIGNER.public_key)
    assert report.breach is not None
    assert "another key" in report.breach.what.en
    assert report.checkpoints == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"seq": 1}, "does not vouch"),
        ({"head": "0" * 64}, "does not vouch"),
        ({"signature": "0" * 128}, "signature is wrong"),
        ({"signature": ""}, "signature is wrong"),
        ({"signature": "xyz"}, "can't be read"),
        ({"public_key": 5}, "can't be read"),
    ],
)
def test_a_checkpoint_that_is_none_is_told(
    tmp_path: Path, change: dict[str, object], says: str
) -> None:
    lines = one_segment(tmp_path)[:2]
    head = Head(seq=2, digest=sha256(lines[1]))
    good = signed(SIGNER, "pc-17", head)
    body = {
        "seq": good.seq,
        "head": good.head,
        "public_key": good.public_key,
        "signature": good.signature,
    } | change
    line = link(head, time_ns=0, boot="", host="pc-17", name="Checkpoint", version=1, body=body)
    rewrite(tmp_path, [*lines, line.raw])
    breach = checked(tmp_path).breach
    assert breach is not None
    assert says in breach.what.en
    assert breach.line == 3


def test_a_checkpoint_of_another_host_is_told(tmp_path: Path) -> None:
    lines = one_segment(tmp_path)[:2]
    head = Head(seq=2, digest=sha256(lines[1]))
    rewrite(tmp_path, [*lines, forged(lines, 2, signed(SIGNER, "pc-18", head))])
    breach = checked(tmp_path).breach
    assert breach is not None
    assert "signature is wrong" in breach.what.en


def test_a_removed_segment_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    gone, following = segments(tmp_path)[1:3]
    gone.unlink()
    breach = checked(tmp_path).breach
    assert breach is not None
    assert breach.file == following.name
    assert "were removed" in breach.what.en


def test_a_segment_of_another_journal_is_told(tmp_path: Path) -> None:
    written(tmp_path / "ours")
    written(tmp_path / "theirs", rounds=11)
    path = segments(tmp_path / "ours")[2]
    journal = Path(tmp_path / "theirs")
    foreign = b"".join(
        raw.replace(b"pc-17", b"pc-18") for raw in raw_lines(journal)[int(path.stem) - 1 :]
    )
    path.write_bytes(foreign)
    breach = checked(tmp_path / "ours").breach
    assert breach is not None
    assert breach.file == path.name


def test_a_changed_last_line_of_a_segment_is_a_wrong_link_between_segments(
    tmp_path: Path,
) -> None:
    written(tmp_path)
    first, second = segments(tmp_path)[:2]
    lines = first.read_bytes().splitlines(keepends=True)
    lines[-1] = lines[-1].replace(b"b007", b"b008")
    first.write_bytes(b"".join(lines))
    breach = checked(tmp_path).breach
    assert breach is not None
    assert (breach.file, breach.line) == (second.name, 1)
    assert "wrong link between segments" in breach.what.en


def test_a_torn_segment_in_the_middle_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    path = segments(tmp_path)[1]
    os.truncate(path, path.stat().st_size - 3)
    breach = checked(tmp_path).breach
    assert breach is not None
    assert breach.file == path.name
    assert "the journal goes on" in breach.what.en


def test_an_emptied_segment_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    path = segments(tmp_path)[1]
    os.truncate(path, 0)
    breach = checked(tmp_path).breach
    assert breach is not None
    assert breach.file == path.name
    assert "emptied" in breach.what.en


def test_an_empty_last_segment_is_no_breach(tmp_path: Path) -> None:
    written(tmp_path)
    segment_path(tmp_path, len(raw_lines(tmp_path)) + 1).touch()
    assert checked(tmp_path).whole


def test_a_renamed_segment_is_told(tmp_path: Path) -> None:
    written(tmp_path)
    path = segments(tmp_path)[-1]
    path.rename(segment_path(tmp_path, int(path.stem) + 1))
    breach = checked(tmp_path).breach
    assert breach is not None
    assert "renamed" in breach.what.en


def test_a_line_being_written_is_no_breach(tmp_path: Path) -> None:
    written(tmp_path)
    journal = opened(tmp_path)
    with segments(tmp_path)[-1].open("ab") as file:
        file.write(b'{"body":{"rea')
    assert checked(tmp_path).whole
    journal.close()
    assert not checked(tmp_path).whole


def test_only_the_strict_check_sees_another_spelling(tmp_path: Path) -> None:
    """A chain built over lines that are JSON, and not the one canonical form of it."""
    line = link(
        GENESIS, time_ns=ticking()(), boot="", host="h", name="Stopped", version=1, body=FORGERY
    )
    rewrite_to = segment_path(tmp_path, 1)
    rewrite_to.write_bytes(line.raw.replace(b"forged", b"\\u0066orged"))
    assert checked(tmp_path).whole
    breach = checked(tmp_path, strict=True).breach
    assert breach is not None
    assert "canonical" in breach.what.en


@pytest.mark.parametrize("value", ["1.5", "1e400", "NaN", "9007199254740992", '{"a":1,"a":1}'])
def test_strict_refuses_what_is_not_canonical_json(tmp_path: Path, value: str) -> None:
    line = link(
        GENESIS, time_ns=0, boot="", host="h", name="Unknown", version=1, body={"x": "HERE"}
    )
    segment_path(tmp_path, 1).write_bytes(line.raw.replace(b'"HERE"', value.encode()))
    assert checked(tmp_path, strict=True).breach is not None


def test_nesting_without_end_is_no_traceback(tmp_path: Path) -> None:
    nested = b'{"body":' + b"[" * 200_000 + b"]" * 200_000
    segment_path(tmp_path, 1).write_bytes(nested + b',"boot":""}\n')
    breach = checked(tmp_path, strict=True).breach
    assert breach is not None
    assert "no record" in breach.what.en


def test_the_form_of_a_checkpoint_message_is_fixed() -> None:
    from journal.checkpoint import message

    assert message("pc-17", 12, "ab" * 32) == (
        b"klyuchar checkpoint 1\npc-17\n12\n" + b"ab" * 32 + b"\n"
    )
    assert encode({"a": 1}) == b'{"a":1}'
