"""Codes and tokens at the store itself: how long they are good, and what is kept of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from ledger.enrolment import CODE_LIVES, Admission, enrol, make_code, whose
from ledger.guards import Refusal
from ledger.intentions import RegisterWorkstation
from tests.ledger.opening import NOW, Desk

KEY = "ab" * 32


def code_for(desk: Desk, host: str = "pc-17") -> str:
    made = desk.store.write(lambda transaction: make_code(transaction, host, "officer"))
    assert isinstance(made, str)
    return made


def shown(desk: Desk, code: str, host: str = "pc-17", key: str = KEY) -> Admission | Refusal:
    return desk.store.write(lambda transaction: enrol(transaction, code, host=host, public_key=key))


def later(path: Path, after: timedelta) -> Desk:
    return Desk(path, NOW + after)


def test_a_code_is_for_a_registered_workstation(desk: Desk) -> None:
    refused = desk.store.write(lambda transaction: make_code(transaction, "pc-17", "officer"))
    assert isinstance(refused, Refusal)
    desk.do(RegisterWorkstation(host="PC-17"))
    assert code_for(desk, " pc-17 ")


def test_no_two_codes_are_alike_and_none_is_guessed(desk: Desk) -> None:
    desk.do(RegisterWorkstation(host="pc-17"))
    codes = {code_for(desk) for _ in range(50)}
    assert len(codes) == 50
    assert all(len(code.replace("-", "")) == 20 for code in codes)
    assert not set("".join(codes)) & set("IO01")


def test_a_code_dies_after_a_day(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    desk = Desk(path)
    desk.do(RegisterWorkstation(host="pc-17"))
    first, second = code_for(desk), code_for(desk)
    assert isinstance(shown(later(path, CODE_LIVES - timedelta(seconds=1)), first), Admission)
    refused = shown(later(path, CODE_LIVES), second)
    assert isinstance(refused, Refusal)
    assert "устарел" in refused.text.ru


def test_several_codes_may_be_out_and_each_is_good_once(desk: Desk) -> None:
    desk.do(RegisterWorkstation(host="pc-17"))
    first, second = code_for(desk), code_for(desk)
    assert isinstance(shown(desk, second), Admission)
    assert isinstance(shown(desk, second), Refusal)
    assert isinstance(shown(desk, first), Admission)


def test_another_host_gets_nothing_and_the_code_stays_good(desk: Desk) -> None:
    desk.do(RegisterWorkstation(host="pc-17"))
    code, before = code_for(desk), desk.events()
    assert isinstance(shown(desk, code, host="pc-18"), Refusal)
    assert desk.events() == before
    assert isinstance(shown(desk, code, host="Pc-17"), Admission)


def test_a_token_is_its_workstations_until_the_next_enrolment(desk: Desk) -> None:
    desk.do(RegisterWorkstation(host="pc-17"))
    former = shown(desk, code_for(desk))
    assert isinstance(former, Admission)
    sender = desk.store.read(lambda reading: whose(reading, former.token))
    assert sender is not None
    assert (sender.host, sender.public_key) == ("pc-17", KEY)
    assert desk.store.read(lambda reading: whose(reading, "")) is None
    shown(desk, code_for(desk), key="cd" * 32)
    assert desk.store.read(lambda reading: whose(reading, former.token)) is None


def test_neither_code_nor_token_is_in_the_chain(desk: Desk) -> None:
    desk.do(RegisterWorkstation(host="pc-17"))
    code = code_for(desk)
    admission = shown(desk, code)
    assert isinstance(admission, Admission)
    lines = desk.store.read(lambda reading: reading.all("SELECT line FROM events"))
    chain = b"".join(line for (line,) in lines)
    assert code.encode() not in chain
    assert code.replace("-", "").encode() not in chain
    assert admission.token.encode() not in chain
