"""What holds of every situation whatsoever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import TypeVar

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from domain.accounting import CarrierEntry, KeyDocument, OutOfAction, Standing
from domain.carrier import Carrier
from domain.sighting import Sighting, Unread
from domain.verdict import Level
from policies.freshness import CLOCK_TOLERANCE_S
from policies.judge import RULES, answers, judge
from policies.situation import LedgerView, Situation
from tests.policies.situations import (
    NOBODY,
    any_situation,
    carriers,
    documents,
    entries,
    nearly_in_order,
    on_the_books,
    sightings,
    situation,
    situations,
    unreads,
    views,
)

T = TypeVar("T")

mild_or_any = st.one_of(nearly_in_order, any_situation)
AGES = st.one_of(st.integers(-CLOCK_TOLERANCE_S, 10 * 86400), st.integers(0, 2**40))

_BASIS = {
    "unreadable",
    "issued-to-another",
    "seat-unknown",
    "login-shared",
    "holder-login-unknown",
    "issued-to-the-seat",
}
"""What a milder verdict than deny has to stand on: everything else only makes it graver."""


@settings(max_examples=400)
@given(any_situation)
def test_judging_never_raises_and_always_says_something_in_both_languages(
    facts: Situation,
) -> None:
    verdict = judge(facts)
    assert verdict.findings
    for finding in verdict.findings:
        for text in (finding.reason, finding.advice):
            assert text.ru.strip()
            assert text.en.strip()
    assert [one.level.gravity for one in verdict.findings] == sorted(
        (one.level.gravity for one in verdict.findings), reverse=True
    )


@settings(max_examples=400)
@given(any_situation)
def test_nothing_milder_than_deny_without_something_that_speaks_for_it(facts: Situation) -> None:
    verdict = judge(facts)
    if verdict.level is not Level.DENY:
        assert _BASIS & {finding.rule for finding in verdict.findings}
    if verdict.level is Level.ALLOW:
        assert [finding.rule for finding in verdict.findings] == ["issued-to-the-seat"]


@given(any_situation)
def test_answers_are_those_the_verdict_is_folded_from(facts: Situation) -> None:
    given_answers = answers(facts)
    assert [one.rule for one in given_answers] == list(RULES)
    found = [one.finding for one in given_answers if one.finding is not None]
    verdict = judge(facts)
    if found:
        assert sorted(f.rule for f in found) == sorted(f.rule for f in verdict.findings)
    else:
        assert verdict.deciding.rule == "nothing-matched"
    for one in given_answers:
        if one.finding is not None:
            assert one.finding.level in one.rule.levels
            assert (one.finding.rule, one.finding.clause) == (one.rule.name, one.rule.clause)


@settings(max_examples=400)
@given(mild_or_any, views, AGES, st.one_of(st.integers(0, 10 * 86400), st.integers(0, 2**40)))
def test_an_older_snapshot_never_gives_a_milder_verdict(
    facts: Situation, view: LedgerView, age: int, more: int
) -> None:
    view = facts.ledger or view
    younger = replace(facts, ledger=replace(view, age=age))
    older = replace(facts, ledger=replace(view, age=age + more))
    none = replace(facts, ledger=None)
    assert judge(younger).level.gravity <= judge(older).level.gravity
    assert judge(older).level.gravity <= judge(none).level.gravity


@settings(max_examples=800)
@given(mild_or_any, st.integers(0, 100 * 86400), st.booleans())
def test_time_alone_never_gives_a_milder_verdict(
    facts: Situation, seconds: int, renewed: bool
) -> None:
    """The same carrier judged later, on the same snapshot or on a new one that says the same."""
    assume(facts.now.year < 9999)
    assume(facts.ledger is None or facts.ledger.age >= -CLOCK_TOLERANCE_S)
    ledger = facts.ledger
    if ledger is not None and not renewed:
        ledger = replace(ledger, age=ledger.age + seconds)
    later = replace(facts, now=facts.now + timedelta(seconds=seconds), ledger=ledger)
    assert judge(facts).level.gravity <= judge(later).level.gravity


@given(on_the_books, st.integers(-(2**40), -CLOCK_TOLERANCE_S - 1))
def test_setting_the_clock_back_never_helps(facts: Situation, age: int) -> None:
    assert facts.ledger is not None
    stepped_back = replace(facts, ledger=replace(facts.ledger, age=age))
    assert judge(stepped_back).level is Level.DENY


@settings(max_examples=300)
@given(any_situation, st.randoms(use_true_random=False))
def test_the_order_of_documents_certificates_and_namesakes_does_not_matter(
    facts: Situation, random: Random
) -> None:
    other = facts
    if facts.ledger is not None:
        entry = facts.ledger.entry
        if entry is not None:
            entry = replace(entry, documents=_shuffled(entry.documents, random))
        namesakes = _shuffled(facts.ledger.namesakes, random)
        other = replace(other, ledger=replace(facts.ledger, entry=entry, namesakes=namesakes))
    if facts.sighting is not None:
        certificates = _shuffled(facts.sighting.certificates, random)
        other = replace(other, seen=replace(facts.sighting, certificates=certificates))
    assert judge(other) == judge(facts)


def _shuffled(values: tuple[T, ...], random: Random) -> tuple[T, ...]:
    return tuple(random.sample(values, len(values)))


@settings(max_examples=300)
@given(on_the_books, documents, st.sampled_from([Standing.OUT_OF_ACTION, Standing.ISSUED]))
def test_a_compromised_document_more_never_makes_it_milder(
    facts: Situation, extra: KeyDocument, standing: Standing
) -> None:
    assert facts.entry is not None
    assert facts.ledger is not None
    compromised = replace(extra, standing=standing, reason=OutOfAction.COMPROMISED)
    entry = replace(facts.entry, documents=(*facts.entry.documents, compromised))
    worse = replace(facts, ledger=replace(facts.ledger, entry=entry))
    assert judge(worse).level.gravity >= judge(facts).level.gravity
    assert judge(worse).deciding.rule == "compromised"


@settings(max_examples=300)
@given(any_situation)
def test_an_unknown_seat_is_never_another_person(facts: Situation) -> None:
    rules = {finding.rule for finding in judge(replace(facts, seat=NOBODY)).findings}
    assert "issued-to-another" not in rules
    assert "issued-to-the-seat" not in rules


@given(views, entries, sightings, carriers)
def test_another_carrier_of_the_same_serial_is_never_a_match(
    view: LedgerView, entry: CarrierEntry, seen: Sighting, other: Carrier
) -> None:
    assume(other != seen.carrier)
    view = replace(view, entry=replace(entry, carrier=other), namesakes=())
    verdict = judge(situation(seen=seen, ledger=view))
    assert verdict.level is Level.DENY
    expected = "namesake" if other.serial == seen.carrier.serial else "unknown-carrier"
    assert expected in {finding.rule for finding in verdict.findings}


@given(situations, unreads)
def test_what_could_not_be_identified_is_never_called_unknown_nor_allowed(
    facts: Situation, unread: Unread
) -> None:
    verdict = judge(replace(facts, seen=unread))
    assert verdict.level is not Level.ALLOW
    assert not {"unknown-carrier", "namesake", "empty-carrier", "not-issued"} & {
        finding.rule for finding in verdict.findings
    }
