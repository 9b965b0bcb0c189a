"""Taking a journal in, at the store itself: each line once, whatever is sent in what order."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import Wrong
from domain.events import Event, SegmentReleased, Stopped, Unrecorded
from domain.snapshot import Acknowledged, Mark, read_header
from domain.verdict import Level
from journal.checkpoint import signed
from journal.digest import sha256
from journal.record import GENESIS, Head, Line, link
from journal.signing import Signer
from ledger.books import Books, Enrolled
from ledger.events import CaseClosed, Origin, decode
from ledger.intake import LONGEST_LINE, Intake
from ledger.intentions import RegisterWorkstation
from ledger.projections import record
from ledger.snapshot import build
from ledger.store import Transaction
from ledger.tellings import Told, told
from tests.ledger.opening import NOW, Desk
from tests.outpost import judged

SIGNER = Signer(bytes(range(32)))
SENDER = Enrolled(workstation=1, host="pc-17", public_key=SIGNER.public_key.hex())


@dataclass
class Telling:
    """A journal of pc-17's and what it says of it to the ledger at ``desk``."""

    desk: Desk
    lines: list[Line] = field(default_factory=list)

    def record(self, *events: Event) -> None:
        for event in events:
            self.lines.append(_line(self.lines[-1].head if self.lines else GENESIS, event))

    def checkpoint(self, signer: Signer = SIGNER) -> None:
        self.record(signed(signer, "pc-17", self.lines[-1].head))

    @property
    def generation(self) -> str:
        return self.lines[0].digest.hex()

    def say(self, word: Callable[[Intake], Told]) -> Told:
        return self.desk.store.write(
            lambda transaction: word(Intake(transaction, SENDER, self.generation))
        )

    def tell(self, lines: bytes) -> Told:
        return self.say(lambda intake: intake.take(lines))

    def tell_all(self, first: int = 1) -> Told:
        return self.tell(b"".join(line.raw for line in self.lines[first - 1 :]))

    def told(self) -> Told:
        return self.desk.store.read(lambda reading: told(reading, 1, self.generation))

    def kept(self, branch: int = 1) -> list[bytes]:
        rows = self.desk.store.read(
            lambda reading: reading.all(
                "SELECT line FROM journal_lines WHERE generation = ? AND branch = ? ORDER BY seq",
                self.generation,
                branch,
            )
        )
        return [line for (line,) in rows]

    def breaches(self) -> list[tuple[str, int]]:
        """What was recorded as broken, and where."""
        rows = self.desk.store.read(
            lambda reading: reading.all("SELECT line FROM events ORDER BY seq")
        )
        facts = [decode(line).fact for (line,) in rows]
        return [(f.breach.value, f.seq) for f in facts if type(f).__name__ == "JournalBroken"]

    def cases(self) -> list[str]:
        return self.desk.store.read(lambda reading: [case.what for case in Books(reading).cases()])


def _line(head: Head, event: Event) -> Line:
    return link(
        head,
        time_ns=1_795_490_169_000_000_000,
        boot="b",
        host="pc-17",
        name=type(event).__name__,
        version=1,
        body=event,
    )


@contextmanager
def telling(records: int = 5) -> Iterator[Telling]:
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(Path(directory) / "ledger.sqlite3")
        desk.do(RegisterWorkstation(host="pc-17"))
        one = Telling(desk)
        one.record(*[Stopped(reason=str(number)) for number in range(records)])
        yield one
        desk.store.close()


@pytest.fixture
def pc17() -> Iterator[Telling]:
    with telling() as one:
        yield one


PIECES = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 12)), max_size=12)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(PIECES)
def test_pieces_in_any_order_make_a_beginning_and_nothing_twice(
    pieces: list[tuple[int, int]],
) -> None:
    """As couriers that were killed anywhere leave requests behind that arrive late."""
    with telling(12) as one:
        for start, length in pieces:
            piece = one.lines[start : start + length]
            before = one.told().head.seq
            now = one.tell(b"".join(line.raw for line in piece)) if piece else one.told()
            reaches = piece[-1].seq if piece and piece[0].seq <= before + 1 else before
            assert now.head.seq == max(before, reaches)
            assert one.kept() == [line.raw for line in one.lines[: now.head.seq]]
        assert one.breaches() == []
        assert one.tell_all().head == one.lines[-1].head


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10_000))
def test_any_changed_journal_is_named_and_both_tellings_are_kept(seed: int) -> None:
    """Any line before the last acknowledged one's end changed, the rest linked anew."""
    chance = random.Random(seed)
    with telling(8) as one:
        one.tell_all()
        former = list(one.lines)
        at = chance.randint(1, 7)
        one.lines = former[:at]
        one.record(*[Stopped(reason=f"forged {number}") for number in range(chance.randint(1, 9))])
        # As the courier does: the last record that both have, as far as numbers go.
        last = min(8, one.lines[-1].seq)
        if last < 8:
            last = one.say(lambda intake: intake.truncated(last)).head.seq
        sent_back = one.tell_all(max(1, last)).head.seq < one.lines[-1].seq
        if sent_back:
            one.tell_all()
        assert one.told().head == one.lines[-1].head
        assert one.kept(1) == [line.raw for line in former]
        assert {breach for breach, _ in one.breaches()} <= {"truncated", "rewritten"}
        assert one.breaches()
        branches = range(1, one.told().branch + 1)
        kept = {raw for branch in branches for raw in one.kept(branch)}
        assert {line.raw for line in one.lines} <= kept


