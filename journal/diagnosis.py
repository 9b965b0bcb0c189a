"""What happened to a broken chain, as far as the lines around the break tell.

A hash alone only says that two neighbours do not fit. Numbers and hashes of the lines around tell
whether one was changed, removed, inserted or moved, and which.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import msgspec

from domain.text import Text
from journal.decode import ENVELOPE
from journal.digest import sha256
from journal.record import Head
from journal.segments import first_seq, segments

_AROUND = 1000
"""How many lines before and after the break are looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """The first broken line: its file's name, its number in the file from 1, the record number
    it has or should have, and what is wrong."""

    file: str
    line: int
    seq: int
    what: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A line where it stands; ``seq`` is -1 where it is no record."""

    path: Path
    line: int
    seq: int
    prev: str
    digest: str
    whole: bool

    def breach(self, seq: int, what: Text) -> Breach:
        return Breach(file=self.path.name, line=self.line, seq=seq, what=what)


def misnamed(path: Path, seq_before: int, *, is_last: bool) -> Breach | None:
    """The breach of a segment that reads well but is not what its name says, or holds nothing."""
    begins, named = seq_before + 1, first_seq(path)
    if begins != named:
        what = Text(
            ru=f"файл переименован или подменён: по имени он начинается с записи {named}, "
            f"а должен с {begins}",
            en=f"the file was renamed or replaced: by its name it begins with record {named}, "
            f"and should with {begins}",
        )
        return Breach(file=path.name, line=1, seq=begins, what=what)
    if path.stat().st_size == 0 and not is_last:
        what = Text(ru="файл опустошён", en="the file was emptied")
        return Breach(file=path.name, line=1, seq=begins, what=what)
    return None


def diagnose(directory: Path, path: Path, number: int, head: Head) -> Breach:
    """What is wrong at line ``number`` of ``path``, which does not follow ``head``."""
    places = _places(directory, path)
    before: deque[_Place] = deque(maxlen=_AROUND)
    for at in places:
        if at.path == path and at.line == number:
            break
        before.append(at)
    after = list(islice(places, _AROUND))
    if at.seq < 0 or not at.whole:
        return _unreadable(at, head, is_last=not after)
    if at.seq > head.seq + 1:
        return _ahead(at, after, head)
    if at.seq <= head.seq:
        return _behind(at, list(before))
    return _unlinked(at, list(before), after, head)


def _unreadable(at: _Place, head: Head, *, is_last: bool) -> Breach:
    seq = head.seq + 1
    if at.whole:
        return at.breach(seq, Text(ru="строка — не запись журнала", en="the line is no record"))
    if is_last:
        what = Text(
            ru="последняя строка оборвана: запись прервалась (при запуске агент уберёт её сам "
            "и отметит это) или конец файла отрезан",
            en="the last line is torn: writing was cut short (the agent will cut it off at its "
            "start and record that) or the end of the file was removed",
        )
    else:
        what = Text(
            ru="строка оборвана, а журнал продолжается: конец файла отрезан",
            en="the line is torn but the journal goes on: the end of the file was removed",
        )
    return at.breach(seq, what)


def _ahead(at: _Place, after: list[_Place], head: Head) -> Breach:
    """A number came too early."""
    expected = head.seq + 1
    if at.prev == head.digest.hex():
        what = Text(
            ru=f"номера идут с пропуском: ожидалась запись {expected}, стоит {at.seq}, хотя "
            "хеш предыдущей строки верен",
            en=f"a gap in the numbers: record {expected} was expected and {at.seq} stands here, "
            "though the hash of the line before is right",
        )
        return at.breach(at.seq, what)
    if any(place.seq == expected for place in after):
        what = Text(
            ru=f"строки переставлены: ожидалась запись {expected}, она стоит ниже",
            en=f"lines were reordered: record {expected} was expected and stands further down",
        )
        return at.breach(at.seq, what)
    last = at.seq - 1
    what = Text(
        ru=f"удалены записи с {expected} по {last}: перед этой строкой их нет",
        en=f"records {expected} to {last} were removed before this line",
    )
    return at.breach(at.seq, what)


def _behind(at: _Place, before: list[_Place]) -> Breach:
    """A number came again: this line is a copy, or what stands before it was put in."""
    if any(place.digest == at.digest for place in before):
        what = Text(
            ru=f"вставлена копия записи {at.seq}",
            en=f"a copy of record {at.seq} was inserted",
        )
        return at.breach(at.seq, what)
    for position, place in enumerate(before[:-1]):
        if place.digest == at.prev:
            return before[position + 1].breach(before[position + 1].seq, _INSERTED)
    if before and before[0].seq == 1 and at.seq == 1 and at.prev == "0" * 64:
        return before[0].breach(1, _INSERTED)
    what = Text(
        ru=f"номер {at.seq} уже был: строка вставлена или переставлена",
        en=f"number {at.seq} was there before: the line was inserted or moved",
    )
    return at.breach(at.seq, what)


def _unlinked(at: _Place, before: list[_Place], after: list[_Place], head: Head) -> Breach:
    """The number is right and the hash of the line before is not."""
    following = after[0] if after else None
    if following and following.seq == at.seq and following.prev == head.digest.hex():
        return at.breach(at.seq, _INSERTED)
    if at.line == 1:
        what = Text(
            ru="разорвана связь между файлами: файл подменён или изменена последняя строка "
            "предыдущего",
            en="wrong link between segments: the file was replaced, or the last line of the one "
            "before was changed",
        )
        if not before:
            what = Text(
                ru="первая запись журнала ссылается на предыдущую: начало журнала подменено",
                en="the journal's first record names one before it: the beginning was replaced",
            )
        return at.breach(at.seq, what)
    what = Text(
        ru=f"строка изменена: её SHA-256 не тот, что назван в записи {at.seq}",
        en=f"the line was changed: its SHA-256 is not the one that record {at.seq} names",
    )
    return before[-1].breach(before[-1].seq, what)


_INSERTED = Text(
    ru="строка вставлена: прежняя цепочка продолжается после неё",
    en="the line was inserted: the former chain goes on after it",
)


def _places(directory: Path, path: Path) -> Iterator[_Place]:
    """The lines from the segment before ``path`` on."""
    paths = segments(directory)
    for each in paths[max(0, paths.index(path) - 1) :]:
        with open(each, "rb") as file:
            for number, raw in enumerate(file, start=1):
                yield _place(each, number, raw)


def _place(path: Path, number: int, raw: bytes) -> _Place:
    try:
        line = ENVELOPE.decode(raw)
        seq, prev = line.seq, line.prev
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        seq, prev = -1, ""
    return _Place(
        path=path,
        line=number,
        seq=seq,
        prev=prev,
        digest=sha256(raw).hex(),
        whole=raw.endswith(b"\n"),
    )
