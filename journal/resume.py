"""Finding where a journal ends without reading it: the last line, and the one that proves it."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from domain.errors import Wrong
from domain.text import Text
from journal.digest import sha256
from journal.record import GENESIS, Head
from journal.segments import first_seq

_WINDOW = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How one segment ends.

    ``size`` counts the bytes up to its last complete line, ``last``, whose predecessor in the
    segment is ``before`` (both empty where there is none); ``torn`` is what follows: the
    beginning of a line that was never acknowledged.
    """

    size: int
    last: bytes
    before: bytes
    torn: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """The end of the whole journal; ``name`` is the last event's, empty where there is none."""

    head: Head
    name: str
    size: int
    torn: bytes


def end_of(path: Path) -> End:
    """Read the end of one segment, however large it is.

    Canonical JSON has no zero byte: one in the window is a hole that a power cut left in the
    last append, so the line that holds it and all after it are torn.
    """
    with open(path, "rb", buffering=0) as file:
        size = os.fstat(file.fileno()).st_size
        window = _WINDOW
        while True:
            start = max(0, size - window)
            end = _end_within(os.pread(file.fileno(), size - start, start), start)
            if end is not None:
                return end
            window *= 4


def _end_within(data: bytes, start: int) -> End | None:
    """The end, or None where ``data``, from offset ``start``, does not reach back far enough."""
    hole = data.find(b"\0")
    good = _line_start(data, len(data) if hole < 0 else hole)
    last_at = _line_start(data, good - 1)
    before_at = _line_start(data, last_at - 1)
    if start > 0 and before_at == 0:
        return None
    return End(
        size=start + good,
        last=data[last_at:good],
        before=data[before_at:last_at],
        torn=data[good:],
    )


def _line_start(data: bytes, at: int) -> int:
    """Where the line begins that the byte before ``at`` is part of; 0 for all before the data."""
    return data.rfind(b"\n", 0, at) + 1 if at > 0 else 0


def prove(paths: list[Path]) -> Proven:
    """The head of the journal in ``paths`` (at least one): its last line follows the one before.

    Raises Wrong where it does not; nothing is changed then.
    """
    path, end = paths[-1], end_of(paths[-1])
    if not end.last:
        return _prove_empty(paths, end)
    head, prev, name = _parsed(end.last, path)
    before = _parsed(end.before, path)[0] if end.before else _head_before(paths)
    if head.seq != before.seq + 1 or prev != before.digest.hex():
        raise _broken(path)
    return Proven(head=head, name=name, size=end.size, torn=end.torn)


def _prove_empty(paths: list[Path], end: End) -> Proven:
    """A segment whose creation was cut: the journal ends in the one before."""
    path, earlier = paths[-1], paths[:-1]
    before = prove(earlier) if earlier else Proven(head=GENESIS, name="", size=0, torn=b"")
    if before.torn or first_seq(path) != before.head.seq + 1:
        raise _broken(path)
    return Proven(head=before.head, name=before.name, size=0, torn=end.torn)


def _head_before(paths: list[Path]) -> Head:
    """Where the chain stood when the last segment began."""
    if first_seq(paths[-1]) == 1:
        return GENESIS
    if len(paths) < 2:
        raise _broken(paths[-1])
    return _parsed(end_of(paths[-2]).last, paths[-2])[0]


def _parsed(raw: bytes, path: Path) -> tuple[Head, str, str]:
    try:
        record = json.loads(raw)
        head = Head(seq=int(record["seq"]), digest=sha256(raw))
        return head, str(record["prev"]), str(record["event"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _broken(path) from error


def _broken(path: Path) -> Wrong:
    return Wrong(
        Text(
            ru=f"Конец журнала {path} изменён: последняя запись не продолжает предыдущую. "
            "Ничего не исправлено. Посмотрите, что именно: klyuchar journal verify. Сохраните "
            "каталог журнала для разбирательства и уберите его, чтобы начать новый.",
            en=f"The end of the journal {path} was changed: its last record does not follow the "
            "one before. Nothing was mended. See what it is: klyuchar journal verify. Keep the "
            "journal's directory as evidence and move it away to begin a new one.",
        )
    )
