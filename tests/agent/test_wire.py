"""A ledger that lies, stalls or is none: a clear message, in time, and nothing believed.

Answers come from a socket byte for byte; the courier and `klyuchar enrol` are real processes where
what a person reads is the matter.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent import wire as wiring
from agent.settings import load
from agent.wire import Wire
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.events import Stopped
from journal.signing import load_or_create
from journal.writer import Journal
from tests.agent.liar import Answer, dripping, endless, http, liar
from tests.authority import Authority
from tests.ledger.running import ROOT

GENERATION = "a" * 64
JSON = "Content-Type: application/json"
OK = "200 OK"


@contextmanager
def asking(answer: Answer | bytes) -> Iterator[Wire]:
    """A wire to what gives that answer."""
    with liar(answer) as lying, Wire(f"http://127.0.0.1:{lying.port}") as wire:
        yield wire


class Desk:
    """An enrolled workstation with two records to ship to ``address``."""

    def __init__(self, directory: Path, address: str, more: str = "") -> None:
        self.directory = directory
        for state in ("agent/journal", "courier/inbox"):
            (directory / state).mkdir(parents=True)
        self.file = directory / "klyuchar.toml"
        self.file.write_text(
            f'[agent]\nstate = "{directory}/agent"\nworker_socket = "unused"\nhost = "pc-17"\n'
            f'[courier]\nstate = "{directory}/courier"\nledger = "{address}"\n{more}'
        )
        key = load_or_create(directory / "ledger-key").public_key.hex()
        (directory / "courier" / "enrolment.json").write_text(
            f'{{"ledger_key": "{key}", "token": "abc"}}'
        )
        journal = Journal.open(directory / "agent" / "journal", host="pc-17", boot="b")
        journal.append(Stopped(reason="signal"), Stopped(reason="signal"))
        journal.close()

    def run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", module, "--settings", str(self.file), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done


NONSENSE = {
    "closes without a word": b"",
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n" * 3,
    "zeros": b"\0" * 5000,
    "a head that is cut": b"HTTP/1.1 200 OK\r\nContent-Le",
    "a body that is cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "an endless head": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000,
    "a length that is none": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "chunks that are none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "empty": http(OK, b"", JSON),
    "no content": http("204 No Content"),
    "no JSON": http(OK, b"<html>welcome to the router</html>"),
    "bad UTF-8": http(OK, b'{"seq": "\xff"}', JSON),
    "deep": http(OK, b"[" * 60_000, JSON),
    "a list": http(OK, b"[1]", JSON),
    "no number": http(OK, b'{"seq": "1", "head": "00"}', JSON),
    "true": http(OK, b'{"seq": true}', JSON),
    "a float": http(OK, b'{"seq": 1.0}', JSON),
    "a negative number": http(OK, b'{"seq": -1}', JSON),
    "an enormous number": http(OK, b'{"seq": ' + b"9" * 3000 + b"}", JSON),
    "a number beyond words": http(OK, b'{"seq": ' + b"9" * 9000 + b"}", JSON),
    "not JSON's infinity": http(OK, b'{"seq": Infinity}', JSON),
    "compressed": http(OK, b"\x1f\x8b garbage", JSON, "Content-Encoding: gzip"),
    "not modified": http("304 Not Modified"),
    "moved": http("302 Found", b"", "Location: http://127.0.0.1:1/v1/agent/head"),
    "informational": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 3,
    "a refusal without words": http("403 Forbidden", b"{}", JSON),
    "a refusal with wrong words": http("403 Forbidden", b'{"detail": 5, "en": []}', JSON),
    "an unknown status": http("799 Odd", b'{"seq": 1}', JSON),
    "an error of its own": http("500 Internal Server Error", b"oops"),
    "busy": http("503 Service Unavailable"),
    "not the path": http("404 Not Found", b"<html></html>"),
}


@pytest.mark.parametrize("answer", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_said_in_words_by_the_courier(tmp_path: Path, answer: bytes) -> None:
    with liar(answer) as lying:
        desk = Desk(tmp_path, f"http://127.0.0.1:{lying.port}")
        done = desk.run("agent.courier")
    assert done.returncode in {1, 75}
    assert f"127.0.0.1:{lying.port}" in done.stderr
    assert "урнал учёта" in done.stderr
    assert len(done.stderr) < 2000
    assert lying.asked
    assert not (tmp_path / "courier" / "acknowledged").exists()
    assert not (tmp_path / "courier" / "inbox" / "snapshot").exists()


def test_a_redirection_is_not_followed(tmp_path: Path) -> None:
    with liar(http(OK, b'{"seq": 0}', JSON)) as other:
        moved = http("307 Temporary Redirect", b"", f"Location: http://127.0.0.1:{other.port}/")
        with liar(moved) as lying:
            Desk(tmp_path, f"http://127.0.0.1:{lying.port}").run("agent.courier")
        assert (len(lying.asked) > 0, other.asked) == (True, [])


def test_a_number_beyond_the_journal_is_believed_no_further_than_the_journal(
    tmp_path: Path,
) -> None:
    with liar(http(OK, b'{"seq": 9007199254740991}', JSON)) as lying:
        desk = Desk(tmp_path, f"http://127.0.0.1:{lying.port}")
        done = desk.run("agent.courier")
        assert done.returncode == 1
    assert any("breach" in line for line in lying.asked)
    acknowledged = tmp_path / "courier" / "acknowledged"
    assert not acknowledged.exists() or int(acknowledged.read_text()) <= 2


def test_a_ledger_that_takes_nothing_is_given_up_in_time(tmp_path: Path) -> None:
    with liar(http(OK, b'{"seq": 0}', JSON)) as lying:
        done = Desk(tmp_path, f"http://127.0.0.1:{lying.port}").run("agent.courier")
        assert (done.returncode, "снова и снова" in done.stderr) == (1, True)
        assert len(lying.asked) < 200


@pytest.mark.parametrize(
    "answer",
    [
        http(OK, b"{}"),
        http(OK, b'{"public_key": 5}'),
        http(OK, b'{"public_key": "' + b"g" * 64 + b'"}'),
        http("200 OK", b'{"public_key": "' + b"a" * 66 + b'"}'),
    ],
)
def test_a_key_that_is_none_ends_an_enrolment_in_words(tmp_path: Path, answer: bytes) -> None:
    with liar(answer) as lying:
        desk = Desk(tmp_path, f"http://127.0.0.1:{lying.port}")
        done = desk.run("cli.main", "enrol", "CODE", "--fingerprint", "x")
    assert (done.returncode, "не журнал учёта" in done.stderr) == (1, True)
    assert not (tmp_path / "agent" / "enrolment.json").exists()


def test_words_of_the_other_side_command_no_terminal(tmp_path: Path) -> None:
    hostile = b'{"detail": "\\u001b[2J\\u0007\\u202eabc\\n\\r' + b"x" * 9000 + b'", "en": "y"}'
    with liar(http("403 Forbidden", hostile, JSON)) as lying:
        done = Desk(tmp_path, f"http://127.0.0.1:{lying.port}").run("agent.courier")
    assert "abc" in done.stderr
    assert all(character.isprintable() or character == "\n" for character in done.stderr)
    assert len(done.stderr) < 1000


class TestTime:
    """In this process, with less patience than a courier has."""

    @pytest.fixture(autouse=True)
    def _impatient(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wiring, "ANSWER_S", 0.5)
        monkeypatch.setattr(wiring, "SNAPSHOT_S", 0.5)

    @pytest.mark.parametrize(
        "answer",
        [
            dripping(b"", b"H"),
            dripping(b"HTTP/1.1 200 OK\r\nX: ", b"a"),
            dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
            dripping(b"", b""),
            dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
        ],
        ids=["no head", "a head", "a body", "nothing", "promises"],
    )
    def test_a_drop_now_and_then_is_no_answer(self, answer: Answer) -> None:
        with asking(answer) as wire:
            begun = time.monotonic()
            with pytest.raises(CouldNotAsk) as raised:
                wire.head(GENERATION)
            with pytest.raises(CouldNotAsk):
                wire.snapshot("", 1 << 20, io.BytesIO())
            assert time.monotonic() - begun < 10
        assert "слишком долго" in raised.value.text.ru

    def test_a_handshake_that_never_ends(self) -> None:
        with (
            liar(dripping(b"", b"")) as lying,
            Wire(f"https://127.0.0.1:{lying.port}") as wire,
            pytest.raises(CouldNotAsk),
        ):
            wire.head(GENERATION)

    def test_an_answer_in_time_stops_the_clock(self) -> None:
        with asking(http(OK, b'{"seq": 7}', JSON)) as wire:
            assert wire.head(GENERATION) == 7
            time.sleep(0.7)  # the alarm would come now


class TestSize:
    @pytest.mark.parametrize("length", ["Content-Length: 99999999999", "Connection: close"])
    def test_an_endless_answer_is_cut_off(self, length: str) -> None:
        begin = f"HTTP/1.1 200 OK\r\n{length}\r\n\r\n".encode()
        with asking(endless(begin, b"a" * 65536)) as wire, pytest.raises(Wrong):
            wire.head(GENERATION)

    def test_an_endless_snapshot_is_cut_off(self) -> None:
        file = io.BytesIO()
        begin = b"HTTP/1.1 200 OK\r\n\r\n"
        with asking(endless(begin, b"a" * 65536)) as wire, pytest.raises(Wrong):
            wire.snapshot("", 1 << 20, file)
        assert len(file.getvalue()) <= 1 << 20


class TestTags:
    @pytest.mark.parametrize(
        ("header", "tag"),
        [
            ('ETag: "12-2026-11-24T09:00:00.000000Z"', "12-2026-11-24T09:00:00.000000Z"),
            ('ETag: "' + "a" * 101 + '"', ""),
            ("ETag: \xe9\xff", ""),
            ('ETag: "a b"', ""),
            ("X: y", ""),
        ],
    )
    def test_a_tag_is_kept_only_where_it_can_be_sent_again(self, header: str, tag: str) -> None:
        answer = http(OK, b"snapshot").replace(
            b"\r\n\r\n", b"\r\n" + header.encode("latin-1") + b"\r\n\r\n"
        )
        file = io.BytesIO()
        with asking(answer) as wire:
            assert wire.snapshot("", 100, file) == tag
        assert file.getvalue() == b"snapshot"

    def test_not_modified_is_an_answer_to_a_tag_only(self) -> None:
        with asking(http("304 Not Modified")) as wire:
            assert wire.snapshot("tag", 100, io.BytesIO()) is None
            with pytest.raises(Wrong):
                wire.snapshot("", 100, io.BytesIO())


class TestPrivateLine:
    @pytest.mark.parametrize(
        "address",
        [
            "http://ledger.example.org",
            "http://192.0.2.1:8443",
            "http://127.0.0.1.example.org",
            "http://localhost.example.org:80",
            "http://0.0.0.0:1",
            "ftp://127.0.0.1",
            "ledger.example.org",
            "https://",
            "https://[::1",
            "https://127.0.0.1:99999",
            "https://127.0.0.1:port",
            "",
            "\0",
            "https://пример .рф",
        ],
    )
    def test_an_address_that_others_could_read_or_that_is_none_is_refused(
        self, address: str
    ) -> None:
        with pytest.raises(Wrong) as raised:
            Wire(address)
        assert "[courier] ledger" in raised.value.text.ru

    def test_a_password_in_an_address_is_not_shown(self) -> None:
        with pytest.raises(Wrong) as raised:
            Wire("http://user:secret@ledger.example.org")
        assert "secret" not in raised.value.text.ru + raised.value.text.en

    @pytest.mark.parametrize("content", [None, b"", b"garbage"])
    def test_authorities_that_are_none_are_said(
        self, tmp_path: Path, content: bytes | None
    ) -> None:
        file = tmp_path / "ca.pem"
        if content is not None:
            file.write_bytes(content)
        with pytest.raises(Wrong) as raised:
            Wire("https://127.0.0.1:1", str(file))
        assert "[courier] ca_file" in raised.value.text.ru

    def test_a_server_has_to_prove_who_it_is(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        (tmp_path / "other").mkdir()
        stranger = Authority(tmp_path / "other", "Чужой удостоверяющий центр")
        answer = http(OK, b'{"seq": 7}', JSON)
        ca_file = str(authority.ca_file)
        with liar(answer, authority.context()) as lying:
            address = f"https://127.0.0.1:{lying.port}"
            with Wire(address, ca_file) as wire:
                assert wire.head(GENERATION) == 7
            for trusted in ("", str(stranger.ca_file)):
                with Wire(address, trusted) as wire, pytest.raises(CouldNotAsk) as raised:
                    wire.head(GENERATION)
                assert "CERTIFICATE_VERIFY_FAILED" in raised.value.text.ru
        with (
            liar(answer, authority.context("ledger.example.org")) as lying,
            Wire(f"https://127.0.0.1:{lying.port}", ca_file) as wire,
            pytest.raises(CouldNotAsk),
        ):
            wire.head(GENERATION)

    def test_the_systems_authorities_are_those_of_the_machine(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What an administrator has installed counts, not a list that a library brings."""
        authority = Authority(tmp_path)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.ca_file))
        with (
            liar(http(OK, b'{"seq": 7}', JSON), authority.context()) as lying,
            Wire(f"https://127.0.0.1:{lying.port}") as wire,
        ):
            assert wire.head(GENERATION) == 7

    def test_no_proxy_of_the_environment_is_asked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with liar(http(OK, b'{"seq": 1}', JSON)) as proxy, liar(http(OK, b'{"seq": 7}')) as lying:
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
                monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
            with Wire(f"http://127.0.0.1:{lying.port}") as wire:
                assert wire.head(GENERATION) == 7
            assert proxy.asked == []


def test_a_socket_that_is_not_there_is_said(tmp_path: Path) -> None:
    for path in (str(tmp_path / "none"), "x" * 300, ""):
        with Wire(f"unix:{path}") as wire, pytest.raises(KlyucharError):
            wire.head(GENERATION)


def test_the_desk_of_these_tests_is_one_that_ships(tmp_path: Path) -> None:
    """Otherwise all of the above could pass for a reason that is none of theirs."""
    desk = Desk(tmp_path, "http://127.0.0.1:1")
    assert load(desk.file).courier.enrolment.exists()
    assert "недоступен" in desk.run("agent.courier").stderr
