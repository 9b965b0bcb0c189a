"""Every guard, both ways: what its clause forbids is refused, what it allows is done."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.accounting import OutOfAction, Standing
from domain.carrier import Maker
from ledger.commands import DEEDS
from ledger.events import Method
from ledger.intentions import (
    AddLogin,
    AdmitPerson,
    Command,
    Issue,
    PutOutOfAction,
    RecordDestruction,
    RegisterCarrier,
    RegisterKeyDocument,
    RegisterPerson,
    RegisterWorkstation,
    Return,
)
from ledger.serials import SerialReading
from tests.ledger.opening import NOW, Desk, admission, carrier, issue, person, writing


@pytest.fixture
def registered(desk: Desk) -> Desk:
    """An admitted person, one carrier, one key document not yet issued."""
    for command in (person(), admission(), carrier(), writing()):
        desk.do(command)
    return desk


@pytest.fixture
def issued(registered: Desk) -> Desk:
    registered.do(issue())
    return registered


def _standing(desk: Desk, number: str = "КН-0001") -> Standing:
    document = desk.books(lambda books: books.document(number))
    return document.standing  # type: ignore[attr-defined,no-any-return]


def test_every_command_has_a_deed() -> None:
    assert set(DEEDS) == set(Command.__args__)


class TestWhatMakesNoSense:
    def test_a_time_still_to_come(self, desk: Desk) -> None:
        tomorrow_everywhere = (NOW + timedelta(days=2)).date().isoformat()
        refusal = desk.refused(RegisterPerson(name="А", happened=tomorrow_everywhere))
        assert "ещё не наступило" in refusal.text.ru

    def test_today_where_the_sun_rises_first(self, desk: Desk) -> None:
        late = NOW.replace(hour=23)
        tomorrow = (late + timedelta(days=1)).date().isoformat()
        later = Desk(desk.store._path, now=late)
        later.do(RegisterPerson(name="А", happened=tomorrow))

    @pytest.mark.parametrize("happened", ["вчера", "2026-13-01", "2026-11-23T10:00:00", "20261123"])
    def test_a_time_nobody_can_read(self, desk: Desk, happened: str) -> None:
        assert "не дата" in desk.refused(RegisterPerson(name="А", happened=happened)).text.ru

    @pytest.mark.parametrize("happened", ["", "2026-11-24", "2026-11-24T11:59:00+03:00"])
    def test_a_time_that_has_come(self, desk: Desk, happened: str) -> None:
        desk.do(RegisterPerson(name="А", happened=happened))

    def test_words_are_tidied_and_can_command_no_terminal(self, desk: Desk) -> None:
        fact = desk.do(RegisterPerson(name="  Иванова \x1b[31m И.\nИ. ")).events[0].fact
        assert fact.name == "Иванова [31m И. И."  # type: ignore[union-attr]

    def test_a_person_without_a_name(self, desk: Desk) -> None:
        desk.refused(RegisterPerson(name=" \t"))

    @pytest.mark.parametrize(
        "command",
        [
            AddLogin(person=2, login="ivanova", host="pc-17"),
            AdmitPerson(person=2, order_number="1-П", order_date="2026-01-12"),
            Issue(document="КН-0001", person=2, receipt="1"),
            Issue(document="КН-0002", person=1, receipt="1"),
            Return(document="КН-0002"),
            PutOutOfAction(document="КН-0002", reason=OutOfAction.EXPIRED),
            RecordDestruction(documents=("КН-0001", "КН-0002"), method=Method.ERASED),
            RegisterKeyDocument(carrier=2),
        ],
    )
    def test_what_the_ledger_does_not_know(self, registered: Desk, command: Command) -> None:
        refusal = registered.refused(command)
        assert (refusal.clause, "в журнале нет" in refusal.text.ru) == ("", True)

    @pytest.mark.parametrize(("host", "domain"), [("", ""), ("pc-17", "bibl.local"), (" ", " ")])
    def test_a_login_of_no_realm_or_of_two(self, desk: Desk, host: str, domain: str) -> None:
        desk.do(person())
        desk.refused(AddLogin(person=1, login="ivanova", host=host, domain=domain))

    def test_the_same_login_twice_but_not_for_two(self, desk: Desk) -> None:
        desk.do(person())
        desk.do(person("Петров П. П."))
        desk.do(AddLogin(person=1, login="kassa", host="pc-17"))
        desk.refused(AddLogin(person=1, login="KASSA", host="PC-17"))
        desk.do(AddLogin(person=1, login="kassa", host="pc-18"))
        desk.do(AddLogin(person=2, login="kassa", host="pc-17"))

    def test_a_workstation_twice(self, desk: Desk) -> None:
        desk.do(RegisterWorkstation(host="pc-17"))
        desk.refused(RegisterWorkstation(host="PC-17"))
        desk.refused(RegisterWorkstation(host=" "))
        desk.do(RegisterWorkstation(host="pc-18"))

    def test_a_carrier_twice(self, desk: Desk) -> None:
        desk.do(carrier("35640abc"))
        assert "№ 1" in desk.refused(carrier("0x35640АВС")).text.ru
        desk.do(RegisterCarrier(maker=Maker.JACARTA, model="JaCarta", serial="35640abc"))

    @pytest.mark.parametrize(
        "facts",
        [
            {"certificate": "ab" * 31},
            {"certificate": "zz" * 32},
            {"key_not_after": "2027-03-01"},
            {"key_not_after": "2027-03-01T00:00:00"},
            {"made_on": "01.03.2026"},
        ],
    )
    def test_facts_of_a_key_that_nobody_can_read(self, desk: Desk, facts: dict[str, str]) -> None:
        desk.do(carrier())
        desk.refused(RegisterKeyDocument(carrier=1, **facts))

    def test_facts_of_a_key_that_are_plain(self, desk: Desk) -> None:
        desk.do(carrier())
        done = desk.do(
            RegisterKeyDocument(
                carrier=1,
                certificate="AB" * 32,
                key_not_after="2027-03-01T23:59:59+03:00",
                made_on="2026-03-01",
            )
        )
        fact = done.events[0].fact
        assert fact.certificate == "ab" * 32  # type: ignore[union-attr]
        assert fact.key_not_after == "2027-03-01T20:59:59Z"  # type: ignore[union-attr]

    def test_a_document_named_twice(self, registered: Desk) -> None:
        twice = RecordDestruction(documents=("КН-0001", "КН-0001"), method=Method.ERASED)
        registered.refused(twice)

    def test_out_of_action_twice_only_for_another_reason(self, registered: Desk) -> None:
        registered.do(PutOutOfAction(document="КН-0001", reason=OutOfAction.EXPIRED))
        registered.refused(PutOutOfAction(document="КН-0001", reason=OutOfAction.EXPIRED))
        registered.do(PutOutOfAction(document="КН-0001", reason=OutOfAction.COMPROMISED))


class TestClause22:
    @pytest.mark.parametrize(("number", "date"), [("", "2026-01-12"), ("1-П", ""), ("1", "12.01")])
    def test_admission_without_an_order(self, desk: Desk, number: str, date: str) -> None:
        desk.do(person())
        refusal = desk.refused(AdmitPerson(person=1, order_number=number, order_date=date))
        assert refusal.clause == "2.2"

    def test_issue_to_somebody_not_admitted(self, registered: Desk) -> None:
        registered.do(person("Петров П. П."))
        assert registered.refused(issue(to=2)).clause == "2.2"
        registered.do(admission(2))
        registered.do(issue(to=2))

    def test_issue_before_the_order(self, registered: Desk) -> None:
        assert registered.refused(issue(happened="2026-01-11")).clause == "2.2"
        registered.do(issue(happened="2026-01-12"))


class TestClause33:
    def test_every_writing_is_a_row_with_a_copy_number_of_its_own(self, registered: Desk) -> None:
        again = registered.do(writing()).events[0].fact
        assert (again.number, again.copy) == ("КН-0002", 2)  # type: ignore[union-attr]

    def test_a_copy_number_that_is_taken(self, registered: Desk) -> None:
        assert registered.refused(RegisterKeyDocument(carrier=1, copy=1)).clause == "3.3"
        registered.do(RegisterKeyDocument(carrier=1, copy=7))
        following = registered.do(writing()).events[0].fact
        assert following.copy == 8  # type: ignore[union-attr]


class TestClause34:
    def test_numbers_have_no_gap_even_after_a_refusal(self, registered: Desk) -> None:
        registered.refused(RegisterKeyDocument(carrier=1, copy=1))
        registered.refused(RegisterKeyDocument(carrier=9))
        for expected in ("КН-0002", "КН-0003"):
            fact = registered.do(writing()).events[0].fact
            assert fact.number == expected  # type: ignore[union-attr]

    @pytest.mark.parametrize("serial", ["", "00000000", "не номер", "б/н"])
    def test_a_serial_that_is_none(self, desk: Desk, serial: str) -> None:
        assert desk.refused(carrier(serial)).clause == "3.4"

    def test_digits_with_two_readings_are_never_guessed(self, desk: Desk) -> None:
        refusal = desk.refused(carrier("0000012345"))
        assert refusal.clause == "3.4"
        assert "двояко" in refusal.text.ru

    @pytest.mark.parametrize(
        ("reading", "serial"),
        [(SerialReading.DECIMAL, "3039"), (SerialReading.HEXADECIMAL, "12345")],
    )
    def test_a_reading_settles_it(self, desk: Desk, reading: SerialReading, serial: str) -> None:
        command = RegisterCarrier(
            maker=Maker.RUTOKEN, model="Rutoken ECP", serial="12345", reading=reading
        )
        fact = desk.do(command).events[0].fact
        assert fact.identity.serial == serial  # type: ignore[union-attr]


class TestClause35:
    def test_issue_without_a_receipt(self, registered: Desk) -> None:
        refusal = registered.refused(Issue(document="КН-0001", person=1, receipt="  "))
        assert refusal.clause == "3.5"
        registered.do(Issue(document="КН-0001", person=1, receipt="расписка 5"))


class TestClause316:
    def test_what_somebody_holds_is_not_issued_again(self, issued: Desk) -> None:
        issued.do(person("Петров П. П."))
        issued.do(admission(2))
        assert issued.refused(issue(to=2)).clause == "3.16"
        issued.do(Return(document="КН-0001"))
        issued.do(issue(to=2))


class TestClause42:
    @pytest.mark.parametrize(
        ("key_end", "happened", "refused"),
        [
            ("2026-11-24T08:59:59Z", "", True),
            ("2026-11-24T09:00:00Z", "", False),
            ("2026-11-23T20:59:59Z", "2026-11-23", False),
            ("2026-11-23T20:59:59Z", "2026-11-24", True),
            ("", "", False),
        ],
    )
    def test_an_expired_key_is_not_issued(
        self, desk: Desk, key_end: str, happened: str, refused: bool
    ) -> None:
        for command in (person(), admission(), carrier(), writing(key_not_after=key_end)):
            desk.do(command)
        if refused:
            assert desk.refused(issue(happened=happened)).clause == "4.2"
        else:
            desk.do(issue(happened=happened))

    def test_an_expired_key_still_comes_back(self, desk: Desk) -> None:
        ended = writing(key_not_after="2026-11-20T00:00:00Z")
        for command in (person(), admission(), carrier(), ended, issue(happened="2026-11-01")):
            desk.do(command)
        desk.do(Return(document="КН-0001"))


class TestClause53:
    def test_what_is_out_of_action_is_not_issued(self, registered: Desk) -> None:
        registered.do(PutOutOfAction(document="КН-0001", reason=OutOfAction.COMPROMISED))
        assert registered.refused(issue()).clause == "5.3"


class TestClause61:
    def test_only_what_was_issued_comes_back(self, registered: Desk) -> None:
        assert registered.refused(Return(document="КН-0001")).clause == "6.1"
        registered.do(issue())
        registered.do(Return(document="КН-0001"))
        assert _standing(registered) is Standing.REGISTERED

    def test_what_is_out_of_action_stays_so_when_it_comes_back(self, issued: Desk) -> None:
        issued.do(PutOutOfAction(document="КН-0001", reason=OutOfAction.DISMISSED))
        issued.do(Return(document="КН-0001"))
        assert _standing(issued) is Standing.OUT_OF_ACTION


class TestClause63:
    @pytest.mark.parametrize(
        "command",
        [
            issue(),
            PutOutOfAction(document="КН-0001", reason=OutOfAction.UNUSED),
            RecordDestruction(documents=("КН-0001",), method=Method.PHYSICAL),
        ],
    )
    def test_what_is_destroyed_has_no_further_life(self, issued: Desk, command: Command) -> None:
        issued.do(RecordDestruction(documents=("КН-0001",), method=Method.ERASED))
        assert issued.refused(command).clause == "6.3"


class TestClause64:
    def test_erasing_leaves_the_carrier_free_for_a_new_row(self, registered: Desk) -> None:
        registered.do(RecordDestruction(documents=("КН-0001",), method=Method.ERASED))
        fact = registered.do(writing()).events[0].fact
        assert (fact.number, fact.copy) == ("КН-0002", 2)  # type: ignore[union-attr]

    def test_physical_destruction_retires_the_carrier(self, registered: Desk) -> None:
        registered.do(RecordDestruction(documents=("КН-0001",), method=Method.PHYSICAL))
        assert registered.refused(writing()).clause == "6.4"

    def test_physical_destruction_takes_every_key_on_the_carrier(self, registered: Desk) -> None:
        registered.do(writing())
        alone = RecordDestruction(documents=("КН-0001",), method=Method.PHYSICAL)
        refusal = registered.refused(alone)
        assert refusal.clause == "6.4"
        assert "КН-0002" in refusal.text.ru
        done = registered.do(
            RecordDestruction(documents=("КН-0001", "КН-0002"), method=Method.PHYSICAL)
        )
        assert [event.name for event in done.events] == [
            "KeyDocumentDestroyed",
            "KeyDocumentDestroyed",
            "CarrierRetired",
        ]
