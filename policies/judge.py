"""All rules in their order, and the fold of their findings into a verdict.

The order matters among findings of one level only: the first of the gravest is what a person
reads. What must not wait stands first, what explains other findings before them.
"""

from __future__ import annotations

from dataclasses import dataclass

from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from policies import accounting, freshness, issue, out_of_action, reading, validity
from policies.on_disk import worded
from policies.rule import STOP_AND_TELL, Rule
from policies.situation import Situation

RULES: tuple[Rule, ...] = (
    out_of_action.compromised,
    out_of_action.destroyed_carrier_seen,
    out_of_action.destroyed_key_seen,
    freshness.snapshot_absent,
    freshness.clock_behind,
    freshness.snapshot_old,
    reading.no_usable_serial,
    reading.not_initialised,
    reading.unreadable,
    accounting.duplicate_identity,
    accounting.namesake,
    accounting.unknown_carrier,
    accounting.empty_carrier,
    accounting.more_containers_than_keys,
    out_of_action.out_of_action,
    validity.key_ended,
    issue.issued_to_another,
    issue.not_issued,
    issue.seat_unknown,
    issue.login_shared,
    issue.holder_login_unknown,
    validity.key_ended_by_estimate,
    validity.key_end_unreadable,
    validity.key_ending,
    reading.pin_locked,
    reading.contents_not_read,
    issue.issued_to_the_seat,
)

NOTHING_MATCHED = Finding(
    rule="nothing-matched",
    clause="3.5",
    level=Level.DENY,
    reason=Text(
        ru="Ни одно правило не подтвердило, что этим носителем можно пользоваться",
        en="No rule confirmed that this carrier may be used",
    ),
    advice=STOP_AND_TELL,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One rule's answer: ``finding`` is None where the rule does not apply."""

    rule: Rule
    finding: Finding | None


def answers(situation: Situation) -> tuple[Answer, ...]:
    """What every rule answers, in the order of `RULES`."""
    return tuple(Answer(rule=rule, finding=_answer(rule, situation)) for rule in RULES)


def judge(situation: Situation) -> Verdict:
    """The verdict: gravest first, else in the order of `RULES`; nothing at all denies."""
    found = [one.finding for one in answers(situation) if one.finding is not None]
    ledger = situation.ledger
    return Verdict(
        findings=fold(found or [worded(NOTHING_MATCHED, situation)]),
        snapshot=ledger.mark if ledger else None,
        age=ledger.age if ledger else None,
    )


def _answer(rule: Rule, situation: Situation) -> Finding | None:
    finding = rule(situation)
    return None if finding is None else worded(finding, situation)


def fold(findings: list[Finding]) -> tuple[Finding, ...]:
    """Findings gravest first, their order kept within a level; none at all: deny."""
    if not findings:
        return (NOTHING_MATCHED,)
    return tuple(sorted(findings, key=lambda finding: -finding.level.gravity))
