"""Reminders, quiet times, absence and refused addresses, through a real SMTP server with TLS."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from domain.verdict import Level
from ledger import mail
from ledger.books import Books, LetterRow
from ledger.events import Role, Severity
from ledger.intentions import CloseCase, RecordAbsence, RecordPresence, TakeCase
from tests.ledger.mail_corner import Corner, corner
from tests.ledger.opening import NOW
from tests.ledger.post_office import PostOffice
from tests.ledger.running import Running
from tests.outpost import Outpost, judged
from tests.waiting import wait_for

DEPUTY = {"deputy": "deputy@example.org"}
NIGHT = {"quiet": "20:00-08:00"}


def sent(post: PostOffice, count: int) -> list[tuple[str, str]]:
    """To whom, and the subject, of the first ``count`` messages; there must be no more."""
    wait_for(lambda: len(post.messages) >= count, 20, f"{count} messages")
    assert len(post.messages) == count
    return [(str(one["To"]).split("@")[0], str(one["Subject"])) for one in post.messages]


def letters(one: Corner, count: int) -> list[LetterRow]:
    """What is recorded of the first ``count`` attempts."""
    wait_for(lambda: len(one.read(Books.letters)) >= count, 20, f"{count} records")
    return one.read(Books.letters)


def told_of(one: Corner, role: Role) -> set[int]:
    """The cases whoever has ``role`` was told of."""
    rows = one.read(Books.letters)
    return {row.case for row in rows if row.delivered and row.role is role}


class TestReminders:
    def test_a_case_is_repeated_until_it_is_taken(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            letters(one, 1)
            one.pass_time(hours=24)
            letters(one, 2)
            one.do(TakeCase(case=1))
            one.pass_time(hours=24)
            one.add_case("b")
            letters(one, 3)
            subjects = [subject for _, subject in sent(post, 3)]
            recorded = [(row.case, row.repetition, row.reply) for row in one.read(Books.letters)]
        assert subjects == [
            "Ключарь: дело № 1, запрет",
            "Ключарь: напоминание, дело № 1, запрет",
            "Ключарь: дело № 2, запрет",
        ]
        assert recorded == [(1, 1, 250), (1, 2, 250), (2, 1, 250)]

    def test_a_closed_case_is_silent(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            letters(one, 1)
            one.do(CloseCase(case=1, reason="выяснено"))
            one.pass_time(hours=24)
            one.add_case("b")
            letters(one, 2)
            assert [subject for _, subject in sent(post, 2)][1] == "Ключарь: дело № 2, запрет"

    def test_a_reminder_is_in_the_thread_of_its_case(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            for number in range(1, 4):
                letters(one, number)
                one.pass_time(hours=24)
            letters(one, 4)
        first, *more = post.messages
        assert len({str(message["Message-ID"]) for message in post.messages}) == 4
        assert first["References"] is None
        for message in more:
            assert message["References"] == message["In-Reply-To"] == first["Message-ID"]
            assert message["Auto-Submitted"] == "auto-generated"

    def test_the_date_is_that_of_the_message_where_the_organisation_is(
        self, tmp_path: Path
    ) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            letters(one, 1)
            one.pass_time(hours=24)
            letters(one, 2)
        dates = [email.utils.parsedate_to_datetime(str(m["Date"])) for m in post.messages]
        assert dates == [NOW, NOW + timedelta(hours=24)]
        assert {date.utcoffset() for date in dates} == {timedelta(hours=3)}

    def test_several_reminders_are_one_message_of_numbers(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            for subject in "bcdef":
                one.add_case(subject, Severity.WARN if subject == "b" else Severity.DENY)
            letters(one, 6)
            one.pass_time(hours=24)
            letters(one, 12)
            *_, last = post.messages
            assert len(post.messages) == 7
        assert last["Subject"] == "Ключарь: напоминание, дела № 1, 3, 4, 5, 6 и другие, запрет"
        assert "Дело № 2, важность: предупреждение." in last.get_content()
        assert last["References"] is None
        assert set(re.findall(r"\d+", last.get_content())) == set("123456")

    def test_the_ledger_that_was_ended_is_gone_on_from(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            letters(one, 1)
            one.mailer.stop()
            one.pass_time(hours=24)
            one.mailer = one.new_mailer()
            one.mailer.start()
            letters(one, 2)
            assert len(post.messages) == 2


class TestQuiet:
    def test_the_night_is_spared_but_for_alarms(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post, **NIGHT) as one:
            letters(one, 1)
            one.do(TakeCase(case=1))
            one.pass_time(hours=9)  # 21:00 in Moscow
            one.add_case("b")
            one.add_case("c", Severity.WARN)
            one.add_case("d", Severity.ALARM)
            letters(one, 2)
            assert sent(post, 2)[1] == ("responsible", "Ключарь: дело № 4, тревога")
            one.do(TakeCase(case=4))
            one.pass_time(hours=10, minutes=59)
            one.pass_time(minutes=1)
            letters(one, 4)
            assert sent(post, 3)[2] == ("responsible", "Ключарь: дела № 2, 3, запрет")

    def test_what_disturbs_can_be_set(self, tmp_path: Path) -> None:
        settings = {**NIGHT, "quiet_days": ["tue"], "quiet_passes": ["deny", "warn"]}
        with PostOffice(tmp_path) as post, corner(tmp_path, post, **settings) as one:
            letters(one, 1)
            one.add_case("b", Severity.ALARM)
            one.add_case("c", Severity.WARN)
            letters(one, 2)
            assert [s for _, s in sent(post, 2)][1] == "Ключарь: дело № 3, предупреждение"


class TestDeputy:
    def test_what_is_left_lying_is_told_to_the_deputy(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post, **DEPUTY) as one:
            letters(one, 1)
            one.pass_time(hours=8)
            rows = letters(one, 2)
            assert sent(post, 2)[1] == ("deputy", "Ключарь: дело № 1, запрет")
        assert [row.role for row in rows] == [Role.OFFICER, Role.DEPUTY]
        assert "за это не взялся" in post.messages[1].get_content()
        assert "не взялся" not in post.messages[0].get_content()

    def test_in_an_absence_mail_goes_to_the_deputy_until_they_are_back(
        self, tmp_path: Path
    ) -> None:
        settings = {**DEPUTY, "escalate_hours": 0}
        with PostOffice(tmp_path) as post, corner(tmp_path, post, **settings) as one:
            letters(one, 1)
            one.do(RecordAbsence(first="2026-11-24", last="2026-12-08", ground="отпуск"))
            letters(one, 2)
            one.add_case("b")
            letters(one, 3)
            one.do(RecordPresence(since="2026-11-24"))
            one.add_case("c")
            letters(one, 5)
            told = [whom for whom, _ in sent(post, 5)]
        assert told[:3] == ["responsible", "deputy", "deputy"]
        assert set(told[3:]) == {"responsible"}
        assert "отсутствует" in post.messages[1].get_content()

    def test_a_sudden_absence_of_both_is_an_alarm_to_everybody(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post, **DEPUTY) as one:
            letters(one, 1)
            one.do(RecordAbsence(first="2026-11-24", ground="больничный лист"))
            letters(one, 2)
            one.do(RecordAbsence(role=Role.DEPUTY, first="2026-11-24", ground="отпуск"))
            letters(one, 4)
            told = sent(post, 4)
            said = post.messages[3].get_content()
        assert set(told[2:]) == {
            ("responsible", "Ключарь: дело № 2, тревога"),
            ("deputy", "Ключарь: дело № 2, тревога"),
        }
        assert "Ни ответственного пользователя, ни заместителя" in said


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(mail, "LONGEST_PAUSE_S", 0.2)


@pytest.mark.usefixtures("_impatient")
class TestFailures:
    def test_an_address_that_is_refused_is_said_and_let_be(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with PostOffice(tmp_path) as post:
            post.refusing = {"responsible@example.org": "550 5.1.1 no such user"}
            with corner(tmp_path, post) as one:
                (row,) = letters(one, 1)
                one.add_case("b")
                letters(one, 2)
                one.pass_time(hours=1)
                one.pass_time(hours=1)
                assert len(one.read(Books.letters)) == 2
                post.refusing.clear()
                one.pass_time(hours=22)
                letters(one, 4)
                assert len(sent(post, 2)) == 2
        assert (row.permanent, row.delivered, row.reply) == (True, False, 550)
        said = capsys.readouterr().err
        assert "не принимает адрес ответственного пользователя (to)" in said
        assert "no such user" in said

    def test_where_the_address_is_refused_the_deputy_is_told_at_once(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post:
            post.refusing = {"responsible@example.org": "550 5.1.1 no such user"}
            with corner(tmp_path, post, **DEPUTY) as one:
                letters(one, 2)
                assert sent(post, 1) == [("deputy", "Ключарь: дело № 1, запрет")]

    def test_a_full_mailbox_keeps_nobody_else_waiting(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post:
            post.refusing = {"responsible@example.org": "452 4.2.2 mailbox full"}
            with corner(tmp_path, post, **DEPUTY) as one:
                letters(one, 1)
                wait_for(lambda: one.mailer.attempts(1, Role.OFFICER) >= 3, 20, "attempts")
                for role in Role:
                    absent = RecordAbsence(role=role, first="2026-11-24", ground="приказ")
                    one.do(absent)
                wait_for(lambda: len(post.messages) >= 2, 20, "the deputy told")
                assert {str(m["To"]) for m in post.messages} == {"deputy@example.org"}
                failed = [row for row in one.read(Books.letters) if not row.delivered]
                # The first failure of each message is recorded, not each attempt.
                assert len(failed) == len({(row.case, row.role) for row in failed})
                post.refusing.clear()
                wait_for(lambda: told_of(one, Role.OFFICER) == {1, 2}, 20, "all told")

    def test_a_server_that_is_down_is_recorded_once_and_counted(self, tmp_path: Path) -> None:
        post = PostOffice(tmp_path)
        with corner(tmp_path, post) as one:
            one.add_case("b")
            wait_for(lambda: one.mailer.attempts(2, Role.OFFICER) >= 3, 20, "attempts")
            rows = one.read(Books.letters)
            assert [(row.case, row.delivered, row.reply) for row in rows] == [
                (1, False, 0),
                (2, False, 0),
            ]
            with post:
                wait_for(lambda: not one.waiting(), 20, "delivered")
                assert one.mailer.attempts(1, Role.OFFICER) == 0


class TestSleep:
    def test_nothing_due_is_no_wake_up(self, tmp_path: Path) -> None:
        """Asked of the kernel: how often the mailer's thread gave the processor up."""
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            letters(one, 1)
            thread = one.mailer._thread.native_id
            status = Path(f"/proc/self/task/{thread}/status")

            def switches() -> int:
                found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)$", status.read_text(), re.M)
                assert found is not None
                return int(found[1])

            settled = wait_for(lambda: _settled(switches), 20, "sleep")
            # A while without any event is the matter here.
            time.sleep(1.5)
            assert switches() == settled

    def test_the_clock_wakes_it(self, tmp_path: Path) -> None:
        """By a real clock that stands just before the reminder."""
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            letters(one, 1)
            one.mailer.stop()
            began = time.monotonic()
            almost = one.desk.now + timedelta(hours=24, seconds=-1)
            clock = lambda: almost + timedelta(seconds=time.monotonic() - began)  # noqa: E731
            one.mailer = one.new_mailer(clock)
            one.mailer.start()
            letters(one, 2)
            assert time.monotonic() - began >= 1


