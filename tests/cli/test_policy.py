"""`klyuchar policy explain` on a real journal and a real signed snapshot."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.carrier import Carrier, Maker
from domain.events import Judged, Missed
from journal.signing import Signer
from policies.judge import RULES, judge
from tests.cli.desk import DIGITS, IN_ORDER, STARTED, STRANGER, Desk, identified, issued
from tests.policies.situations import situation


class TestAnswers:
    def test_every_rule_answers_and_the_verdict_is_the_screens(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER))
        code, told = desk.explain()
        assert code == 0
        for rule in RULES:
            assert f"{rule.name} (п. {rule.clause})" in told
        applying, others = told.split("Остальные правила спросили и не сработали:")
        assert others.count("  · ") == len(RULES) - 1
        assert "  + issued-to-the-seat (п. 3.7): Носитель учтён" in applying
        assert "Рутокен № 0926239977: МОЖНО пользоваться (п. 3.7)." in applying
        assert "Что делать: Работайте." in applying
        assert "Решило правило issued-to-the-seat" in told
        assert "Вставлен, прочитан" in told
        assert "За компьютером: ivanova." in told
        assert "версия 7, составлены только что" in told

    def test_in_english(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER))
        code, told = desk.explain(language="en")
        assert code == 0
        assert told.split("The others asked")[1].count("  · ") == len(RULES) - 1
        assert "ALLOWED" in told

    def test_it_is_judged_as_it_is_now_and_not_as_it_was(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER))
        desk.know(issued(IN_ORDER, "КН-0001"), age=timedelta(days=8))
        assert "× snapshot-old" in desk.explain()[1]
        desk.know(issued(IN_ORDER, "КН-0001", key_not_after="2020-01-01T00:00:00Z"))
        assert "× key-ended" in desk.explain()[1]

    def test_the_last_sighting_counts(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER), identified(IN_ORDER, pin_locked=True))
        assert "! pin-locked" in desk.explain()[1]

    def test_a_duplicate_is_remembered_as_the_agent_judged_it(self, desk: Desk) -> None:
        twice = judge(situation(duplicates=1))
        judged = Judged(carrier=IN_ORDER, port="", seat="", verdict=twice)
        desk.happened(STARTED, identified(IN_ORDER), judged)
        assert "× duplicate-identity" in desk.explain()[1]
        once = Judged(carrier=IN_ORDER, port="", seat="", verdict=judge(situation()))
        desk.happened(once)
        assert "× duplicate-identity" not in desk.explain()[1]

    def test_without_an_enrolment_there_is_no_ledger_to_judge_by(self, desk: Desk) -> None:
        (desk.state / "agent" / "enrolment.json").unlink()
        desk.happened(STARTED, identified(IN_ORDER))
        code, told = desk.explain()
        assert code == 0
        assert "× snapshot-absent" in told
        assert "Сведений журнала учёта нет." in told


class TestWhich:
    @pytest.mark.parametrize(
        "typed", ["КН-0001", "№ кн-0001", "37354CE9", "37354СЕ9", "0x37354ce9"]
    )
    def test_by_account_number_or_by_serial(self, desk: Desk, typed: str) -> None:
        code, told = desk.explain(typed)
        assert code == 0
        assert "Рутокен № 0926239977 (rutoken ecp)" in told

    def test_a_carrier_never_plugged_in_here_shows_nothing_rather_than_none(
        self, desk: Desk
    ) -> None:
        told = desk.explain("КН-0001")[1]
        assert "не вставляли" in told
        assert "! contents-not-read" in told

    def test_digits_with_two_readings_are_a_question(self, desk: Desk) -> None:
        code, told = desk.explain("12345")
        assert code == 1
        assert "№ 0000012345 (rutoken ecp, hex 3039), если номер десятичный" in told
        assert "такого носителя здесь не знают" in told
        assert "№ 0000074565 (rutoken ecp, hex 12345), если номер шестнадцатеричный" in told
        assert "--reading" in told
        assert "issued-to-the-seat" not in told

    def test_the_number_on_the_case_is_a_question_too(self, desk: Desk) -> None:
        assert desk.explain("0000074565")[0] == 1
        code, told = desk.explain("0000074565", "--reading", "decimal")
        assert (code, "hex" in told) == (0, False)
        assert "№ 0000074565" in told

    def test_the_answer_to_the_question(self, desk: Desk) -> None:
        code, told = desk.explain("12345", "--reading", "hexadecimal")
        assert code == 0
        assert "№ 0000074565" in told
        assert desk.explain("12345", "--reading", "decimal")[0] == 1

    def test_a_carrier_of_the_journal_that_the_ledger_does_not_know(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(STRANGER), Missed(carrier=STRANGER))
        code, told = desk.explain("0B52 0001 2839 0049")
        assert code == 0
        assert "× unknown-carrier" in told
        assert "Сейчас не вставлен" in told

    def test_two_carriers_of_one_number_are_a_question(self, desk: Desk) -> None:
        twin = Carrier(maker=Maker.RUTOKEN, model="rutoken lite", serial=IN_ORDER.serial)
        desk.happened(STARTED, identified(twin))
        code, told = desk.explain("37354ce9")
        assert code == 1
        assert "(rutoken ecp, hex" in told
        assert "(rutoken lite, hex" in told

    def test_an_account_number_that_is_a_serial_too_is_a_question(self, desk: Desk) -> None:
        desk.know(issued(IN_ORDER, "0B52000128390049"), issued(STRANGER, "КН-0002"))
        code, told = desk.explain("0b52000128390049")
        assert code == 1
        assert "Рутокен № 0926239977" in told
        assert "JaCarta № 0B52000128390049" in told

    def test_an_unknown_number(self, desk: Desk) -> None:
        code, told = desk.explain("nope")
        assert code == 1
        assert "Носителя «nope» нет" in told

    def test_none_plugged_in_and_none_named(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER), Missed(carrier=IN_ORDER))
        code, told = desk.explain()
        assert code == 1
        assert "ни одного опознанного носителя нет" in told

    def test_what_was_plugged_in_before_the_agents_last_start_is_not_here(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER), STARTED, identified(DIGITS))
        assert "№ 0000074565" in desk.explain()[1]

    def test_several_plugged_in_and_none_named(self, desk: Desk) -> None:
        desk.happened(STARTED, identified(IN_ORDER), identified(STRANGER))
        code, told = desk.explain()
        assert code == 1
        assert "Рутокен № 0926239977" in told
        assert "JaCarta № 0B52000128390049" in told


class TestTrouble:
    def test_a_snapshot_of_another_ledger_is_refused(self, desk: Desk) -> None:
        desk.enrolled(Signer(bytes(32)).public_key)
        desk.happened(STARTED, identified(IN_ORDER))
        code, told = desk.explain()
        assert code == 1
        assert "не подписан" in told

    @pytest.mark.parametrize("content", ["", "[]", "{}", '{"ledger_key": "xyz"}'])
    def test_a_broken_enrolment_is_told(self, desk: Desk, content: str) -> None:
        (desk.state / "agent" / "enrolment.json").write_text(content)
        code, told = desk.explain("КН-0001")
        assert code == 1
        assert "Файл подключения" in told

    def test_nothing_from_a_device_commands_the_terminal(self, desk: Desk) -> None:
        evil = Carrier(maker=Maker.OTHER, model="\033[2Jevil", serial="ab12")
        desk.happened(STARTED, identified(evil))
        code, told = desk.explain()
        assert code == 0
        assert "\033" not in told
        other = Carrier(maker=Maker.OTHER, model="\033[2Jother", serial="ab12")
        desk.happened(identified(other))
        code, told = desk.explain("ab12")
        assert (code, "\033" in told) == (1, False)
