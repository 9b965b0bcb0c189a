"""From what was seen to a verdict: gathers a Situation, the only thing rules look at."""

from __future__ import annotations

from datetime import datetime

from agent.presence import Present
from agent.seat import seat_of
from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile, now_utc
from domain.events import Judged
from domain.sighting import Sighting, Unread
from policies.judge import judge
from policies.situation import LedgerView, Limits, Situation


def judge_present(
    present: Present, snapshot: SnapshotFile | None, settings: AgentSettings
) -> Judged:
    """The verdict on a carrier that is here."""
    return _judged(present.sighting, present.port, present.duplicates, snapshot, settings)


def judge_unread(
    unread: Unread, port: str, snapshot: SnapshotFile | None, settings: AgentSettings
) -> Judged:
    """The verdict on something that could not be identified."""
    return _judged(unread, port, 0, snapshot, settings)


def situation(
    seen: Sighting | Unread,
    duplicates: int,
    snapshot: SnapshotFile | None,
    settings: AgentSettings,
) -> Situation:
    """Everything the rules may look at, as it is now."""
    now = now_utc()
    return Situation(
        seen=seen,
        duplicates=duplicates,
        ledger=_view(seen, snapshot, now),
        host=settings.host,
        seat=seat_of(settings, snapshot.salt if snapshot else ""),
        now=now,
        limits=Limits(
            snapshot_warn_s=settings.snapshot_warn_s,
            snapshot_deny_s=settings.snapshot_deny_s,
            key_ending_days=settings.key_ending_days,
        ),
    )


def _view(
    seen: Sighting | Unread, snapshot: SnapshotFile | None, now: datetime
) -> LedgerView | None:
    if snapshot is None:
        return None
    if isinstance(seen, Sighting):
        return snapshot.lookup(seen.carrier, now)
    return LedgerView(mark=snapshot.mark, age=snapshot.age(now), entry=None, namesakes=())


def _judged(
    seen: Sighting | Unread,
    port: str,
    duplicates: int,
    snapshot: SnapshotFile | None,
    settings: AgentSettings,
) -> Judged:
    facts = situation(seen, duplicates, snapshot, settings)
    return Judged(
        carrier=seen.carrier if isinstance(seen, Sighting) else None,
        port=port,
        seat=facts.seat.login,
        verdict=judge(facts),
        remote=facts.seat.remote,
    )