def _settled(switches: Callable[[], int]) -> int:
    before = switches()
    time.sleep(0.2)
    return before if switches() == before else 0


class TestLedger:
    """The whole of it: the ledger's process and the responsible user's commands."""

    def test_the_list_of_cases_says_who_was_told_and_who_took_it(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, Running(mail=post.settings(**DEPUTY)) as ledger:
            outpost = Outpost(ledger).enrolled()
            outpost.write(judged(Level.DENY))
            outpost.ship()
            wait_for(lambda: outpost.case_rows()[0]["mailed"], 20, "told")
            listed = outpost.ledger_command("case", "list").stdout
            assert re.search(r"открыто\s+ответственному \d\d\.\d\d\.\d{4} [\d:]+ \(1\)", listed)
            taken = outpost.ledger_command("case", "take", "--case", "1")
            assert (taken.returncode, "напоминаний о нём больше не будет" in taken.stdout) == (
                0,
                True,
            )
            row = outpost.case_rows()[0]
            assert row["taken_by"]
            assert row["taken_at"]
            assert "взято: " in outpost.ledger_command("case", "list").stdout

    def test_it_says_since_when_mail_is_not_taken(self, tmp_path: Path) -> None:
        post = PostOffice(tmp_path)
        with Running(mail=post.settings()) as ledger:
            outpost = Outpost(ledger).enrolled()
            outpost.write(judged(Level.DENY))
            outpost.ship()
            wait_for(lambda: outpost.case_rows()[0]["mail"], 20, "a failure recorded")
            listed = outpost.ledger_command("case", "list").stdout
            said = r"ответственному не отправлено с \d\d\.\d\d\.\d{4} [\d:]+, попыток \d+: "
            assert re.search(said + "почтовый сервер недоступен", listed), listed

    def test_an_absence_wakes_the_mailing(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, Running(mail=post.settings(**DEPUTY)) as ledger:
            outpost = Outpost(ledger).enrolled()
            outpost.write(judged(Level.DENY))
            outpost.ship()
            wait_for(lambda: len(post.messages) == 1, 20, "told")
            done = outpost.ledger_command("officer", "absent", "--ground", "отпуск")
            assert done.returncode == 0, done.stderr
            wait_for(lambda: len(post.messages) == 2, 20, "the deputy told")
            assert post.messages[1]["To"] == "deputy@example.org"
            today = datetime.now(UTC).astimezone().date().isoformat()
            assert today in outpost.ledger_command("officer", "list").stdout
            assert "на месте" in outpost.ledger_command("officer", "back").stdout
