"""The courier's rounds with a real ledger: what arrives, what is reported, what is never lost."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.events import Checkpoint, Judged, Stopped
from domain.verdict import Level
from journal.lock import acquire
from journal.signing import load_or_create
from tests.ledger.running import Running
from tests.outpost import Outpost, judged


@pytest.fixture(scope="module")
def ledger() -> Iterator[Running]:
    """One for all tests that leave it alone."""
    with Running() as running:
        yield running


@pytest.fixture
def own_outpost() -> Iterator[Outpost]:
    """At a ledger that may be stopped."""
    with Running() as running:
        outpost = Outpost(running).enrolled()
        yield outpost
        outpost.close()


@pytest.fixture
def outpost(ledger: Running) -> Iterator[Outpost]:
    outpost = Outpost(ledger).enrolled()
    yield outpost
    outpost.close()


def _tamper(outpost: Outpost, change: slice, lines: list[bytes]) -> None:
    """Put ``lines`` in place of those in the journal's only segment."""
    outpost.close()
    (segment,) = outpost.segments()
    all_lines = segment.read_bytes().splitlines(keepends=True)
    all_lines[change] = lines
    segment.write_bytes(b"".join(all_lines))


class TestShipping:
    def test_every_line_arrives_byte_for_byte(self, outpost: Outpost) -> None:
        outpost.write_many(3)
        outpost.journal.checkpoint(outpost.signer)
        outpost.ship()
        assert outpost.received() == [outpost.lines()]
        assert outpost.acknowledged() == 4

    def test_a_round_without_news_sends_nothing_new(self, outpost: Outpost) -> None:
        outpost.write_many(3)
        outpost.ship()
        before = len(outpost.events("JournalBroken")), outpost.received()
        outpost.ship()
        assert (len(outpost.events("JournalBroken")), outpost.received()) == before

    def test_without_a_journal_there_is_nothing_to_ship(self, outpost: Outpost) -> None:
        outpost.ship()
        assert outpost.received() == []

    def test_megabytes_go_in_several_batches_over_several_segments(self, ledger: Running) -> None:
        outpost = Outpost(ledger, segment_bytes=400_000).enrolled()
        for number in range(30):
            outpost.write_many(200, "x" * 300 + str(number))
        assert len(outpost.segments()) > 5
        outpost.ship()
        assert outpost.received() == [outpost.lines()]

    def test_what_an_unreachable_ledger_did_not_get_comes_later(self, own_outpost: Outpost) -> None:
        own_outpost.write_many(3)
        own_outpost.ship()
        own_outpost.ledger.kill()
        own_outpost.write_many(3)
        done = own_outpost.courier()
        assert (done.returncode, "недоступен" in done.stderr) == (75, True)
        assert own_outpost.acknowledged() == 3
        own_outpost.ledger.start()
        own_outpost.ship()
        assert own_outpost.received() == [own_outpost.lines()]

    def test_two_workstations_do_not_meet(self, outpost: Outpost) -> None:
        other = Outpost(outpost.ledger).enrolled()
        outpost.write_many(3, "one")
        other.write_many(2, "other")
        outpost.ship()
        other.ship()
        assert outpost.received() == [outpost.lines()]
        assert other.received() == [other.lines()]
        assert outpost.cases() == []

    def test_by_the_socket_of_one_machine(self, ledger: Running) -> None:
        outpost = Outpost(ledger, address=f"unix:{ledger.socket}").enrolled()
        outpost.write_many(2)
        outpost.ship()
        assert outpost.received() == [outpost.lines()]

    def test_one_courier_at_a_time(self, outpost: Outpost) -> None:
        lock = acquire(outpost.settings.courier.state)
        done = outpost.courier()
        assert (done.returncode, "Другой курьер" in done.stderr) == (75, True)
        os.close(lock)
        outpost.ship()


