"""Telling the ledger the journal: every line it does not have, and what is wrong with the rest.

The ledger says what it has; the last line that both have is sent again as proof. Where numbers
are missing, lines are gone or something else stands in the files, that is reported and the
shipping goes on behind it: a broken journal must not keep later alarms from the ledger.
"""

from __future__ import annotations

from pathlib import Path

from agent import durable
from agent.settings import CourierSettings
from agent.wire import Wire
from domain.errors import Wrong
from domain.text import Text
from journal.reader import Cursor, Damaged, Follower, read
from journal.record import Line, prev_of

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
    try:
        _ship(wire, journal, generation, Cursor(settings.state / "acknowledged"))
    except Damaged:
        wire.report_unreadable(generation, _last_readable(journal) + 1)
        raise


def _ship(wire: Wire, journal: Path, generation: str, acknowledged: Cursor) -> None:
    seq = wire.head(generation)
    for _ in range(_FARTHEST):
        start = next(read(journal, max(0, seq - 1)), None)
        if start is None:
            if seq == 0:
                return
            last = max((line.seq for line in read(journal)), default=0)
            seq = min(last, wire.report_truncated(generation, last))
            acknowledged.advance(seq)
            continue
        sent_back = False
        if start.seq <= seq + 1:
            follower = Follower(journal, start.seq - 1, durable=True)
            seq, sent_back = _send(wire, follower, generation, seq, acknowledged)
        following = next(read(journal, seq), None)
        if following is None or (following.seq == seq + 1 and not sent_back):
            return  # one that was written meanwhile is the next round's
        if following.seq > seq + 1:
            wire.report_gap(generation, following.seq, prev_of(following.raw))
            seq = following.seq - 1
    raise Wrong(
        Text(
            ru="Журнал учёта снова и снова не принимает записи этого рабочего места. Сообщите "
            "ответственному пользователю криптосредств.",
            en="The ledger refuses this workstation's records again and again. Tell the "
            "responsible user.",
        )
    )


def _send(
    wire: Wire, follower: Follower, generation: str, seq: int, acknowledged: Cursor
) -> tuple[int, bool]:
    """Send what ``follower`` has until that is all or the ledger took less than it was sent; how
    far it has come, from ``seq`` on, and whether it sent us back."""
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
        durable.write(kept, generation.encode())
    return generation


def _last_readable(journal: Path) -> int:
    last = 0
    try:
        for line in read(journal):
            last = line.seq
    except Damaged:
        pass
    return last
