"""The snapshot's way from the ledger to the agent, and what does not get through."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.books import Books
from agent.snapshot import SnapshotFile
from domain.carrier import Carrier, Maker
from domain.events import SnapshotAccepted
from domain.snapshot import LARGEST_SNAPSHOT, Mark, pack
from journal.digest import sha256
from journal.signing import load_or_create
from tests.agent.liar import endless, http, liar
from tests.ledger.running import Running
from tests.outpost import Outpost


@pytest.fixture(scope="module")
def ledger() -> Iterator[Running]:
    with Running() as running:
        yield running


@pytest.fixture
def outpost(ledger: Running) -> Iterator[Outpost]:
    outpost = Outpost(ledger).enrolled()
    yield outpost
    outpost.close()


def inbox_identity(outpost: Outpost) -> tuple[int, int]:
    status = os.stat(outpost.settings.agent.inbox)
    return status.st_ino, status.st_mtime_ns


def register(ledger: Running, serial: str) -> Carrier:
    answer = ledger.command("register-carrier", maker="jacarta", model="JaCarta LT", serial=serial)
    assert answer.status_code == 200, answer.text
    return Carrier(maker=Maker.JACARTA, model="jacarta lt", serial=serial)


def own_key(outpost: Outpost) -> bytes:
    pinned = json.loads(outpost.settings.agent.enrolment.read_bytes())
    return bytes.fromhex(pinned["ledger_key"])


def test_what_the_ledger_knows_the_agent_knows_without_it(ledger: Running) -> None:
    outpost = Outpost(ledger).enrolled()
    carrier = register(ledger, "4c53")
    outpost.ship()
    (accepted,) = Books(outpost.settings.agent).refresh()
    assert isinstance(accepted, SnapshotAccepted)
    outpost.settings.agent.inbox.unlink()
    books = Books(outpost.settings.agent)
    books.refresh()
    assert books.snapshot is not None
    view = books.snapshot.lookup(carrier, datetime.now(UTC))
    assert view.entry is not None
    assert 0 <= view.age < 60


def test_it_is_brought_once_a_change(outpost: Outpost) -> None:
    outpost.ship()
    first = inbox_identity(outpost)
    outpost.ship()
    assert inbox_identity(outpost) == first
    register(outpost.ledger, outpost.host.replace("-", ""))
    outpost.ship()
    assert inbox_identity(outpost) != first


def test_one_that_was_lost_on_the_way_is_brought_again(outpost: Outpost) -> None:
    outpost.ship()
    outpost.settings.agent.inbox.unlink()
    outpost.ship()
    assert outpost.settings.agent.inbox.exists()


def test_a_tag_without_its_snapshot_costs_one_fetch(outpost: Outpost) -> None:
    outpost.ship()
    (outpost.settings.courier.state / "tag").write_text("of-another")
    outpost.ship()
    SnapshotFile.open(outpost.settings.agent.inbox, own_key(outpost)).close()


def test_what_another_key_signed_never_reaches_the_inbox(outpost: Outpost, tmp_path: Path) -> None:
    outpost.ship()
    before = inbox_identity(outpost)
    stranger = load_or_create(tmp_path / "key")
    content = pack(Mark(version=10**6, made_at="2026-11-24T09:00:00Z"), outpost.host, "s", ())
    forged = content + stranger.sign(sha256(content))
    with liar(http("200 OK", forged, 'ETag: "new"')) as lying:
        _redirected(outpost, lying.port)
        done = outpost.courier()
    assert (done.returncode, "подписан не тем ключом" in done.stderr) == (1, True)
    assert inbox_identity(outpost) == before


@pytest.mark.parametrize("content", [b"", b"x", b"\0" * 64, b"\0" * 100_000])
def test_what_is_no_snapshot_never_reaches_the_inbox(outpost: Outpost, content: bytes) -> None:
    with liar(http("200 OK", content)) as lying:
        _redirected(outpost, lying.port)
        assert outpost.courier().returncode == 1
    assert not outpost.settings.agent.inbox.exists()


def test_an_endless_one_fills_no_disk(outpost: Outpost) -> None:
    with liar(endless(b"HTTP/1.1 200 OK\r\n\r\n", bytes(1 << 20))) as lying:
        _redirected(outpost, lying.port)
        assert outpost.courier().returncode == 1
    assert list(outpost.settings.courier.inbox.iterdir()) == []


def test_one_made_for_another_workstation_is_refused_by_the_agent(outpost: Outpost) -> None:
    other = Outpost(outpost.ledger).enrolled()
    outpost.ship()
    other.ship()
    os.replace(other.settings.agent.inbox, outpost.settings.agent.inbox)
    (refused,) = Books(outpost.settings.agent).refresh()
    assert type(refused).__name__ == "SnapshotRefused"
    assert other.host in str(refused)


def test_one_that_is_too_large_is_not_even_copied_by_the_agent(outpost: Outpost) -> None:
    outpost.settings.courier.inbox.mkdir(exist_ok=True)
    with outpost.settings.agent.inbox.open("wb") as file:
        file.truncate(LARGEST_SNAPSHOT + 1)
    (refused,) = Books(outpost.settings.agent).refresh()
    assert "слишком велик" in str(refused)
    assert sum(file.stat().st_size for file in outpost.settings.agent.state.iterdir()) < 1 << 20


def _redirected(outpost: Outpost, port: int) -> None:
    settings = outpost.file.read_text()
    outpost.file.write_text(settings.replace(f":{outpost.ledger.port}", f":{port}"))