class TestWhatIsWrongWithTheJournal:
    def test_a_line_cut_out_is_a_gap_and_the_rest_arrives(self, outpost: Outpost) -> None:
        outpost.write_many(3)
        outpost.ship()
        outpost.write_many(4)
        kept = outpost.lines()
        _tamper(outpost, slice(4, 5), [])
        outpost.ship()
        outpost.ship()
        assert outpost.cases() == [("gap", True)]
        assert [fact["seq"] for fact in outpost.events("JournalBroken")] == [5]
        assert outpost.received() == [kept[:4] + kept[5:]]

    def test_a_whole_file_taken_out_is_a_gap_too(self, ledger: Running) -> None:
        outpost = Outpost(ledger, segment_bytes=2_000).enrolled()
        for _ in range(30):
            outpost.write_many(1)
        outpost.close()
        outpost.segments()[1].unlink()
        outpost.ship()
        assert outpost.cases() == [("gap", True)]
        assert outpost.received() == [outpost.lines()]

    def test_old_files_taken_away_after_shipping_are_no_matter(self, ledger: Running) -> None:
        outpost = Outpost(ledger, segment_bytes=2_000).enrolled()
        for _ in range(30):
            outpost.write_many(1)
        outpost.ship()
        kept = outpost.lines()
        for segment in outpost.segments()[:2]:
            segment.unlink()
        outpost.write_many(1)
        outpost.ship()
        assert outpost.cases() == []
        assert outpost.received() == [[*kept, outpost.lines()[-1]]]

    def test_a_file_in_the_middle_taken_away_after_shipping_stops_nothing(
        self, ledger: Running
    ) -> None:
        outpost = Outpost(ledger, segment_bytes=2_000).enrolled()
        for _ in range(30):
            outpost.write_many(1)
        outpost.close()
        (*former, last), kept = outpost.segments(), outpost.lines()
        last.rename(outpost.directory / "later")
        outpost.ship()
        former[-1].unlink()
        (outpost.directory / "later").rename(last)
        outpost.ship()
        assert outpost.cases() == []
        assert outpost.received() == [kept]

    def test_old_files_taken_away_before_shipping_are_a_gap(self, ledger: Running) -> None:
        outpost = Outpost(ledger, segment_bytes=2_000).enrolled()
        for _ in range(30):
            outpost.write_many(1)
        outpost.segments()[0].unlink()
        outpost.ship()
        assert outpost.cases() == [("gap", True)]
        assert outpost.received() == [outpost.lines()]

    def test_a_cut_end_is_reported_once_and_new_records_follow(self, outpost: Outpost) -> None:
        outpost.write_many(5)
        outpost.ship()
        told = outpost.lines()
        _tamper(outpost, slice(3, 5), [])
        for _ in range(3):
            outpost.ship()
        assert outpost.cases() == [("truncated", True)]
        assert len(outpost.events("JournalBroken")) == 1
        assert outpost.acknowledged() == 3
        outpost.write_many(2, "after")
        outpost.ship()
        assert outpost.received() == [told, outpost.lines()[3:]]
        assert outpost.cases() == [("truncated", True)]

    def test_an_emptied_journal_is_a_cut_end(self, outpost: Outpost) -> None:
        outpost.write_many(5)
        outpost.ship()
        outpost.close()
        for segment in outpost.segments():
            segment.unlink()
        outpost.ship()
        outpost.ship()
        assert outpost.cases() == [("truncated", True)]
        assert len(outpost.events("JournalBroken")) == 1
        assert outpost.acknowledged() == 0

    def test_what_was_rewritten_is_told_anew_beside_the_former(self, outpost: Outpost) -> None:
        outpost.write(judged(Level.DENY))
        outpost.write_many(5)
        outpost.ship()
        told = outpost.lines()
        _tamper(outpost, slice(3, 6), [])
        outpost.write_many(4, "forged")
        outpost.ship()
        assert outpost.received() == [told, outpost.lines()]
        # The verdict was told twice and is one case.
        assert outpost.cases() == [("unknown-carrier", True), ("rewritten", True)]

    def test_a_closed_case_is_not_opened_by_telling_again(self, outpost: Outpost) -> None:
        outpost.write(judged(Level.DENY))
        outpost.write_many(5)
        outpost.ship()
        outpost.close_case(outpost.case_rows()[0])
        _tamper(outpost, slice(3, 6), [])
        outpost.write_many(4, "forged")
        outpost.ship()
        assert outpost.cases() == [("unknown-carrier", False), ("rewritten", True)]

    def test_a_line_changed_before_it_was_sent_stops_nothing(self, outpost: Outpost) -> None:
        outpost.write_many(5)
        changed = outpost.lines()[2].replace(b"signal", b"sIgnal")
        _tamper(outpost, slice(2, 3), [changed])
        outpost.write(judged(Level.DENY))
        for _ in range(3):
            outpost.ship()
        assert outpost.received() == [outpost.lines()]
        assert outpost.cases() == [("rewritten", True), ("unknown-carrier", True)]
        assert [fact["seq"] for fact in outpost.events("JournalBroken")] == [4]

    @pytest.mark.parametrize("told_before", [True, False])
    def test_something_else_in_the_file_is_a_case_and_is_said(
        self, outpost: Outpost, told_before: bool
    ) -> None:
        outpost.write_many(5)
        if told_before:
            outpost.ship()
        _tamper(outpost, slice(3, 3), [b"garbage\n"])
        for _ in range(2):
            done = outpost.courier()
            assert (done.returncode, "klyuchar journal verify" in done.stderr) == (1, True)
        assert outpost.cases() == [("unreadable-journal", True)]
        assert [fact["seq"] for fact in outpost.events("JournalBroken")] == [4]
        # A damaged journal does not keep the ledger's word from the agent.
        assert outpost.settings.agent.inbox.exists()

    def test_a_first_line_that_is_garbage_is_said(self, outpost: Outpost) -> None:
        outpost.write_many(2)
        _tamper(outpost, slice(0, 1), [b"garbage\n"])
        done = outpost.courier()
        assert (done.returncode, "klyuchar journal verify" in done.stderr) == (1, True)

    def test_a_record_whose_body_is_garbage_is_kept_and_a_case(self, outpost: Outpost) -> None:
        outpost.write_many(2)
        garbled = outpost.lines()[1].replace(b'"body":{', b'"body":}')
        _tamper(outpost, slice(1, 2), [garbled])
        outpost.ship()
        assert outpost.received() == [outpost.lines()]
        assert outpost.cases() == [("unreadable-journal", True)]

    def test_another_journal_is_a_reinstallation(self, outpost: Outpost) -> None:
        outpost.write_many(3)
        outpost.ship()
        former = outpost.lines()
        outpost.close()
        shutil.move(outpost.settings.agent.journal, outpost.directory / "former")
        outpost.write_many(2, "new")
        outpost.ship()
        assert outpost.received() == [former, outpost.lines()]
        assert outpost.cases() == [("reinstalled", True)]

    def test_so_is_the_former_one_come_back(self, outpost: Outpost) -> None:
        self.test_another_journal_is_a_reinstallation(outpost)
        outpost.close()
        shutil.rmtree(outpost.settings.agent.journal)
        shutil.move(outpost.directory / "former", outpost.settings.agent.journal)
        outpost.ship()
        outpost.ship()
        assert outpost.cases() == [("reinstalled", True)] * 2
        with outpost.ledger.officer() as client:
            rows = client.get("/v1/workstations").json()
        assert [row["received"] for row in rows if row["host"] == outpost.host] == [3]

    def test_a_checkpoint_by_another_key_is_a_case(self, outpost: Outpost, tmp_path: Path) -> None:
        outpost.write_many(2)
        outpost.journal.checkpoint(outpost.signer)
        outpost.ship()
        assert outpost.cases() == []
        outpost.write_many(1)
        outpost.journal.checkpoint(load_or_create(tmp_path / "key"))
        outpost.ship()
        assert outpost.cases() == [("bad-checkpoint", True)]

    def test_a_checkpoint_taken_from_elsewhere_is_a_case(self, outpost: Outpost) -> None:
        outpost.write_many(2)
        outpost.journal.checkpoint(outpost.signer)
        body = json.loads(outpost.lines()[-1])["body"]
        outpost.write_many(1)
        outpost.write(Checkpoint(**body))
        outpost.ship()
        assert outpost.cases() == [("bad-checkpoint", True)]


