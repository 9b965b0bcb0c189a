"""`klyuchar status` on real journals: what it says to a person and to a program."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from domain.carrier import Carrier, Maker
from domain.events import (
    Blind,
    Identified,
    Judged,
    Missed,
    Reenumerated,
    Seeing,
    Started,
    Stopped,
    Unreadable,
    Vanished,
)
from domain.sighting import Device, Obstacle, Unread
from journal.reader import Cursor
from journal.writer import Journal
from policies.judge import judge
from tests.cli.desk import IN_ORDER, STRANGER, Desk, identified
from tests.policies.situations import situation

STARTED = Started(
    version="0.1.0", watching=("usb (udev)", "demonstration"), modules=("rutoken", "opensc")
)
ALLOWED = Judged(carrier=IN_ORDER, port="", seat="ivanova", verdict=judge(situation()))
UNREAD = Unread(module="m", slot=1, obstacle=Obstacle.DEADLINE, detail="", label="")
WARNED = judge(situation(seen=UNREAD))


@pytest.fixture
def agent(desk: Desk) -> Iterator[Journal]:
    """The journal as the running agent has it open."""
    journal = Journal.open(desk.state / "agent" / "journal", host="pc-17", boot="b007")
    yield journal
    journal.close()


def report(desk: Desk) -> dict[str, Any]:
    return dict(json.loads(desk.run("status", "--json")[1]))


class TestRunning:
    def test_a_person_reads_what_is_watched_and_what_is_here(
        self, desk: Desk, agent: Journal
    ) -> None:
        agent.append(STARTED, identified(IN_ORDER), ALLOWED, identified(STRANGER))
        code, told = desk.run("status")
        assert code == 0
        assert "Агент работает с " in told
        assert "(версия 0.1.0)" in told
        assert "шина USB (сообщения udev), показ. Модули PKCS#11: rutoken, opensc." in told
        assert "только опросом, раз в 15 с" in told
        assert "версия 7, составлены только что, носителей 2" in told
        assert "  Рутокен № 0926239977: МОЖНО пользоваться (п. 3.7). Носитель учтён" in told
        assert "  JaCarta № 0B52000128390049: вердикта ещё нет." in told
        assert "T" not in told.split("версия")[0], "a time as a person writes it"

    def test_in_english(self, desk: Desk, agent: Journal) -> None:
        agent.append(STARTED, identified(IN_ORDER), ALLOWED)
        told = desk.run("status", language="en")[1]
        assert "The agent has been running since" in told
        assert "Rutoken No. 0926239977: ALLOWED (clause 3.7)." in told
        assert not any("а" <= char <= "я" for char in told.lower())

    def test_a_program_reads_the_same(self, desk: Desk, agent: Journal) -> None:
        agent.append(STARTED, identified(IN_ORDER), ALLOWED)
        found = report(desk)
        assert found["agent"] == {
            "running": True,
            "version": "0.1.0",
            "since": found["agent"]["since"],
        }
        assert found["watching"] == ["usb (udev)", "demonstration"]
        assert found["modules"] == ["rutoken", "opensc"]
        assert found["polling"] == {"cards_in_readers_every_s": 15}
        (carrier,) = found["carriers"]
        assert carrier["maker"] == "rutoken"
        assert carrier["serial"] == "0926239977"
        assert (carrier["verdict"], carrier["rule"]) == ("allow", "issued-to-the-seat")
        assert found["snapshot"]["version"] == 7
        assert found["journal"]["records"] == 3

    def test_without_a_module_it_is_said_what_that_means(self, desk: Desk, agent: Journal) -> None:
        agent.append(Started(version="0", watching=("usb (kernel)",), modules=()))
        assert "опознать носитель нечем" in desk.run("status")[1]


class TestCarriers:
    def test_one_that_is_missed_is_not_here(self, desk: Desk, agent: Journal) -> None:
        agent.append(STARTED, identified(IN_ORDER), ALLOWED, Missed(carrier=IN_ORDER))
        assert report(desk)["carriers"] == []
        assert "Носителей сейчас нет." in desk.run("status")[1]
        back = Reenumerated(sighting=identified(IN_ORDER).sighting, gap_ms=900)
        agent.append(back)
        assert "verdict" not in report(desk)["carriers"][0], "the verdict was on the one before"

    def test_what_was_here_before_the_last_start_is_not(self, desk: Desk, agent: Journal) -> None:
        agent.append(STARTED, identified(IN_ORDER), Blind(what="rutoken", reason="deadline: "))
        agent.append(STARTED)
        assert (report(desk)["carriers"], report(desk)["blind"]) == ([], {})

    def test_one_that_could_not_be_identified_is_here_too(self, desk: Desk, agent: Journal) -> None:
        judged = Judged(carrier=None, port="1-2", seat="", verdict=WARNED)
        agent.append(STARTED, Unreadable(unread=UNREAD, port="1-2"), judged)
        told = desk.run("status")[1]
        assert "  Неопознанный носитель (1-2): ОБРАТИТЕ ВНИМАНИЕ" in told
        assert report(desk)["unidentified"][0]["rule"] == "unreadable"
        agent.append(Vanished(device=Device(port="1-2", usb_id="", maker=Maker.OTHER, model="")))
        assert "Носителей сейчас нет." in desk.run("status")[1]

    def test_one_that_is_identified_at_last_is_not_listed_twice(
        self, desk: Desk, agent: Journal
    ) -> None:
        seen = Identified(sighting=identified(IN_ORDER).sighting, port="1-2")
        agent.append(STARTED, Unreadable(unread=UNREAD, port=""), seen)
        assert report(desk)["unidentified"] == []
        assert len(report(desk)["carriers"]) == 1

    def test_nothing_from_a_device_commands_the_terminal(self, desk: Desk, agent: Journal) -> None:
        evil = Carrier(maker=Maker.OTHER, model="\033[2Jevil", serial="ab12")
        agent.append(STARTED, identified(evil), Blind(what="\033[31m", reason="\033[0m"))
        assert "\033" not in desk.run("status")[1]


def test_what_can_not_be_seen_is_said_until_it_can(desk: Desk, agent: Journal) -> None:
    agent.append(STARTED, Blind(what="rutoken", reason="module-died: signal 11"))
    told = desk.run("status")[1]
    assert "НЕ ВИЖУ: носители через «rutoken»." in told
    assert "аварийно завершилась (signal 11)" in told
    agent.append(Seeing(what="rutoken"))
    assert "НЕ ВИЖУ" not in desk.run("status")[1]


def test_what_the_ledger_has_not_got_yet_is_counted(desk: Desk, agent: Journal) -> None:
    agent.append(STARTED, identified(IN_ORDER), ALLOWED)
    assert "журналу учёта ещё не передано 3" in desk.run("status")[1]
    Cursor(desk.state / "courier" / "acknowledged").advance(3)
    assert "записей 3, журналу учёта переданы все" in desk.run("status")[1]
    assert report(desk)["journal"]["not_shipped"] == 0


class TestSnapshot:
    @pytest.mark.parametrize(
        ("age", "told"),
        [
            (timedelta(minutes=5), "составлены 5 мин назад"),
            (timedelta(hours=3), "составлены 3 ч назад"),
            (timedelta(days=9), "составлены 9 сут назад"),
            (timedelta(minutes=-9), "составлены позже, чем показывают часы"),
        ],
    )
    def test_its_age_is_told(self, desk: Desk, age: timedelta, told: str) -> None:
        desk.know(age=age)
        assert told in desk.run("status")[1]

    def test_none_and_what_to_do(self, desk: Desk) -> None:
        (desk.state / "agent" / "snapshot").unlink()
        assert "Сведений журнала учёта ещё нет" in desk.run("status")[1]
        assert report(desk)["snapshot"] is None

    @pytest.mark.parametrize("content", [b"", b"\xff" * 4, b"klyuchar snapshot 1\n{"])
    def test_a_damaged_one_hides_nothing_else(self, desk: Desk, content: bytes) -> None:
        (desk.state / "agent" / "snapshot").write_bytes(content)
        desk.happened(STARTED, identified(IN_ORDER))
        told = desk.run("status")[1]
        assert "испорчены" in told
        assert "Рутокен № 0926239977" in told


class TestNotRunning:
    def test_it_is_said_first_and_by_the_exit_code(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER), ALLOWED, Stopped(reason="signal"))
        code, told = desk.run("status")
        assert code == 1
        assert told.startswith("Агент не запущен: за носителями никто не наблюдает.")
        assert "Когда агент остановился, были вставлены:" in told
        assert "Наблюдение" not in told
        assert report(desk)["agent"]["running"] is False

    def test_an_agent_that_was_never_started(self, desk: Desk) -> None:
        (desk.state / "agent" / "journal").rmdir()
        code, told = desk.run("status")
        assert code == 1
        assert "Агент не запущен" in told
        assert "записей 0" in told
