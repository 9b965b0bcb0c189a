"""Telling the ledger the journal: every line it does not have, and what is wrong with the rest.

The ledger says what it has; the last line that both have is sent again as proof. Where numbers
are missing, lines are gone or something else stands in the files, that is reported and the
shipping goes on behind it: a broken journal must not keep later alarms from the ledger.
"""

from __future__ import annotations

import os
from pathlib import Path

from agent.settings import CourierSettings
from agent.wire import Wire
from domain.errors import Wrong
from domain.text import Text
from journal.reader import Cursor, Damaged, Follower, read
from journal.record import Line, prev_of
from journal.signing import sync_directory

BATCH_BYTES = 1 << 20
_FARTHEST = 64
"""How often in one round the ledger may send us back: each time is a broken journal."""


def ship(wire: Wire, settings: CourierSettings) -> None:
    """Send the ledger every line it does not have. Raises Damaged where a line is no record,
    which the ledger is told then."""
    journal = settings.journal
    generation = _generation(journal, settings.state / "generation")
    if not generation:
        return
    seq = wire.head(generation)
    try:
        last = _last_seq(journal, seq)
        if last < seq:
            seq = min(last, wire.report_truncated(generation, last))
        _ship_from(wire, journal, generation, seq, Cursor(settings.state / "acknowledged"))
    except Damaged:
        wire.report_unreadable(generation, _last_readable(journal, wire.head(generation)) + 1)
        raise


def _ship_from(wire: Wire, journal: Path, generation: str, seq: int, acknowledged: Cursor) -> None:
    for _ in range(_FARTHEST):
        seq, sent_back = _send(wire, journal, generation, seq, acknowledged)
        following = next(read(journal, seq), None)
        if following is None:
            return
        if following.seq > seq + 1:
            wire.report_gap(generation, following.seq, prev_of(following.raw))
            seq = following.seq - 1
        elif not sent_back:
            return  # written meanwhile: the next round's
    raise Wrong(
        Text(
            ru="Журнал учёта снова и снова не принимает записи этого рабочего места. Сообщите "
            "ответственному пользователю криптосредств.",
            en="The ledger refuses this workstation's records again and again. Tell the "
            "responsible user.",
        )
    )


def _send(
    wire: Wire, journal: Path, generation: str, seq: int, acknowledged: Cursor
) -> tuple[int, bool]:
    """Send on from ``seq`` until all was sent or the ledger took less than it was sent; how far
    it has come, and whether it sent us back."""
    follower = Follower(journal, max(0, seq - 1), durable=True)
    try:
        while batch := _batch(follower):
            told = wire.post_lines(generation, b"".join(line.raw for line in batch))
            seq = min(told, batch[-1].seq)
            acknowledged.advance(seq)
            if seq < batch[-1].seq:
                return seq, True
    finally:
        follower.close()
    return seq, False


def _batch(follower: Follower) -> list[Line]:
    """The next lines, at most `BATCH_BYTES` of them and one piece of the journal."""
    batch: list[Line] = []
    size = 0
    while size < BATCH_BYTES and (lines := follower.new()):
        batch += lines
        size += sum(len(line.raw) for line in lines)
    return batch


def _generation(journal: Path, kept: Path) -> str:
    """Which journal this is: the SHA-256 of its first line, remembered for the day when that line
    is gone or can't be read. Empty where there never was a journal."""
    remembered = kept.read_text() if kept.exists() else ""
    try:
        first = next(read(journal), None)
    except Damaged:
        if not remembered:
            raise
        return remembered
    if first is None or (first.seq > 1 and remembered):
        return remembered
    generation = first.digest.hex()
    if generation != remembered:
        replace(kept, generation.encode())
    return generation


def _last_seq(journal: Path, after: int) -> int:
    """The journal's last record; ``after`` saves reading what is known to be there."""
    last = 0
    for line in read(journal, max(0, after - 1)):
        last = line.seq
    return last or max((line.seq for line in read(journal)), default=0)


def _last_readable(journal: Path, after: int) -> int:
    last = after
    try:
        for line in read(journal, after):
            last = line.seq
    except Damaged:
        pass
    return last


def replace(path: Path, content: bytes) -> None:
    """Write durably beside ``path``, then take its place."""
    new = path.with_name(path.name + ".new")
    with open(new, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync_directory(path.parent)
