"""What a workstation is told: its own logins' marks, every carrier, no names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from domain.accounting import CarrierEntry, OutOfAction, Standing
from domain.carrier import Maker
from domain.snapshot import SIGNATURE_SIZE, Header, find, read_header
from journal.digest import sha256
from journal.signing import Signer, load_or_create, verify
from ledger.events import Method, Opened, Origin
from ledger.intentions import (
    AddLogin,
    Command,
    PutOutOfAction,
    RecordDestruction,
    RegisterCarrier,
    RegisterWorkstation,
    Return,
)
from ledger.projections import record
from ledger.snapshot import Snapshots, build, login_mark
from tests.ledger.opening import NOW, Desk, admission, carrier, issue, person, writing

SALT = "5a17"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return load_or_create(tmp_path / "key")


@pytest.fixture
def library(desk: Desk, signer: Signer) -> Desk:
    opened = Opened(organisation="Библиотека", salt=SALT, public_key=signer.public_key.hex())
    origin = Origin(who="t", source="t", happened="2026-11-24")
    desk.store.write(lambda transaction: record(transaction, origin, [opened]))
    for command in (
        person(),
        admission(),
        RegisterWorkstation(host="pc-17"),
        carrier("35640abc"),
        writing(),
        issue(),
        AddLogin(person=1, login="ivanova", host="pc-17"),
        AddLogin(person=1, login="ivanova", host="pc-99"),
        AddLogin(person=1, login="i.ivanova", domain="BIBL.local"),
    ):
        desk.do(command)
    return desk


def _built(desk: Desk, signer: Signer, host: str = "pc-17") -> bytes:
    return desk.store.read(lambda reading: build(reading, host, NOW, signer))


def _reader(raw: bytes) -> Callable[[int, int], bytes]:
    return lambda offset, size: raw[offset : offset + size]


def _header(raw: bytes) -> Header:
    return read_header(_reader(raw))


def _entry(raw: bytes, serial: str) -> CarrierEntry:
    (entry,) = find(_reader(raw), _header(raw), sha256(serial.encode()))
    return entry


def test_it_is_signed_by_the_ledger_over_everything_before(library: Desk, signer: Signer) -> None:
    raw = _built(library, signer)
    signed, signature = raw[:-SIGNATURE_SIZE], raw[-SIGNATURE_SIZE:]
    assert verify(signer.public_key, sha256(signed), signature)
    assert not verify(signer.public_key, sha256(signed.replace(b"issued", b"lssued")), signature)


def test_its_header_names_version_time_workstation_and_salt(library: Desk, signer: Signer) -> None:
    header = _header(_built(library, signer))
    assert header.mark.version == library.events()
    assert header.mark.made_at == "2026-11-24T09:00:00.000000Z"
    assert (header.workstation, header.salt, header.entries) == ("pc-17", SALT, 1)


def test_only_logins_that_mean_something_there(library: Desk, signer: Signer) -> None:
    (document,) = _entry(_built(library, signer), "35640abc").documents
    assert set(document.logins) == {
        login_mark(SALT, "ivanova", "pc-17"),
        login_mark(SALT, "i.ivanova", "bibl.local"),
    }
    assert document.standing is Standing.ISSUED
    assert document.shared_logins == ()


def test_a_login_of_two_people_is_marked_as_shared(library: Desk, signer: Signer) -> None:
    library.do(person("Петров П. П."))
    library.do(AddLogin(person=2, login="ivanova", host="pc-99"))
    (document,) = _entry(_built(library, signer), "35640abc").documents
    assert document.shared_logins == ()
    library.do(AddLogin(person=2, login="ivanova", host="pc-17"))
    (document,) = _entry(_built(library, signer), "35640abc").documents
    assert document.shared_logins == (login_mark(SALT, "ivanova", "pc-17"),)


def test_a_carrier_without_documents_is_known(library: Desk, signer: Signer) -> None:
    library.do(carrier("facade"))
    assert _entry(_built(library, signer), "facade").documents == ()


def test_every_writing_is_told(library: Desk, signer: Signer) -> None:
    library.do(writing())
    documents = _entry(_built(library, signer), "35640abc").documents
    assert [one.number for one in documents] == ["КН-0001", "КН-0002"]


def test_it_holds_no_names_and_no_plain_logins(library: Desk, signer: Signer) -> None:
    text = _built(library, signer)[:-SIGNATURE_SIZE].decode("utf-8", "replace").lower()
    for secret in ("иванова", "ivanova", "pc-99", "расписка", "1-п"):
        assert secret not in text


def test_the_mark_is_what_the_agent_computes() -> None:
    expected = sha256(b"5a17|ivanova@pc-17").hex()
    assert login_mark("5a17", "Ivanova", "PC-17") == expected


class TestKept:
    @pytest.fixture
    def snapshots(self, library: Desk, signer: Signer, tmp_path: Path) -> Snapshots:
        (tmp_path / "snapshots").mkdir()
        return Snapshots(library.store, signer, tmp_path / "snapshots", freshness_s=3600)

    def test_it_is_made_once_a_version(self, library: Desk, snapshots: Snapshots) -> None:
        first = snapshots.current("pc-17", NOW)
        assert snapshots.current("pc-17", NOW + timedelta(minutes=59)) == first
        assert snapshots.tag("pc-17", NOW + timedelta(minutes=59)) == first.tag
        library.do(RegisterCarrier(maker=Maker.JACARTA, model="JaCarta", serial="1"))
        second = snapshots.current("pc-17", NOW + timedelta(minutes=59))
        assert second.mark.version == first.mark.version + 1
        assert second.tag != first.tag

    def test_what_it_does_not_tell_makes_no_new_one(
        self, library: Desk, snapshots: Snapshots
    ) -> None:
        first = snapshots.current("pc-17", NOW)
        library.do(person("Петров П. П."))
        library.do(admission(2))
        assert snapshots.current("pc-17", NOW) == first

    @pytest.mark.parametrize(
        "command",
        [
            carrier("facade"),
            writing(),
            Return(document="КН-0001"),
            PutOutOfAction(document="КН-0001", reason=OutOfAction.EXPIRED),
            RecordDestruction(documents=("КН-0001",), method=Method.PHYSICAL),
            AddLogin(person=1, login="ivanova2", host="pc-17"),
        ],
    )
    def test_what_it_tells_makes_a_new_one(
        self, library: Desk, snapshots: Snapshots, command: Command
    ) -> None:
        first = snapshots.current("pc-17", NOW)
        library.do(command)
        second = snapshots.current("pc-17", NOW)
        assert second.mark.order() > first.mark.order()

    def test_it_is_made_again_before_it_looks_old(self, snapshots: Snapshots) -> None:
        first = snapshots.current("pc-17", NOW)
        later = snapshots.current("pc-17", NOW + timedelta(hours=1))
        assert later.mark.version == first.mark.version
        assert later.mark.order() > first.mark.order()

    def test_workstations_do_not_get_each_others(self, snapshots: Snapshots) -> None:
        assert snapshots.current("pc-17", NOW).raw != snapshots.current("pc-99", NOW).raw
        assert _header(snapshots.current("pc-17", NOW).raw).workstation == "pc-17"
