"""One message a case, through a real SMTP server with TLS: queued, retried, and saying nothing."""

from __future__ import annotations

import random
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from domain.errors import CouldNotAsk
from domain.text import Text
from domain.verdict import Level
from ledger import mail, smtp
from tests.kills import KILLS
from tests.ledger.mail_corner import Corner, corner
from tests.ledger.post_office import PostOffice
from tests.ledger.rambler import RAMBLINGS, rambling
from tests.ledger.running import Running
from tests.outpost import Outpost, judged
from tests.waiting import wait_for


@contextmanager
def office_of(post: PostOffice, **changes: object) -> Iterator[Outpost]:
    """A workstation at a ledger that mails through ``post``."""
    with Running(mail=post.settings(**changes)) as ledger:
        yield Outpost(ledger).enrolled()


def arrived(post: PostOffice, count: int) -> None:
    wait_for(lambda: len(post.messages) >= count, 20, f"{count} messages")


def delivered(outpost: Outpost, count: int) -> None:
    wait_for(
        lambda: len([row for row in outpost.case_rows() if row["mailed"]]) >= count,
        20,
        f"{count} cases marked as mailed",
    )


class TestMessage:
    """Through the whole way: a verdict, the courier, the ledger, the server."""

    def test_a_denied_carrier_is_one_message_with_number_and_severity(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, office_of(post) as outpost:
            outpost.write(judged(Level.ALLOW, "issued-to-the-seat"), judged(Level.DENY))
            outpost.ship()
            arrived(post, 1)
            outpost.write(judged(Level.DENY))
            outpost.ship()
            delivered(outpost, 1)
            (message,) = post.messages
        assert message["To"] == "responsible@example.org"
        assert message["From"] == "klyuchar@example.org"
        assert message["Subject"] == "Ключарь: дело № 1, запрет"
        assert message["Auto-Submitted"] == "auto-generated"
        assert "Дело № 1, важность: запрет." in message.get_content()
        assert "Case 1, severity: denied." in message.get_content()

    def test_it_names_nobody_no_carrier_and_no_place(self, tmp_path: Path) -> None:
        """Clause 3.14: whoever reads it on its way learns nothing."""
        with PostOffice(tmp_path) as post, office_of(post) as outpost:
            outpost.write(judged(Level.DENY, serial="3b2f0a11"))
            outpost.ship()
            arrived(post, 1)
            said = post.raw[0].decode() + str(post.messages[0]["Subject"])
            said += post.messages[0].get_content()
            named = ("3b2f0a11", "0992938513", "rutoken", "ivanova", outpost.host, "unknown", "3.1")
        assert [word for word in named if word in said.lower()] == []
        # And nothing else that a number could hide in: the case's is the only one in the text.
        assert set(re.findall(r"\d+", post.messages[0].get_content())) == {"1"}

    def test_a_warning_and_an_alarm_say_so(self, tmp_path: Path) -> None:
        with PostOffice(tmp_path) as post, office_of(post) as outpost:
            outpost.write(judged(Level.WARN, "key-ending"))
            outpost.ship()
            outpost.enrolled()
            arrived(post, 2)
        assert [str(message["Subject"]) for message in post.messages] == [
            "Ключарь: дело № 1, предупреждение",
            "Ключарь: дело № 2, тревога",
        ]

    # aiosmtpd does not see that TLS was there from the start.
    @pytest.mark.filterwarnings("ignore:Requiring AUTH")
    def test_tls_from_the_start_and_a_login(self, tmp_path: Path) -> None:
        password = tmp_path / "password"
        password.write_text("a password with blanks \n")
        login = ("klyuchar", "a password with blanks")
        with PostOffice(tmp_path, tls=True, login=login) as post:
            named = {"username": "klyuchar", "password_file": str(password)}
            with office_of(post, **named) as outpost:
                outpost.write(judged(Level.DENY))
                outpost.ship()
                arrived(post, 1)
                delivered(outpost, 1)
                assert "a password" not in outpost.ledger.log


class TestQueue:
    def test_what_a_server_that_is_down_did_not_take_comes_later(self, tmp_path: Path) -> None:
        post = PostOffice(tmp_path)
        with office_of(post) as outpost:
            outpost.write(judged(Level.DENY))
            outpost.ship()
            wait_for(lambda: "попытки продолжаются" in outpost.ledger.log, 20, "said")
            assert f"127.0.0.1:{post.port}" in outpost.ledger.log
            with post:
                arrived(post, 1)
                delivered(outpost, 1)

    def test_what_a_ledger_left_in_the_queue_the_next_one_sends(self, tmp_path: Path) -> None:
        post = PostOffice(tmp_path)
        with office_of(post) as outpost:
            outpost.write(judged(Level.DENY), judged(Level.DENY, serial="c3d4"))
            outpost.ship()
            outpost.ledger.kill()
            with post:
                outpost.ledger.start()
                delivered(outpost, 2)
                assert len(post.messages) == 2

    def test_a_ledger_without_mail_keeps_the_queue_for_one_with(self, tmp_path: Path) -> None:
        with Running() as ledger, PostOffice(tmp_path) as post:
            outpost = Outpost(ledger).enrolled()
            outpost.write(judged(Level.DENY))
            outpost.ship()
            ledger.stop()
            with ledger.settings.open("a") as settings:
                settings.write("[ledger.mail]\n" + post.settings())
            ledger.start()
            arrived(post, 1)

    def test_a_ledger_asked_to_end_waits_for_no_silent_server(self, tmp_path: Path) -> None:
        post = PostOffice(tmp_path)
        with socket.create_server(("127.0.0.1", post.port)), office_of(post) as outpost:
            outpost.write(judged(Level.DENY))
            outpost.ship()
            begun = time.monotonic()
            assert outpost.ledger.stop() == 0
            assert time.monotonic() - begun < 4
            assert "Traceback" not in outpost.ledger.log


def test_killing_the_ledger_that_mails(tmp_path: Path) -> None:
    """At random moments: every case is mailed, and mailed twice only as the same message."""
    chance = random.Random()
    with PostOffice(tmp_path) as post, office_of(post) as outpost:
        kills = max(3, KILLS // 5)
        for number in range(kills):
            outpost.write(*[judged(Level.DENY, serial=f"{number:x}a{i}") for i in range(1, 6)])
            outpost.ship()
            # The moment of the kill is the chance that is being tested, not a wait for something.
            time.sleep(chance.uniform(0, 0.2))
            outpost.ledger.kill()
            outpost.ledger.start()
        delivered(outpost, 5 * kills)
        ids = {str(message["Subject"]): set[str]() for message in post.messages}
        for message in post.messages:
            ids[str(message["Subject"])].add(str(message["Message-ID"]))
    assert len(ids) == 5 * kills
    assert all(len(one) == 1 for one in ids.values())


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(mail, "LONGEST_PAUSE_S", 0.2)


@pytest.mark.usefixtures("_impatient")
class TestTrouble:
    @pytest.mark.parametrize("reply", ["451 later", "452 full", "550 nobody", "554 spam"])
    def test_a_refusal_is_not_the_last_word(
        self, tmp_path: Path, reply: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with PostOffice(tmp_path) as post:
            post.replies = [reply] * 3
            with corner(tmp_path, post) as one:
                wait_for(lambda: not one.waiting(), what="delivered")
            assert len(post.messages) == 1
        assert reply.split(maxsplit=1)[0] in capsys.readouterr().err

    def _never(self, post: PostOffice, one: Corner, said: Callable[[], str]) -> None:
        """Tried several times and sent never."""
        heard = ""

        def tried() -> bool:
            nonlocal heard
            heard += said()
            return heard.count("попытки продолжаются") >= 3

        wait_for(tried, what="several attempts")
        assert (one.waiting(), post.messages, post.raw) == (1, [], [])

    def test_a_server_that_offers_no_tls_gets_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with PostOffice(tmp_path, starttls=False) as post, corner(tmp_path, post) as one:
            self._never(post, one, lambda: capsys.readouterr().err)

    @pytest.mark.parametrize("tls", [True, False])
    def test_a_server_that_is_another_gets_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], tls: bool
    ) -> None:
        with (
            PostOffice(tmp_path, tls=tls, host="mail.example.org") as post,
            corner(tmp_path, post) as one,
        ):
            self._never(post, one, lambda: capsys.readouterr().err)

    @pytest.mark.parametrize("tls", [True, False])
    def test_an_authority_that_is_not_trusted_counts_for_nothing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], tls: bool
    ) -> None:
        with PostOffice(tmp_path, tls=tls) as post, corner(tmp_path, post, ca_file="") as one:
            self._never(post, one, lambda: capsys.readouterr().err)

    @pytest.mark.parametrize("content", [None, b"wrong", b"\xff\xfe", "пароль".encode()])
    def test_a_password_that_is_wrong_or_none_can_be_mended_meanwhile(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None
    ) -> None:
        password = tmp_path / "password"
        if content is not None:
            password.write_bytes(content)
        with PostOffice(tmp_path, login=("k", "right")) as post:
            named = {"username": "k", "password_file": str(password)}
            with corner(tmp_path, post, **named) as one:
                self._never(post, one, lambda: capsys.readouterr().err)
                password.write_text("right\n")
                wait_for(lambda: not one.waiting(), what="delivered")

    @pytest.mark.parametrize("host", ["mail..example.org", "m" * 70, "mail.invalid"])
    def test_a_host_that_is_none_does_not_end_the_mailing(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], host: str
    ) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post, host=host) as one:
            self._never(post, one, lambda: capsys.readouterr().err)

    @pytest.mark.parametrize("answer", sorted(RAMBLINGS))
    def test_a_server_that_never_comes_to_an_end_is_left(
        self,
        tmp_path: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        answer: str,
    ) -> None:
        monkeypatch.setattr(smtp, "_SESSION_S", 0.5)
        post = PostOffice(tmp_path)
        with rambling(*RAMBLINGS[answer]) as port, corner(tmp_path, post, port=port) as one:
            self._never(post, one, lambda: capsys.readouterr().err)

    def test_authorities_that_are_none_can_be_mended_meanwhile(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        missing = tmp_path / "later.pem"
        with PostOffice(tmp_path) as post, corner(tmp_path, post, ca_file=str(missing)) as one:
            self._never(post, one, lambda: capsys.readouterr().err)
            missing.write_bytes(post.authority.ca_file.read_bytes())
            wait_for(lambda: not one.waiting(), what="delivered")

    def test_a_storage_that_is_busy_does_not_end_the_mailing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with PostOffice(tmp_path) as post, corner(tmp_path, post) as one:
            wait_for(lambda: not one.waiting(), what="delivered")
            read, failures = one.desk.store.read, [1, 2, 3]

            def failing(work):  # type: ignore[no-untyped-def]
                if failures:
                    failures.pop()
                    raise CouldNotAsk(Text(ru="занято", en="busy"))
                return read(work)

            monkeypatch.setattr(one.desk.store, "read", failing)
            one.add_case("b")
            one.mailer.wake()
            wait_for(lambda: len(post.messages) == 2, what="delivered")