class TestVerdicts:
    def test_warn_and_deny_are_cases_once_while_open(self, outpost: Outpost) -> None:
        outpost.write(
            judged(Level.ALLOW, "issued-to-the-seat"),
            judged(Level.WARN, "key-ending"),
            judged(Level.DENY),
            judged(Level.DENY),
            judged(Level.DENY, serial="c3d4"),
        )
        outpost.ship()
        cases = outpost.case_rows()
        assert [(row["severity"], row["what"]) for row in cases] == [
            ("warn", "key-ending"),
            ("deny", "unknown-carrier"),
            ("deny", "unknown-carrier"),
        ]
        assert [row["subject"] for row in cases[1:]] == [
            "rutoken ecp № 0000041394",
            "rutoken ecp № 0000050132",
        ]
        outpost.close_case(cases[1])
        outpost.write(judged(Level.DENY))
        outpost.ship()
        assert len(outpost.cases()) == 4

    def test_a_verdict_without_findings_is_no_verdict(self, outpost: Outpost) -> None:
        outpost.write(judged(Level.DENY))
        empty = outpost.lines()[0]
        _tamper(outpost, slice(0, 1), [_without_findings(empty)])
        outpost.ship()
        assert outpost.cases() == [("unreadable-journal", True)]

    def test_what_a_workstation_tells_commands_no_officers_terminal(self, outpost: Outpost) -> None:
        told = judged(Level.DENY, "rule\x1b[2J")
        outpost.write(
            Judged(carrier=None, port="\x1b]0;a\x07\u202e\n", seat="", verdict=told.verdict)
        )
        outpost.ship()
        for words in (["case", "list"], ["events"]):
            done = outpost.ledger_command(*words)
            assert (done.returncode, done.stderr) == (0, "")
            assert "rule" in done.stdout
            assert all(char.isprintable() or char == "\n" for char in done.stdout)

    def test_a_carrier_that_could_not_be_identified_is_named_by_its_place(
        self, outpost: Outpost
    ) -> None:
        told = judged(Level.WARN, "unreadable")
        outpost.write(Judged(carrier=None, port="a|b|c", seat="", verdict=told.verdict))
        outpost.ship()
        (row,) = outpost.case_rows()
        assert row["subject"] == "a|b|c"


