"""Keeping the journal within its bound: once a day, and only by what the ledger signed it has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime, timedelta

from agent.recording import Recorder
from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile, now_utc
from domain.events import SegmentReleased
from domain.text import Text
from journal.record import Head
from journal.retention import releasable, size_of
from journal.writer import Journal

EVERY_S = 24 * 3600.0
FIRST_AFTER_S = 600.0
"""After the start there are more urgent things than an old journal."""
NEARLY = 0.8
"""The part of the bound from which on a journal that can't be made smaller is complained of."""


class DailyTrim:
    """`keep_within` once a day, beginning after the start at ``now``. Times are monotonic."""

    def __init__(self, journal: Journal, recorder: Recorder, now: float) -> None:
        self._journal = journal
        self._recorder = recorder
        self._at = now + FIRST_AFTER_S

    def on_tick(self, now: float, settings: AgentSettings, snapshot: SnapshotFile | None) -> None:
        """Do it if it is due and the disk takes anything."""
        if now < self._at or self._recorder.failing:
            return
        self._at = now + EVERY_S
        self._recorder.trying(lambda: keep_within(self._journal, settings, snapshot, now_utc()))


def keep_within(
    journal: Journal, settings: AgentSettings, snapshot: SnapshotFile | None, now: datetime
) -> None:
    """Let segments go, oldest first, until the journal is within its bound or nothing more may go.

    Raises CouldNotRecord where the disk refuses.
    """
    most = settings.journal_max_mib << 20
    for released in _released(settings, snapshot, now, most):
        journal.release(released)
    size = size_of(settings.journal)
    if size > most * NEARLY:
        _complain(size, most)


def _released(
    settings: AgentSettings, snapshot: SnapshotFile | None, now: datetime, most: int
) -> Iterator[SegmentReleased]:
    told = snapshot.header.acknowledged if snapshot is not None else None
    if snapshot is None or told is None:
        return
    acknowledged = Head(seq=told.seq, digest=bytes.fromhex(told.head))
    before = (now - timedelta(days=settings.journal_keep_days)).strftime("%Y-%m-%dT%H:%M:%S")
    while size_of(settings.journal) > most:
        oldest = releasable(settings.journal, acknowledged, before)
        if oldest is None:
            return
        yield SegmentReleased(
            segment=oldest.path.name,
            first_seq=oldest.first,
            last_seq=oldest.last.seq,
            digest=oldest.last.digest.hex(),
            acknowledged_seq=told.seq,
            snapshot=snapshot.mark,
        )


def _complain(size: int, most: int) -> None:
    text = Text(
        ru=f"Журнал рабочего места занимает {size >> 20} МиБ из {most >> 20} (journal_max_mib), и "
        "удалить из него нечего: удаляется только старое, что подтвердил журнал учёта. Записи не "
        "прекращаются. Проверьте связь с журналом учёта: klyuchar status.",
        en=f"The workstation's journal takes {size >> 20} MiB of {most >> 20} (journal_max_mib) "
        "and nothing of it may go: only what is old and the ledger has acknowledged. Recording "
        "goes on. Check the connection to the ledger: klyuchar status.",
    )
    print(f"{text.ru}\n{text.en}", file=sys.stderr, flush=True)
