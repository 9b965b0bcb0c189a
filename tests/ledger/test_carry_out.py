"""A command sent again is not done twice."""

from __future__ import annotations

import threading
from pathlib import Path

from ledger.carry_out import Clash, Done
from ledger.guards import Refusal
from ledger.intentions import RegisterPerson
from tests.ledger.opening import Desk, admission, carrier, issue, person, writing


def test_the_same_command_again_gets_the_same_answer(desk: Desk) -> None:
    first = desk.do(RegisterPerson(name="Иванова И. И.", id="a"))
    desk.do(person("Петров П. П."))
    again = desk.do(RegisterPerson(name="Иванова И. И.", id="a"))
    assert (again.events, again.again, first.again) == (first.events, True, False)
    assert desk.events() == 2


def test_without_an_id_the_same_words_are_two_people(desk: Desk) -> None:
    desk.do(person())
    desk.do(person())
    assert desk.events() == 2


def test_an_id_belongs_to_one_command(desk: Desk) -> None:
    desk.do(RegisterPerson(name="Иванова И. И.", id="a"))
    outcome = desk.give(RegisterPerson(name="Петров П. П.", id="a"))
    assert isinstance(outcome, Clash)
    assert desk.events() == 1


def test_a_refused_command_is_judged_afresh(desk: Desk) -> None:
    for command in (person(), carrier(), writing()):
        desk.do(command)
    assert isinstance(desk.give(issue()), Refusal)
    desk.do(admission())
    desk.do(issue())


def test_the_same_id_at_once_from_many_is_done_once(tmp_path: Path) -> None:
    desk = Desk(tmp_path / "ledger.sqlite3")
    answers: list[object] = []

    def give() -> None:
        answers.append(desk.give(RegisterPerson(name="Иванова И. И.", id="a")))

    threads = [threading.Thread(target=give) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert desk.events() == 1
    assert [type(answer) for answer in answers] == [Done] * 8
    assert sum(1 for answer in answers if isinstance(answer, Done) and not answer.again) == 1


def test_where_a_fact_comes_from_is_kept(desk: Desk) -> None:
    done = desk.do(
        RegisterPerson(name="Иванова И. И.", happened="2026-01-12", ground="приказ  1-П")
    )
    origin = done.events[0].origin
    assert origin is not None
    assert (origin.who, origin.source, origin.happened) == ("test", "test", "2026-01-12")
    assert origin.ground == "приказ 1-П"
    assert done.events[0].recorded == "2026-11-24T09:00:00.000000Z"