class TestLines:
    def test_a_batch_stops_where_numbers_are_missing(self, pc17: Telling) -> None:
        first, second, _, fourth, _ = pc17.lines
        assert pc17.tell(first.raw + second.raw + fourth.raw).head == second.head
        assert pc17.breaches() == []

    def test_after_a_reported_gap_it_goes_on(self, pc17: Telling) -> None:
        pc17.tell(pc17.lines[0].raw)
        prev = pc17.lines[2].digest.hex()
        assert pc17.say(lambda intake: intake.gap(4, prev)).head.seq == 3
        assert pc17.tell_all(4).head == pc17.lines[-1].head
        assert pc17.breaches() == [("gap", 2)]

    def test_a_line_that_lay_in_a_gap_and_came_back_is_kept(self, pc17: Telling) -> None:
        self.test_after_a_reported_gap_it_goes_on(pc17)
        pc17.tell(pc17.lines[1].raw)
        assert pc17.kept() == [line.raw for line in (*pc17.lines[:2], *pc17.lines[3:])]
        assert pc17.breaches() == [("gap", 2)]

    def test_a_line_that_is_not_the_one_named_behind_the_gap_is_a_rewriting(
        self, pc17: Telling
    ) -> None:
        pc17.tell(pc17.lines[0].raw)
        pc17.say(lambda intake: intake.gap(4, pc17.lines[2].digest.hex()))
        forged = _line(pc17.lines[1].head, Stopped(reason="forged"))
        assert pc17.tell(forged.raw).head == GENESIS
        assert pc17.breaches() == [("gap", 2), ("rewritten", 3)]

    def test_a_gap_that_is_none_is_nothing(self, pc17: Telling) -> None:
        pc17.tell_all()
        before = pc17.told()
        assert pc17.say(lambda intake: intake.gap(3, "a" * 64)) == before
        assert pc17.breaches() == []

    def test_an_end_that_is_not_cut_is_nothing(self, pc17: Telling) -> None:
        pc17.tell_all()
        before = pc17.told()
        assert pc17.say(lambda intake: intake.truncated(5)) == before
        assert pc17.breaches() == []

    def test_a_cut_end_goes_on_where_it_was_cut(self, pc17: Telling) -> None:
        pc17.tell_all()
        assert pc17.say(lambda intake: intake.truncated(2)).head == pc17.lines[1].head
        del pc17.lines[2:]
        pc17.record(Stopped(reason="after"))
        assert pc17.tell_all(2).head == pc17.lines[-1].head
        assert pc17.kept(2) == [pc17.lines[-1].raw]
        assert pc17.breaches() == [("truncated", 2)]

    def test_what_lay_before_the_cut_may_not_change_either(self, pc17: Telling) -> None:
        pc17.tell_all()
        pc17.say(lambda intake: intake.truncated(3))
        head = pc17.lines[1].head
        forged = _line(head, Stopped(reason="forged"))
        assert pc17.tell(forged.raw).head == GENESIS
        assert pc17.breaches() == [("truncated", 3), ("rewritten", 3)]

    def test_an_unreadable_place_is_recorded_once_while_its_case_is_open(
        self, pc17: Telling
    ) -> None:
        pc17.tell_all()
        for _ in range(3):
            pc17.say(lambda intake: intake.unreadable(6))
        assert (pc17.breaches(), pc17.cases()) == (
            [("unreadable-journal", 6)],
            ["unreadable-journal"],
        )

    @pytest.mark.parametrize(
        "garbage",
        [
            b"",
            b"\n",
            b"garbage\n",
            b"{}\n",
            b"\xff" * 300 + b"\n",
            b'{"seq":1}\n',
            b"\0\n" * 100,
            b"a" * (LONGEST_LINE + 1) + b"\n",
        ],
    )
    def test_what_is_no_record_is_refused_and_changes_nothing(
        self, pc17: Telling, garbage: bytes
    ) -> None:
        pc17.tell(pc17.lines[0].raw)
        for sent in (garbage, pc17.lines[1].raw + garbage, pc17.lines[1].raw[:-1]):
            if sent == pc17.lines[1].raw:
                continue
            with pytest.raises(Wrong):
                pc17.tell(sent)
        assert pc17.kept() == [pc17.lines[0].raw]

    def test_a_first_line_of_another_journal_is_refused(self, pc17: Telling) -> None:
        other = _line(GENESIS, Stopped(reason="other"))
        with pytest.raises(Wrong):
            pc17.tell(other.raw)

    def test_a_line_that_names_another_before_it_is_taken_and_named(self, pc17: Telling) -> None:
        pc17.tell(pc17.lines[0].raw)
        stray = _line(Head(seq=1, digest=bytes(32)), Stopped(reason="stray"))
        assert pc17.tell(stray.raw).head == stray.head
        assert pc17.breaches() == [("rewritten", 2)]


