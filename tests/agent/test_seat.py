from __future__ import annotations

from pathlib import Path

import pytest

from agent.judging import judge_unread
from agent.seat import seat_of
from agent.sessions import Sitting
from agent.settings import AgentSettings
from domain.sighting import Obstacle, Unread
from journal.digest import sha256


def settings(login: str, domain: str = "") -> AgentSettings:
    return AgentSettings(
        state=Path("/nowhere"),
        inbox=Path("/nowhere/inbox"),
        worker_socket="/nowhere/worker.sock",
        host="PC-17",
        domain=domain,
        seat_login=login,
    )


def mark(spelled: str) -> str:
    return sha256(f"salt|{spelled}".encode()).hex()


@pytest.mark.parametrize(
    ("login", "domain", "spelled"),
    [
        ("Ivanova", "", ["ivanova@pc-17"]),
        ("ivanova", "lib.example", ["ivanova@pc-17", "ivanova@lib.example"]),
        ("LIB\\Ivanova", "lib.example", ["ivanova@lib"]),
        ("ivanova@lib.example", "", ["ivanova@lib.example"]),
    ],
)
def test_a_login_has_a_mark_for_each_realm_it_may_belong_to(
    login: str, domain: str, spelled: list[str]
) -> None:
    seat = seat_of(settings(login, domain), "salt")
    assert seat.login == login
    assert seat.marks == tuple(mark(text) for text in spelled)


def test_nobody_known_has_no_marks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.seat.sitting", lambda: Sitting(remote=("petrov",)))
    seat = seat_of(settings(""), "salt")
    assert (seat.login, seat.marks, seat.remote) == ("", (), ("petrov",))
    assert not seat.known


def test_a_login_that_was_set_needs_no_login_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.seat.sitting", lambda: Sitting(login="petrov"))
    assert seat_of(settings("kassa"), "salt").login == "kassa"


def test_a_verdict_says_who_was_in_from_elsewhere_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.seat.sitting", lambda: Sitting(remote=("petrov",)))
    unread = Unread(module="m", slot=0, obstacle=Obstacle.DEADLINE, detail="")
    judged = judge_unread(unread, "usb:1-1", None, settings(""))
    assert (judged.seat, judged.remote) == ("", ("petrov",))
