"""A journal's verdicts judged again under other limits, as far as it holds what they stood on.

The ledger's entry of a carrier is not in the journal. Where the snapshot that a verdict names is at
hand, all rules are asked again, but only if under the old limits they give what is on record: else
something else has changed since, and it is not compared. Without it, the one rule that needs no
entry is asked again, `snapshot-old`; the other findings stay as they are on record.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from agent.seat import seat_of
from agent.settings import AgentSettings
from agent.snapshot import SnapshotFile
from domain.errors import Wrong
from domain.events import Identified, Judged, Reconfigured, Reenumerated, Started, Unreadable
from domain.sighting import Obstacle, Sighting, Unread
from domain.text import Text
from domain.verdict import Finding, Verdict
from policies.freshness import snapshot_old
from policies.judge import NOTHING_MATCHED, RULES, fold, judge
from policies.situation import LedgerView, Limits, Seat, Situation

if TYPE_CHECKING:
    from domain.carrier import Carrier
    from journal.decode import Record

_ORDER = {rule.name: at for at, rule in enumerate(RULES)}

UNKNOWN_LIMITS = Text(
    ru="журнал не говорит, под какими пределами они вынесены (старая версия агента)",
    en="the journal does not tell under which limits they were made (an older agent)",
)
NO_ENTRY = Text(
    ru="срок предупреждения об окончании ключа иной, а снимка журнала учёта, по которому они "
    "вынесены, под рукой нет (--snapshot)",
    en="the days to a key's end differ, and the ledger's snapshot they stand on is not at hand "
    "(--snapshot)",
)
NOT_THE_SAME = Text(
    ru="правила теперь и под прежними пределами отвечают иначе (другая версия программы?)",
    en="the rules answer otherwise now even under the former limits (another version?)",
)
NO_SIGHTING = Text(
    ru="в журнале нет записи о том, что тогда увидели",
    en="the journal has no record of what was seen then",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One verdict that would be another now."""

    record: Record
    judged: Judged
    would_be: Verdict


@dataclass(slots=True)
class Replay:
    """``given`` are the other limits by name; those not named stay as they were at each verdict.

    ``whole`` counts the verdicts on which every rule was asked again, ``partly`` those by age of
    the ledger's data alone, ``not_judged`` all others by why.
    """

    given: dict[str, int]
    snapshot: SnapshotFile | None
    whole: int = 0
    partly: int = 0
    not_judged: Counter[Text] = field(default_factory=Counter)
    _settings: dict[str, str] = field(default_factory=dict)
    _seen: dict[Carrier | str, Sighting | Unread] = field(default_factory=dict)

    def fold(self, record: Record) -> Iterator[Difference]:
        """Take one more record into account; the difference where it is a verdict that has one."""
        match record.event:
            case Started(settings=settings):
                self._settings = {each.name: each.value for each in settings}
            case Reconfigured(changed=changed):
                self._settings |= {each.name: each.value for each in changed}
            case Identified(sighting=sighting) | Reenumerated(sighting=sighting):
                self._seen[sighting.carrier] = sighting
            case Unreadable(unread=unread, port=port):
                self._seen[port] = unread
            case Judged() as judged:
                would_be = self._again(record, judged)
                if would_be is not None and _said(would_be) != _said(judged.verdict):
                    yield Difference(record=record, judged=judged, would_be=would_be)
            case _:
                pass

    def _again(self, record: Record, judged: Judged) -> Verdict | None:
        old = self._old_limits()
        if old is None:
            self.not_judged[UNKNOWN_LIMITS] += 1
            return None
        new = replace(old, **self.given)
        verdict = judged.verdict
        if self.snapshot is not None and verdict.snapshot == self.snapshot.mark:
            return self._by_all_rules(record, judged, old, new)
        if verdict.snapshot is not None and old.key_ending_days != new.key_ending_days:
            self.not_judged[NO_ENTRY] += 1
            return None
        self.partly += 1
        return _by_age(record, judged, new)

    def _old_limits(self) -> Limits | None:
        try:
            return Limits(
                snapshot_warn_s=int(self._settings["snapshot_warn_s"]),
                snapshot_deny_s=int(self._settings["snapshot_deny_s"]),
                key_ending_days=int(self._settings["key_ending_days"]),
            )
        except (KeyError, ValueError):
            return None

    def _by_all_rules(
        self, record: Record, judged: Judged, old: Limits, new: Limits
    ) -> Verdict | None:
        seen = self._seen.get(judged.carrier or judged.port)
        if seen is None:
            self.not_judged[NO_SIGHTING] += 1
            return None
        try:
            facts = self._situation(record, judged, seen, old)
        except Wrong:
            self.not_judged[NOT_THE_SAME] += 1
            return None
        if _said(judge(facts)) != _said(judged.verdict):
            self.not_judged[NOT_THE_SAME] += 1
            return None
        self.whole += 1
        return judge(replace(facts, limits=new))

    def _situation(
        self, record: Record, judged: Judged, seen: Sighting | Unread, limits: Limits
    ) -> Situation:
        assert self.snapshot is not None
        now, age = datetime.fromisoformat(record.time), judged.verdict.age or 0
        if isinstance(seen, Sighting):
            ledger = replace(self.snapshot.lookup(seen.carrier, now), age=age)
        else:
            ledger = LedgerView(mark=self.snapshot.mark, age=age, entry=None, namesakes=())
        rules = {finding.rule for finding in judged.verdict.findings}
        return Situation(
            seen=seen,
            duplicates=int("duplicate-identity" in rules),
            ledger=ledger,
            host=record.host,
            seat=self._seat(record.host, judged, self.snapshot.salt),
            now=now,
            limits=limits,
        )

    def _seat(self, host: str, judged: Judged, salt: str) -> Seat:
        if not judged.seat:
            return Seat(login="", marks=(), remote=judged.remote)
        settings = AgentSettings(
            state=Path(),
            inbox=Path(),
            worker_socket="",
            host=host,
            domain=self._settings.get("domain", ""),
            seat_login=judged.seat,
        )
        return replace(seat_of(settings, salt), remote=judged.remote)


def _by_age(record: Record, judged: Judged, limits: Limits) -> Verdict:
    """The verdict with `snapshot-old` asked again: it looks at the age and the limits alone."""
    verdict = judged.verdict
    kept = [
        finding
        for finding in verdict.findings
        if finding.rule not in (snapshot_old.name, NOTHING_MATCHED.rule)
    ]
    if verdict.snapshot is not None and (said := _of_age(record, verdict, limits)) is not None:
        kept.append(said)
    kept.sort(key=lambda finding: _ORDER.get(finding.rule, len(_ORDER)))
    return replace(verdict, findings=fold(kept))


def _of_age(record: Record, verdict: Verdict, limits: Limits) -> Finding | None:
    assert verdict.snapshot is not None
    nothing = Unread(module="", slot=0, obstacle=Obstacle.NOT_RECOGNISED, detail="")
    view = LedgerView(mark=verdict.snapshot, age=verdict.age or 0, entry=None, namesakes=())
    return snapshot_old(
        Situation(
            seen=nothing,
            duplicates=0,
            ledger=view,
            host=record.host,
            seat=Seat(login="", marks=()),
            now=datetime.fromisoformat(record.time),
            limits=limits,
        )
    )


def _said(verdict: Verdict) -> set[tuple[str, str]]:
    """What a verdict says, whatever the wording and the order among equals."""
    return {(finding.rule, finding.level.value) for finding in verdict.findings}
