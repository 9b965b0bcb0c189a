from __future__ import annotations

import pytest

from agent.desktop.notices import LONGEST, Notice, Urgency, of_case, of_verdict, with_holders

VERDICT = {
    "level": "deny",
    "rule": "unknown-carrier",
    "clause": "3.1",
    "carrier_ru": "Рутокен № 0992938513",
    "carrier_en": "Rutoken No. 0992938513",
    "reason_ru": "Носитель не учтён",
    "reason_en": "The carrier is unknown",
    "advice_ru": "Отнесите его ответственному",
    "advice_en": "Bring it to the responsible user",
}
CASE = {"case": 17, "severity": "deny", "what": "unknown-carrier", "host": "pc-17"}


def of(**changes: str) -> Notice:
    notice = of_verdict(VERDICT | changes, "ru")
    assert notice is not None
    return notice


def test_it_says_what_happened_to_which_carrier_and_what_to_do_now() -> None:
    assert of() == Notice(
        summary="Носителем пользоваться нельзя",
        body="Рутокен № 0992938513. Носитель не учтён. Отнесите его ответственному.",
        urgency=Urgency.CRITICAL,
    )


def test_the_same_in_english() -> None:
    notice = of_verdict(VERDICT, "en")
    assert notice is not None
    assert notice.body == (
        "Rutoken No. 0992938513. The carrier is unknown. Bring it to the responsible user."
    )


def test_nobody_is_nagged_about_a_carrier_that_may_be_used() -> None:
    assert of_verdict(VERDICT | {"level": "allow"}, "ru") is None


def test_a_warning_is_less_urgent() -> None:
    assert of(level="warn").urgency is Urgency.NORMAL


def test_what_is_not_identified_is_not_named() -> None:
    assert of(carrier_ru="").body.startswith("Носитель не учтён.")


@pytest.mark.parametrize("name", ["a\x1b[2Jb", "a\nb", "a\u202eb"])
def test_a_device_commands_nothing_by_its_name(name: str) -> None:
    assert of(carrier_ru=name).body.isprintable()


def test_a_name_without_end_is_cut() -> None:
    assert len(of(carrier_ru="x" * 10_000).body) == LONGEST


def test_a_case_says_its_number_what_it_is_about_and_where() -> None:
    notice = of_case(CASE | {"subject": "rutoken ecp № 0992938513"}, "ru")
    assert notice.summary == "Дело № 17: Нарушение"
    assert notice.body == "Носитель не учтён. Рабочее место pc-17. rutoken ecp № 0992938513."
    assert notice.urgency is Urgency.CRITICAL


def test_programs_that_may_have_taken_the_reader_are_named() -> None:
    told = with_holders(of(level="warn"), ["firefox", "scdaemon"], "ru")
    assert "firefox, scdaemon" in told.body
    assert with_holders(of(), [], "ru") == of()