class TestMeaning:
    def test_a_checkpoint_by_the_enrolled_key_is_nothing_special(self, pc17: Telling) -> None:
        pc17.checkpoint()
        pc17.tell_all()
        assert pc17.breaches() == []

    def test_one_by_another_key_is_an_alarm(self, pc17: Telling) -> None:
        pc17.checkpoint(Signer(bytes(32)))
        pc17.tell_all()
        assert (pc17.breaches(), pc17.cases()) == ([("bad-checkpoint", 6)], ["bad-checkpoint"])

    def test_one_of_an_earlier_place_is_an_alarm(self, pc17: Telling) -> None:
        pc17.record(signed(SIGNER, "pc-17", pc17.lines[1].head))
        pc17.tell_all()
        assert pc17.breaches() == [("bad-checkpoint", 6)]

    def test_one_for_another_host_is_an_alarm(self, pc17: Telling) -> None:
        pc17.record(signed(SIGNER, "pc-18", pc17.lines[-1].head))
        pc17.tell_all()
        assert pc17.breaches() == [("bad-checkpoint", 6)]

    def test_one_after_a_gap_is_checked_too(self, pc17: Telling) -> None:
        pc17.checkpoint()
        pc17.tell(pc17.lines[0].raw)
        pc17.say(lambda intake: intake.gap(6, pc17.lines[4].digest.hex()))
        pc17.tell_all(6)
        assert pc17.breaches() == [("gap", 2)]

    def test_a_verdict_told_again_in_a_new_branch_is_no_news(self, pc17: Telling) -> None:
        pc17.record(judged(Level.DENY), Stopped(reason="x"))
        pc17.tell_all()
        pc17.desk.store.write(_close_all)
        del pc17.lines[6:]
        pc17.record(Stopped(reason="forged"), judged(Level.WARN, "key-ending"))
        pc17.tell_all(7)
        pc17.tell_all()
        assert pc17.told().branch == 2
        assert pc17.cases() == ["unknown-carrier", "rewritten", "key-ending"]

    def test_an_endless_name_makes_no_endless_case(self, pc17: Telling) -> None:
        pc17.record(judged(Level.DENY, "r" * 9000, serial="5" * 9000))
        pc17.tell_all()
        assert [len(what) for what in pc17.cases()] == [200]


def _close_all(transaction: Transaction) -> None:
    origin = Origin(who="t", source="t", happened="2026-11-24")
    for case in Books(transaction).cases():
        record(transaction, origin, [CaseClosed(case=case.case, reason="t")])


def test_the_digest_of_a_line_is_that_of_its_bytes(pc17: Telling) -> None:
    pc17.tell_all()
    assert pc17.told().head.digest == sha256(pc17.kept()[-1])


def test_events_a_workstation_could_not_record_are_a_case() -> None:
    with telling(1) as one:
        one.record(Unrecorded(count=3, since="2026-11-24T03:16:09.123456Z", reason="диск полон"))
        one.record(Unrecorded(count=1, since="2026-11-24T03:17:09.123456Z", reason="диск полон"))
        one.tell_all()
        assert one.cases() == ["unrecorded"]
        assert one.breaches() == []


@pytest.mark.parametrize(
    ("seq", "digest", "breaches"),
    [(3, "", []), (3, "00" * 32, [("gap", 6)]), (9, "", [("gap", 6)])],
)
def test_what_a_workstation_keeps_no_longer_has_to_be_here(
    seq: int, digest: str, breaches: list[tuple[str, int]]
) -> None:
    with telling(5) as one:
        one.record(
            SegmentReleased(
                segment="00000000000000000001.jsonl",
                first_seq=1,
                last_seq=seq,
                digest=digest or one.lines[2].digest.hex(),
                acknowledged_seq=5,
                snapshot=Mark(version=1, made_at="2026-11-24T09:00:00Z"),
            )
        )
        one.tell_all()
        assert one.breaches() == breaches


class TestAcknowledging:
    """The ledger's signed word that it has a journal, by which a workstation may let go of it."""

    def acknowledged(self, one: Telling) -> Acknowledged | None:
        raw = one.desk.store.read(lambda reading: build(reading, "pc-17", NOW, SIGNER))
        return read_header(lambda at, size: raw[at : at + size]).acknowledged

    def test_a_whole_journal_up_to_its_last_line(self) -> None:
        with telling(5) as one:
            assert self.acknowledged(one) is None
            one.tell_all()
            expected = Acknowledged(seq=5, head=one.lines[4].digest.hex())
            assert self.acknowledged(one) == expected

    def test_never_one_with_a_gap_until_that_is_filled(self) -> None:
        with telling(5) as one:
            one.tell(one.lines[0].raw)
            one.say(lambda intake: intake.gap(4, one.lines[2].digest.hex()))
            one.tell_all(4)
            assert self.acknowledged(one) is None

    def test_never_one_that_was_told_twice(self) -> None:
        with telling(5) as one:
            one.tell_all()
            one.say(lambda intake: intake.truncated(3))
            assert self.acknowledged(one) is None