class TestRestoredLedger:
    def test_an_older_backup_gets_everything_again(self, own_outpost: Outpost) -> None:
        own_outpost.write_many(2)
        own_outpost.ship()
        backup = own_outpost.ledger.directory / "backup"
        assert own_outpost.ledger.stop() == 0
        shutil.copytree(own_outpost.ledger.database.parent, backup)
        own_outpost.ledger.start()
        own_outpost.write_many(3)
        own_outpost.write(judged(Level.DENY))
        own_outpost.ship()
        own_outpost.ledger.stop()
        shutil.rmtree(own_outpost.ledger.database.parent)
        shutil.copytree(backup, own_outpost.ledger.database.parent)
        own_outpost.ledger.start()
        own_outpost.ship()
        assert own_outpost.received() == [own_outpost.lines()]
        assert own_outpost.cases() == [("unknown-carrier", True)]

    def test_one_that_never_knew_the_workstation_says_enrol(self, own_outpost: Outpost) -> None:
        own_outpost.write_many(2)
        own_outpost.ship()
        own_outpost.ledger.kill()
        for file in own_outpost.ledger.database.parent.glob("ledger.sqlite3*"):
            file.unlink()
        own_outpost.ledger.start()
        done = own_outpost.courier()
        assert (done.returncode, "klyuchar enrol" in done.stderr) == (1, True)


class TestTrouble:
    def test_not_enrolled_is_said(self, ledger: Running) -> None:
        outpost = Outpost(ledger)
        outpost.write(Stopped(reason="signal"))
        done = outpost.courier()
        assert (done.returncode, "klyuchar enrol" in done.stderr) == (75, True)

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"ledger_key": "x", "token": "t"}'])
    def test_a_broken_enrolment_is_said(self, outpost: Outpost, content: str) -> None:
        outpost.settings.courier.enrolment.write_text(content)
        done = outpost.courier()
        assert (done.returncode, "klyuchar enrol" in done.stderr) == (1, True)

    def test_a_missing_state_is_said(self, outpost: Outpost) -> None:
        shutil.rmtree(outpost.settings.courier.state)
        done = outpost.courier()
        assert (done.returncode, str(outpost.settings.courier.state) in done.stderr) == (75, True)

    def test_an_inbox_that_is_no_directory_is_said(self, outpost: Outpost) -> None:
        outpost.settings.courier.inbox.rmdir()
        outpost.settings.courier.inbox.write_text("")
        outpost.write_many(1)
        done = outpost.courier()
        assert (done.returncode, "inbox" in done.stderr) == (75, True)
        assert outpost.received() == [outpost.lines()]

    @pytest.mark.parametrize("garbage", [b"\xff\xfe", b"a b\n\nX: y", b"", b"-1"])
    def test_cursors_that_are_garbage_cost_nothing(self, outpost: Outpost, garbage: bytes) -> None:
        outpost.write_many(3)
        outpost.ship()
        for name in ("acknowledged", "tag"):
            (outpost.settings.courier.state / name).write_bytes(garbage)
        outpost.ship()
        assert outpost.received() == [outpost.lines()]
        assert outpost.cases() == []


def _without_findings(line: bytes) -> bytes:
    record = json.loads(line)
    record["body"]["verdict"]["findings"] = []
    text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode() + b"\n"
