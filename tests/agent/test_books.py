from __future__ import annotations

import json
from pathlib import Path

import pytest

from agent.books import Books
from agent.settings import AgentSettings
from domain.events import Blind, Seeing, SnapshotAccepted, SnapshotRefused
from domain.snapshot import Mark, pack
from journal.digest import sha256
from journal.signing import Signer, load_or_create


@pytest.fixture
def settings(tmp_path: Path) -> AgentSettings:
    (tmp_path / "agent").mkdir()
    (tmp_path / "inbox").mkdir()
    return AgentSettings(
        state=tmp_path / "agent",
        inbox=tmp_path / "inbox" / "snapshot",
        worker_socket="",
        host="pc-17",
    )


@pytest.fixture
def ledger(settings: AgentSettings, tmp_path: Path) -> Signer:
    signer = load_or_create(tmp_path / "ledger-key")
    settings.enrolment.write_text(json.dumps({"ledger_key": signer.public_key.hex()}))
    return signer


def offer(settings: AgentSettings, signer: Signer, version: int, made_at: str) -> None:
    put(settings, signer, pack(Mark(version=version, made_at=made_at), "pc-17", "salt", ()))


def put(settings: AgentSettings, signer: Signer, content: bytes) -> None:
    new = settings.inbox.with_name("new")
    new.write_bytes(content + signer.sign(sha256(content)))
    new.rename(settings.inbox)


def test_before_enrolment_there_is_nothing_and_nothing_to_say(settings: AgentSettings) -> None:
    books = Books(settings)
    assert books.refresh() == []
    assert books.snapshot is None


def test_a_broken_enrolment_is_told_once(settings: AgentSettings) -> None:
    settings.enrolment.write_text("{")
    books = Books(settings)
    (blind,) = books.refresh()
    assert isinstance(blind, Blind)
    assert str(settings.enrolment) in blind.reason
    assert books.refresh() == []


def test_what_was_taken_over_is_there_after_a_restart(
    settings: AgentSettings, ledger: Signer
) -> None:
    offer(settings, ledger, 7, "2026-11-24T10:00:00Z")
    mark = Mark(version=7, made_at="2026-11-24T10:00:00Z")
    assert Books(settings).refresh() == [SnapshotAccepted(mark=mark, entries=0)]
    settings.inbox.unlink()
    again = Books(settings)
    assert again.refresh() == []
    assert again.snapshot is not None
    assert again.snapshot.mark.version == 7


@pytest.mark.parametrize(
    ("version", "made_at"), [(6, "2026-11-24T12:00:00Z"), (7, "2026-11-24T09:00:00Z")]
)
def test_an_older_one_is_refused_after_a_restart_too(
    settings: AgentSettings, ledger: Signer, version: int, made_at: str
) -> None:
    offer(settings, ledger, 7, "2026-11-24T10:00:00Z")
    Books(settings).refresh()
    offer(settings, ledger, version, made_at)
    books = Books(settings)
    (refused,) = books.refresh()
    assert isinstance(refused, SnapshotRefused)
    assert books.refresh() == []
    assert books.snapshot is not None
    assert books.snapshot.mark == Mark(version=7, made_at="2026-11-24T10:00:00Z")


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\0" * 200])
def test_a_file_that_is_no_snapshot_is_refused(
    settings: AgentSettings, ledger: Signer, damage: bytes
) -> None:
    del ledger
    settings.inbox.write_bytes(damage)
    (refused,) = Books(settings).refresh()
    assert isinstance(refused, SnapshotRefused)


@pytest.mark.parametrize(
    "content",
    [
        b"{}\n",
        b"[]\n",
        pack(Mark(version=7, made_at="завтра"), "pc-17", "salt", ()),
        pack(Mark(version=7, made_at="2026-11-24T10:00:00"), "pc-17", "salt", ()),
    ],
    ids=["no header", "no object", "no time", "a time of no zone"],
)
def test_nonsense_is_refused_though_the_ledger_signed_it(
    settings: AgentSettings, ledger: Signer, content: bytes
) -> None:
    put(settings, ledger, content)
    books = Books(settings)
    (refused,) = books.refresh()
    assert isinstance(refused, SnapshotRefused)
    assert books.snapshot is None


def test_an_own_copy_that_was_changed_is_put_aside_and_told(
    settings: AgentSettings, ledger: Signer
) -> None:
    offer(settings, ledger, 7, "2026-11-24T10:00:00Z")
    Books(settings).refresh()
    settings.snapshot.write_bytes(settings.snapshot.read_bytes()[:-1] + b"x")
    settings.inbox.unlink()
    books = Books(settings)
    (blind,) = books.refresh()
    assert isinstance(blind, Blind)
    assert (books.snapshot, books.refresh()) == (None, [])
    assert settings.snapshot.with_suffix(".refused").exists()
    offer(settings, ledger, 8, "2026-11-24T11:00:00Z")
    assert [type(event) for event in books.refresh()] == [Seeing, SnapshotAccepted]


def test_what_can_not_be_copied_is_told_once_and_tried_again(
    settings: AgentSettings, ledger: Signer
) -> None:
    offer(settings, ledger, 7, "2026-11-24T10:00:00Z")
    obstacle = settings.snapshot.with_suffix(".new")
    obstacle.mkdir()
    books = Books(settings)
    (blind,) = books.refresh()
    assert isinstance(blind, Blind)
    assert str(obstacle) in blind.reason
    assert books.refresh() == []
    obstacle.rmdir()
    assert [type(event) for event in books.refresh()] == [Seeing, SnapshotAccepted]
