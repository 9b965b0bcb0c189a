"""The line to the ledger: real ledgers, real TLS, clocks that differ, and what is no ledger."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agent.books import Books
from tests.authority import Authority
from tests.cli.doctor.ward import ROOT_ONLY, Told, Ward, doctor
from tests.ledger.running import Running
from tests.outpost import Outpost

FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
ABOUT = ("ledger", "snapshot", "courier", "clock", "not-enrolled", "enrolment")
NO_NETWORK = 'exec unshare --net -- "$@"\n'


def about(told: Told) -> set[str]:
    return {code for code in told.codes if code.startswith(ABOUT)}


def later(outpost: Outpost, by: str) -> Told:
    """Examined while this machine's clock is ``by`` off."""
    return doctor(outpost.file, LD_PRELOAD=FAKETIME, FAKETIME=by, DONT_FAKE_MONOTONIC="1")


@pytest.fixture(scope="module")
def ledger() -> Iterator[Running]:
    with Running() as running:
        yield running


@pytest.fixture
def outpost(ledger: Running) -> Iterator[Outpost]:
    """Enrolled; everything is shipped and the snapshot taken over."""
    outpost = Outpost(ledger).enrolled()
    outpost.write_many(1)
    outpost.ship()
    Books(outpost.settings.agent).refresh()
    yield outpost
    outpost.close()


@contextmanager
def serving(code: int) -> Iterator[int]:
    """A web server that answers everything with this code; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


class TestLine:
    def test_in_order(self, outpost: Outpost) -> None:
        told = doctor(outpost.file)
        assert about(told) == set()
        assert not [what for what in told.unseen if "журнал" in what]

    def test_not_enrolled(self, ledger: Running) -> None:
        told = doctor(Outpost(ledger).file)
        assert about(told) == {"not-enrolled"}
        assert "klyuchar enrol КОД" in told.what("not-enrolled")

    @pytest.mark.parametrize("place", ["agent", "courier"])
    def test_damaged_enrolment(self, outpost: Outpost, place: str) -> None:
        (outpost.directory / place / "enrolment.json").write_text("{")
        assert "klyuchar enrol" in doctor(outpost.file).what("enrolment-damaged")

    def test_nobody_listens(self, ward: Ward) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            ward.configure(ledger=f"http://127.0.0.1:{taken.getsockname()[1]}")
            told = ward.doctor().what("ledger-refuses-connection")
        assert "systemctl start klyuchar-ledger" in told

    @ROOT_ONLY
    def test_no_way_there(self, ward: Ward) -> None:
        ward.configure(ledger="https://192.0.2.1:8443")
        assert "ip route" in ward.doctor(NO_NETWORK).what("ledger-out-of-reach")

    @ROOT_ONLY
    def test_no_such_name(self, ward: Ward) -> None:
        ward.configure(ledger="https://ledger.invalid:8443")
        assert "getent hosts ledger.invalid" in ward.doctor(NO_NETWORK).what("ledger-name-unknown")

    def test_a_certificate_of_an_unknown_authority(self, ward: Ward, tmp_path: Path) -> None:
        certificate, key = Authority(tmp_path).server()
        more = f'certificate = "{certificate}"\ncertificate_key = "{key}"\n'
        with Running(more) as ledger:
            ward.configure(ledger=f"https://127.0.0.1:{ledger.port}")
            told = ward.doctor().what("ledger-certificate")
            assert "unable to get local issuer certificate" in told or "self" in told
            assert "openssl s_client" in told
            ward.configure(ledger=f'https://127.0.0.1:{ledger.port}"\nca_file = "{tmp_path}/ca.pem')
            assert about(ward.doctor()) <= {"not-enrolled", "clock-not-synchronised"}

    def test_one_without_tls_where_tls_is_asked_for(self, ward: Ward, ledger: Running) -> None:
        ward.configure(ledger=f"https://127.0.0.1:{ledger.port}")
        assert about(ward.doctor()) & {"ledger-certificate", "ledger-is-none"}

    @pytest.mark.parametrize(
        ("answer", "code"), [(503, "ledger-busy"), (404, "ledger-is-none"), (200, "ledger-is-none")]
    )
    def test_what_answers_otherwise(self, ward: Ward, answer: int, code: str) -> None:
        with serving(answer) as port:
            ward.configure(ledger=f"http://127.0.0.1:{port}")
            assert about(ward.doctor()) == {code, "not-enrolled"}

    def test_another_key_than_a_person_compared(self, outpost: Outpost) -> None:
        with Running() as other:
            text = outpost.file.read_text()
            address = f"127.0.0.1:{outpost.ledger.port}"
            outpost.file.write_text(text.replace(address, f"127.0.0.1:{other.port}"))
            told = doctor(outpost.file)
        assert "только сверив отпечаток" in told.what("ledger-key-changed")
        assert "ledger-refuses-workstation" not in told.codes, "it was not shown the token"

    def test_an_access_that_was_replaced(self, outpost: Outpost) -> None:
        access = outpost.settings.courier.enrolment
        former = access.read_bytes()
        outpost.enrolled()
        access.write_bytes(former)
        assert "klyuchar enrol" in doctor(outpost.file).what("ledger-refuses-workstation")


class TestTime:
    @pytest.mark.parametrize(("by", "ru"), [("-10m", "отстают от"), ("+10m", "спешат против")])
    def test_clocks_that_differ(self, outpost: Outpost, by: str, ru: str) -> None:
        told = later(outpost, by).what("clock-differs")
        assert ru in told
        assert "на 600 с" in told or "на 599 с" in told or "на 601 с" in told

    def test_a_snapshot_that_is_old_and_then_too_old(self, outpost: Outpost) -> None:
        assert about(later(outpost, "+20h")) == {"clock-differs"}
        assert "1 сут назад" in later(outpost, "+25h").what("snapshot-old")
        assert "8 сут назад" in later(outpost, "+193h").what("snapshot-too-old")

    def test_a_snapshot_of_the_future(self, outpost: Outpost) -> None:
        told = later(outpost, "-2h")
        assert "верить им нельзя" in told.what("snapshot-of-the-future")
        assert "clock-set-back" in told.codes

    def test_no_snapshot_yet(self, outpost: Outpost) -> None:
        outpost.settings.agent.snapshot.unlink()
        assert "systemctl start klyuchar-courier" in doctor(outpost.file).what("snapshot-absent")

    def test_a_snapshot_that_somebody_changed(self, outpost: Outpost) -> None:
        path = outpost.settings.agent.snapshot
        path.write_bytes(path.read_bytes().replace(b"version", b"versioN"))
        assert f"rm {path}" in doctor(outpost.file).what("snapshot-unusable")

    def test_records_that_are_not_shipped(self, outpost: Outpost) -> None:
        outpost.write_many(3)
        assert "courier-behind" not in later(outpost, "+10m").codes
        assert "передано записей: 3, самой старой 20 мин" in (
            later(outpost, "+20m").what("courier-behind")
        )
