"""Each rule at its edges: when it speaks, how gravely, and when it keeps silent."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from domain.accounting import OutOfAction, Standing
from domain.carrier import Maker, SerialDefect
from domain.sighting import Obstacle
from domain.verdict import Level
from policies.judge import NOTHING_MATCHED, fold, judge
from policies.situation import Limits, Seat
from tests.policies.situations import (
    CARRIER,
    MINE,
    NOBODY,
    NOW,
    OTHERS,
    OWN_CERTIFICATE,
    SHARED,
    certificate,
    document,
    entry,
    ledger,
    sighting,
    situation,
    told,
    unread,
    with_documents,
    withdrawn,
)

DAY_S = 24 * 3600
ALLOWED = ("issued-to-the-seat", "allow")


def test_a_carrier_in_order_is_allowed_and_by_nothing_but_its_issue() -> None:
    verdict = judge(situation())
    assert told(situation()) == [ALLOWED]
    assert (verdict.deciding.clause, verdict.snapshot, verdict.age) == ("3.7", ledger().mark, 969)
    assert "не проверен" not in verdict.deciding.reason.ru


def test_nothing_found_denies() -> None:
    assert fold([]) == (NOTHING_MATCHED,)
    assert NOTHING_MATCHED.level is Level.DENY


class TestAccounting:
    def test_a_carrier_the_ledger_does_not_know(self) -> None:
        assert told(situation(ledger=ledger(entry=None))) == [("unknown-carrier", "deny")]

    @pytest.mark.parametrize(
        "change", [{"model": "rutoken lite"}, {"maker": Maker.JACARTA}], ids=["model", "maker"]
    )
    @pytest.mark.parametrize("as_entry", [True, False])
    def test_a_namesake_is_never_a_match(self, change: dict[str, Any], as_entry: bool) -> None:
        other = entry(document(), carrier=replace(CARRIER, **change))
        view = ledger(entry=other) if as_entry else ledger(entry=None, namesakes=(other,))
        assert told(situation(ledger=view)) == [("namesake", "deny")]

    def test_a_namesake_beside_the_carrier_itself_says_nothing(self) -> None:
        other = entry(document(), carrier=replace(CARRIER, model="rutoken lite"))
        view = ledger(document(), namesakes=(other,))
        assert told(situation(ledger=view)) == [ALLOWED]

    def test_the_same_identity_in_two_slots(self) -> None:
        assert told(situation(duplicates=1)) == [("duplicate-identity", "deny"), ALLOWED]

    def test_a_carrier_without_any_key_document_is_empty_and_not_issued(self) -> None:
        facts = with_documents()
        assert told(facts) == [("empty-carrier", "deny")]
        assert "никому не выдан" in judge(facts).deciding.reason.ru

    def test_a_carrier_whose_keys_are_all_destroyed_is_empty_again(self) -> None:
        erased = document(standing=Standing.DESTROYED, certificate="ab" * 32)
        assert told(with_documents(erased)) == [("empty-carrier", "deny")]


class TestIssue:
    def test_known_but_not_issued(self) -> None:
        facts = with_documents(document(standing=Standing.REGISTERED))
        assert told(facts) == [("not-issued", "deny")]
        assert judge(facts).deciding.clause == "3.5"

    def test_a_reserve_key_beside_an_issued_one_is_no_matter(self) -> None:
        reserve = document(number="КН-0002", standing=Standing.REGISTERED, certificate="")
        assert told(with_documents(document(), reserve)) == [ALLOWED]

    def test_issued_to_another(self) -> None:
        assert told(with_documents(document(logins=(OTHERS,)))) == [("issued-to-another", "deny")]

    def test_a_person_may_have_several_logins(self) -> None:
        assert told(with_documents(document(logins=(OTHERS, MINE)))) == [ALLOWED]

    def test_a_login_of_the_host_or_of_the_domain_will_do(self) -> None:
        seat = Seat(login="ivanova", marks=(SHARED, MINE))
        assert told(situation(seat=seat)) == [ALLOWED]

    def test_one_key_of_another_person_beside_ones_own(self) -> None:
        others = document(number="КН-0002", logins=(OTHERS,), certificate="")
        facts = with_documents(document(), others)
        assert told(facts) == [("issued-to-another", "warn"), ALLOWED]
        assert "КН-0002" in judge(facts).deciding.reason.ru

    @pytest.mark.parametrize("seat", [NOBODY, Seat(login="", marks=(OTHERS,)),
                                      Seat(login="ivanova", marks=())])  # fmt: skip
    def test_an_unknown_seat_is_cannot_tell_and_never_another(self, seat: Seat) -> None:
        assert told(situation(seat=seat)) == [("seat-unknown", "warn")]

    def test_nobody_at_a_computer_that_was_entered_from_elsewhere_is_said(self) -> None:
        seat = Seat(login="", marks=(), remote=("petrov",))
        facts = situation(seat=seat)
        assert told(facts) == [("seat-unknown", "warn")]
        assert "удалённо" in judge(facts).deciding.reason.ru
        assert "удалённо" not in judge(situation(seat=NOBODY)).deciding.reason.ru

    @pytest.mark.parametrize("shared", [(MINE,), (MINE, SHARED)])
    def test_a_shared_login_is_cannot_tell(self, shared: tuple[str, ...]) -> None:
        facts = with_documents(document(shared_logins=shared))
        assert told(facts) == [("login-shared", "warn")]

    def test_a_bare_login_with_one_shared_reading_is_cannot_tell(self) -> None:
        seat = Seat(login="ivanova", marks=(MINE, SHARED))
        shared = document(logins=(MINE, SHARED), shared_logins=(SHARED,))
        assert told(with_documents(shared, seat=seat)) == [("login-shared", "warn")]

    def test_a_shared_login_of_somebody_else_is_still_another(self) -> None:
        theirs = document(logins=(OTHERS, SHARED), shared_logins=(SHARED,))
        assert told(with_documents(theirs)) == [("issued-to-another", "deny")]

    def test_a_holder_without_a_login_here_is_cannot_tell(self) -> None:
        assert told(with_documents(document(logins=()))) == [("holder-login-unknown", "warn")]


class TestOutOfAction:
    @pytest.mark.parametrize("reason", [r for r in OutOfAction if r != OutOfAction.COMPROMISED])
    def test_the_only_key_out_of_action(self, reason: OutOfAction) -> None:
        facts = with_documents(withdrawn(reason, certificate=OWN_CERTIFICATE))
        assert told(facts) == [("out-of-action", "deny")]
        assert "КН-0009 (" in judge(facts).deciding.reason.ru

    def test_an_old_key_beside_the_new_one_only_warns(self) -> None:
        facts = with_documents(document(), withdrawn(OutOfAction.REPLACED))
        assert told(facts) == [("out-of-action", "warn"), ALLOWED]

    def test_an_old_key_that_has_ended_is_not_counted_among_the_keys_in_use(self) -> None:
        old = withdrawn(OutOfAction.EXPIRED, key_not_after="2025-01-01T00:00:00Z")
        assert told(with_documents(document(), old)) == [("out-of-action", "warn"), ALLOWED]

    def test_a_compromised_key_denies_whatever_else_is_on_the_carrier(self) -> None:
        facts = with_documents(document(), withdrawn(OutOfAction.COMPROMISED))
        assert told(facts)[0] == ("compromised", "deny")
        assert judge(facts).deciding.clause == "5.3"
        assert "Немедленно" in judge(facts).deciding.advice.ru

    def test_a_compromised_key_that_was_destroyed_says_nothing_more(self) -> None:
        gone = withdrawn(OutOfAction.COMPROMISED, standing=Standing.DESTROYED)
        assert told(with_documents(document(), gone)) == [ALLOWED]

    def test_a_destroyed_carrier_seen_again(self) -> None:
        gone = ledger(entry=entry(document(standing=Standing.DESTROYED), retired=True))
        assert ("destroyed-carrier-seen", "deny") in told(situation(ledger=gone))

    def test_a_destroyed_keys_certificate_seen_on_the_carrier(self) -> None:
        gone = document(number="КН-0003", standing=Standing.DESTROYED, certificate="ab" * 32)
        back = certificate(sha256="ab" * 32)
        facts = with_documents(document(), gone, seen=sighting(certificate(), back))
        assert told(facts) == [("destroyed-key-seen", "deny"), ALLOWED]
        assert "КН-0003" in judge(facts).deciding.reason.ru

    def test_a_destroyed_key_registered_anew_may_be_there(self) -> None:
        gone = document(number="КН-0000", standing=Standing.DESTROYED)
        assert told(with_documents(gone, document())) == [ALLOWED]


class TestValidity:
    def test_the_certificate_running_on_does_not_hide_that_the_key_has_ended(self) -> None:
        ended = certificate(key_not_after="2026-11-24T03:16:09Z")
        facts = situation(seen=sighting(ended))
        assert told(facts) == [("key-ended", "deny"), ALLOWED]
        assert judge(facts).deciding.clause == "4.2"
        assert "24.11.2026" in judge(facts).deciding.reason.ru
        last_second = replace(facts, now=NOW - timedelta(seconds=1))
        assert told(last_second) == [("key-ending", "warn"), ALLOWED]

    def test_the_ledger_may_know_the_end_where_the_certificate_does_not(self) -> None:
        silent = sighting(certificate(key_not_after=""))
        known = document(key_not_after="2026-11-01T00:00:00Z")
        assert told(with_documents(known, seen=silent))[0] == ("key-ended", "deny")

    def test_the_ledgers_earlier_end_counts_beside_the_certificates(self) -> None:
        known = document(key_not_after="2026-11-01T00:00:00Z")
        assert told(with_documents(known))[0] == ("key-ended", "deny")

    def test_an_ended_certificate_ends_its_key(self) -> None:
        over = certificate(key_not_after="", not_after="2026-11-01T00:00:00Z")
        assert told(situation(seen=sighting(over)))[0] == ("key-ended", "deny")

    def test_the_ledger_alone_where_nothing_is_visible(self) -> None:
        known = document(key_not_after="2026-11-01T00:00:00Z", certificate="")
        facts = with_documents(known, seen=sighting())
        assert told(facts)[0] == ("key-ended", "deny")

    def test_the_estimate_alone_only_warns(self) -> None:
        silent = sighting(certificate(key_not_after=""))
        made = document(made_on="2025-08-24")
        facts = with_documents(made, seen=silent)
        assert told(facts) == [("key-ended-by-estimate", "warn"), ALLOWED]
        assert "расчётно" in judge(facts).deciding.reason.ru
        later = document(made_on="2025-08-25")
        assert told(with_documents(later, seen=silent))[0] == ("key-ending", "warn")

    def test_a_key_is_no_younger_than_its_certificate(self) -> None:
        old = certificate(key_not_after="", not_before="2025-08-23T00:00:00Z")
        assert told(situation(seen=sighting(old)))[0] == ("key-ended-by-estimate", "warn")

    @pytest.mark.parametrize(
        ("made", "ends"),
        [("2025-11-30", "28.02.2027"), ("2026-11-24", "24.02.2028"), ("2026-09-30", "30.12.2027")],
    )
    def test_fifteen_months_end_with_a_short_month(self, made: str, ends: str) -> None:
        facts = with_documents(
            document(made_on=made), seen=sighting(), limits=Limits(key_ending_days=9999)
        )
        assert ends in judge(facts).deciding.reason.ru

    def test_what_is_stated_beats_the_estimate(self) -> None:
        assert told(with_documents(document(made_on="2020-01-01"))) == [ALLOWED]

    def test_some_of_several_keys_ended_warns_and_all_of_them_deny(self) -> None:
        good, bad = document(), document(number="КН-0002", certificate="")
        bad = replace(bad, key_not_after="2026-01-01T00:00:00Z")
        facts = with_documents(good, bad)
        assert told(facts) == [("key-ended", "warn"), ALLOWED]
        assert "КН-0002" in judge(facts).deciding.reason.ru
        all_ended = with_documents(replace(good, key_not_after="2026-01-01T00:00:00Z"), bad)
        assert told(all_ended)[0] == ("key-ended", "deny")

    def test_a_key_nobody_can_tell_of_does_not_speak_for_one_that_ended(self) -> None:
        bad = document(key_not_after="2026-01-01T00:00:00Z")
        untold = document(number="КН-0002", certificate="ab" * 32)
        assert told(with_documents(bad, untold))[0] == ("key-ended", "deny")

    def test_a_reserve_key_does_not_speak_for_an_issued_one_that_ended(self) -> None:
        bad = document(key_not_after="2026-01-01T00:00:00Z")
        reserve = document(number="КН-0002", standing=Standing.REGISTERED, certificate="")
        reserve = replace(reserve, key_not_after="2028-01-01T00:00:00Z")
        assert told(with_documents(bad, reserve))[0] == ("key-ended", "deny")

    def test_ending_within_the_limit_and_not_beyond(self) -> None:
        last_day = certificate(key_not_after="2026-12-24T03:16:09Z")
        after = certificate(key_not_after="2026-12-24T03:16:10Z")
        assert told(situation(seen=sighting(last_day))) == [("key-ending", "warn"), ALLOWED]
        assert told(situation(seen=sighting(after))) == [ALLOWED]
        wide = situation(seen=sighting(after), limits=Limits(key_ending_days=31))
        assert told(wide) == [("key-ending", "warn"), ALLOWED]

    @pytest.mark.parametrize("nonsense", ["завтра", "2027-02-30T00:00:00Z", "2027-10-31T20:59:59"])
    def test_a_date_that_is_none_warns(self, nonsense: str) -> None:
        facts = situation(seen=sighting(certificate(key_not_after=nonsense)))
        assert told(facts) == [("key-end-unreadable", "warn"), ALLOWED]

    def test_an_end_nobody_knows_is_said_in_the_verdict(self) -> None:
        facts = with_documents(document(certificate=""), seen=sighting())
        assert told(facts) == [ALLOWED]
        assert "Срок ключа не проверен" in judge(facts).deciding.reason.ru

    def test_a_certificate_no_document_names_counts_too(self) -> None:
        unnamed = certificate(sha256="ab" * 32, key_not_after="2026-01-01T00:00:00Z")
        facts = situation(seen=sighting(certificate(), unnamed))
        assert told(facts) == [("key-ended", "warn"), ALLOWED]
        alone = with_documents(document(certificate=""), seen=sighting(unnamed))
        assert told(alone)[0] == ("key-ended", "deny")

    def test_one_document_and_one_certificate_without_a_name_are_one_key(self) -> None:
        unnamed = sighting(certificate(sha256="ab" * 32))
        facts = with_documents(document(certificate="", made_on="2020-01-01"), seen=unnamed)
        assert told(facts) == [ALLOWED]

    def test_an_end_that_is_certain_needs_no_estimate_beside_it(self) -> None:
        over = certificate(key_not_after="", not_after="2026-11-01T00:00:00Z")
        facts = with_documents(document(made_on="2020-01-01"), seen=sighting(over))
        assert told(facts) == [("key-ended", "deny"), ALLOWED]

    def test_the_certificate_of_the_authority_is_no_key_on_this_carrier(self) -> None:
        authority = certificate(
            sha256="ab" * 32,
            subject="CN=Authority",
            issuer="CN=Root",
            key_not_after="2026-01-01T00:00:00Z",
        )
        assert told(situation(seen=sighting(certificate(), authority))) == [ALLOWED]

    def test_two_certificates_issued_by_themselves_are_no_authorities(self) -> None:
        own = {"subject": "CN=Self", "issuer": "CN=Self", "key_not_after": "2026-01-01T00:00:00Z"}
        both = [certificate(sha256=one * 32, **own) for one in ("ab", "cd")]
        assert ("key-ended", "warn") in told(situation(seen=sighting(certificate(), *both)))


class TestReading:
    @pytest.mark.parametrize(
        "obstacle",
        [o for o in Obstacle if o not in {Obstacle.NO_SERIAL, Obstacle.NOT_INITIALISED}],
    )
    def test_could_not_ask_warns(self, obstacle: Obstacle) -> None:
        facts = situation(seen=unread(obstacle), ledger=ledger(entry=None))
        assert told(facts) == [("unreadable", "warn")]

    def test_a_computer_that_reads_nothing_is_not_the_carriers_fault(self) -> None:
        advice = {
            obstacle: judge(situation(seen=unread(obstacle))).deciding.advice.ru
            for obstacle in (Obstacle.PCSCD_DOWN, Obstacle.MODULE_ABSENT, Obstacle.DEADLINE)
        }
        assert "скажите администратору" in advice[Obstacle.PCSCD_DOWN]
        assert "скажите администратору" in advice[Obstacle.MODULE_ABSENT]
        assert "вставьте снова" in advice[Obstacle.DEADLINE]

    @pytest.mark.parametrize("defect", [None, *SerialDefect])
    def test_a_serial_that_identifies_nothing(self, defect: SerialDefect | None) -> None:
        facts = situation(seen=unread(Obstacle.NO_SERIAL, defect=defect))
        assert told(facts) == [("no-usable-serial", "deny")]

    @pytest.mark.parametrize("serial", ["", "0", "0000000000000000"])
    def test_such_a_serial_is_never_a_match_even_where_a_ledger_has_it(self, serial: str) -> None:
        carrier = replace(CARRIER, serial=serial)
        view = ledger(entry=entry(document(), carrier=carrier))
        facts = situation(seen=sighting(certificate(), carrier=carrier), ledger=view)
        assert told(facts)[0] == ("no-usable-serial", "deny")

    def test_a_carrier_that_was_never_initialised(self) -> None:
        facts = situation(seen=unread(Obstacle.NOT_INITIALISED))
        assert told(facts) == [("not-initialised", "deny")]

    @pytest.mark.parametrize("change", [{"objects": -1}, {"unparsed_certificates": 1}])
    def test_contents_that_could_not_be_read_in_full(self, change: dict[str, int]) -> None:
        facts = situation(seen=sighting(certificate(), **change))
        assert told(facts) == [("contents-not-read", "warn"), ALLOWED]

    def test_no_visible_objects_are_no_fault(self) -> None:
        known = document(key_not_after="2028-01-01T00:00:00Z")
        assert told(with_documents(known, seen=sighting())) == [ALLOWED]

    def test_a_locked_pin(self) -> None:
        facts = situation(seen=sighting(certificate(), pin_locked=True))
        assert told(facts) == [("pin-locked", "warn"), ALLOWED]


class TestFreshness:
    def test_no_snapshot_denies(self) -> None:
        verdict = judge(situation(ledger=None))
        assert told(situation(ledger=None)) == [("snapshot-absent", "deny")]
        assert (verdict.snapshot, verdict.age) == (None, None)

    @pytest.mark.parametrize(
        ("age", "expected"),
        [
            (-301, [("clock-behind", "deny"), ALLOWED]),
            (-300, [ALLOWED]),
            (DAY_S, [ALLOWED]),
            (DAY_S + 1, [("snapshot-old", "warn"), ALLOWED]),
            (7 * DAY_S, [("snapshot-old", "warn"), ALLOWED]),
            (7 * DAY_S + 1, [("snapshot-old", "deny"), ALLOWED]),
        ],
    )
    def test_its_age_at_the_limits(self, age: int, expected: list[tuple[str, str]]) -> None:
        assert told(situation(ledger=ledger(document(), age=age))) == expected

    def test_limits_are_the_organisations(self) -> None:
        strict = Limits(snapshot_warn_s=60, snapshot_deny_s=900)
        assert told(situation(limits=strict))[0] == ("snapshot-old", "deny")
        only_deny = Limits(snapshot_warn_s=7 * DAY_S, snapshot_deny_s=900)
        assert told(situation(limits=only_deny))[0] == ("snapshot-old", "deny")


def test_a_standing_verdict_does_not_change_with_every_second() -> None:
    soon = sighting(certificate(key_not_after="2026-12-10T00:00:00Z"))
    stale = ledger(document(), age=2 * DAY_S)
    now = situation(seen=soon, ledger=stale)
    later = replace(now, now=NOW + timedelta(days=1), ledger=replace(stale, age=3 * DAY_S))
    assert judge(now).findings == judge(later).findings
