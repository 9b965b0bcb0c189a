"""Every event has words, and no device can smuggle a terminal's commands into them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.causes import explained, remedy
from cli.wording import line
from domain.carrier import Carrier, Maker
from domain.events import Blind, Event, Identified, Judged, Noticed, Reenumerated, Unreadable
from domain.sighting import (
    Container,
    ContainerKind,
    Device,
    Evidence,
    Obstacle,
    Sighting,
    Unread,
)
from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from drivers.modules import Flaw
from journal.decode import Record
from tests.journal.values import KINDS, values

RUTOKEN = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="3a1b2c4d")


def told(event: Event | None, name: str = "") -> Text:
    return line(
        Record(
            seq=1,
            time="2026-11-24T03:16:09.123456Z",
            boot="b",
            host="h",
            name=name or type(event).__name__,
            event=event,
        )
    )


def sighting(**changes: Any) -> Sighting:
    facts: dict[str, Any] = {
        "carrier": RUTOKEN,
        "label": "ivanova",
        "module": "rutoken",
        "slot": 0,
        "evidence": Evidence.TOKEN_INFO,
        "objects": 3,
        "certificates": (),
    }
    return Sighting(**facts | changes)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_event_is_one_printable_line_in_both_languages(
    kind: type[Any], data: st.DataObject
) -> None:
    text = told(data.draw(values(kind)))
    for words in (text.ru, text.en):
        assert words
        assert words.isprintable()
    assert any("а" <= char <= "я" for char in text.ru.lower())


def judged(level: Level, carrier: Carrier | None = RUTOKEN, clause: str = "3.3") -> Text:
    finding = Finding(
        rule="issued-to-another",
        clause=clause,
        level=level,
        reason=Text(ru="Носитель выдан Петрову П. П.", en="The carrier is issued to Petrov P. P."),
        advice=Text(ru="верните его ответственному", en="return it to the responsible user"),
    )
    verdict = Verdict(findings=(finding,), snapshot=None, age=None)
    return told(Judged(carrier=carrier, port="", seat="ivanova", verdict=verdict))


def test_a_verdict_gives_carrier_verdict_reason_and_advice() -> None:
    assert judged(Level.DENY) == Text(
        ru="Рутокен № 0974859341: НЕЛЬЗЯ пользоваться (п. 3.3). Носитель выдан Петрову П. П. "
        "Что делать: верните его ответственному.",
        en="Rutoken No. 0974859341: NOT ALLOWED (clause 3.3). The carrier is issued to Petrov P. "
        "P. What to do: return it to the responsible user.",
    )


def test_levels_read_differently() -> None:
    assert "МОЖНО" in judged(Level.ALLOW).ru
    assert "ВНИМАНИЕ" in judged(Level.WARN).ru
    assert "Неопознанный носитель" in judged(Level.DENY, carrier=None).ru
    assert "(п. " not in judged(Level.ALLOW, clause="").ru


def test_no_visible_objects_is_never_called_empty() -> None:
    text = told(Identified(sighting=sighting(objects=0), port=""))
    assert "не видно объектов" in text.ru
    assert "No objects visible through PKCS#11" in text.en
    unasked = told(Identified(sighting=sighting(objects=-1), port=""))
    assert "узнать не удалось" in unasked.ru
    for words in (text.ru, text.en, unasked.ru, unasked.en):
        assert "пуст" not in words
        assert "empty" not in words


def test_a_machines_doing_is_not_called_a_pull() -> None:
    text = told(Reenumerated(sighting=sighting(), gap_ms=1250))
    assert "его не вынимали" in text.ru
    assert "1,2 с" in text.ru


def test_a_label_cannot_command_the_terminal() -> None:
    unread = Unread(
        module="x",
        slot=0,
        obstacle=Obstacle.NO_SERIAL,
        detail="\x1b]0;title\x07",
        label="a\x1b[2J\nРутокен № 1: МОЖНО\u202e",
    )
    text = told(Unreadable(unread=unread, port=""))
    for words in (text.ru, text.en):
        assert not set("\x1b\x07\n\u202e") & set(words)


def test_blindness_is_explained_in_words() -> None:
    text = told(Blind(what="rutoken", reason="module-died: signal 11"))
    assert "НЕ ВИЖУ" in text.ru
    assert "аварийно завершилась (signal 11)" in text.ru
    assert "module-died" not in text.ru


def test_every_cause_has_words_and_what_is_not_a_devices_doing_has_a_remedy() -> None:
    for cause in [*Obstacle, *Flaw, "quarantined", "wrong-drop-in", "udev-silent", "udevd-stopped"]:
        assert explained(cause) is not None, cause
    for cause in [*Flaw, "quarantined", "pcscd-down", "pcscd-denied", "udevd-stopped"]:
        assert remedy(cause).ru, cause


def test_what_to_do_about_pcscd_depends_on_what_is_wrong_with_it() -> None:
    words = {
        state: told(Blind(what="pcscd", reason=f"pcscd-down: {state}; SCardEstablishContext: x")).ru
        for state in ("not-installed", "masked", "stopped")
    }
    assert "apt install pcscd" in words["not-installed"]
    assert "systemctl unmask pcscd.socket" in words["masked"]
    assert "systemctl start pcscd.socket" in words["stopped"]
    assert all("носители во всех считывателях" in one for one in words.values())


def test_a_carrier_known_by_usb_only_says_which_it_is_and_why_its_number_is_unknown() -> None:
    device = Device(
        port="/1-1",
        usb_id="0a89:0030",
        maker=Maker.RUTOKEN,
        model="Rutoken ECP",
        usb_serial="77",
    )
    unread = Unread(
        module="",
        slot=-1,
        obstacle=Obstacle.MODULE_ABSENT,
        detail="librtpkcs11ecp",
        label="Rutoken ECP",
    )
    text = told(Unreadable(unread=unread, port="/1-1", device=device))
    assert text.ru == (
        "Вставленный носитель «Rutoken ECP» не опознан: программа изготовителя не установлена "
        "(librtpkcs11ecp). Номер неизвестен: по USB видно только, что это Rutoken ECP (0a89:0030); "
        "номер в описателе USB, 77, — не номер носителя. Что делать: установите модуль из пакета "
        "изготовителя для этого компьютера, затем systemctl restart klyuchar-agent."
    )
    assert "Its serial is unknown" in text.en


def test_a_stale_copy_is_noticed_in_words() -> None:
    text = told(Noticed(what="rutoken", finding="stale-copy", detail="/opt/a.so: /opt/b.so"))
    assert text.ru.startswith("Модуль «rutoken»: есть ещё одна, другая библиотека")
    assert "/opt/a.so" in text.ru


def test_an_event_of_a_later_version_is_named() -> None:
    assert "«FromTheFuture»" in told(None, "FromTheFuture").ru


FLASH = Carrier(maker=Maker.FLASH, model="flash disk", serial="1a2b3c4d/0401ab77")


def on_flash(objects: int, *containers: Container) -> str:
    seen = sighting(
        carrier=FLASH, label="KEYS", module="storage", objects=objects, containers=containers
    )
    return told(Identified(sighting=seen, port="")).ru


def test_a_flash_drive_is_named_as_the_ledger_asks_for_it() -> None:
    one = Container(folder="ivanov00.000", kind=ContainerKind.EXCHANGE)
    two = Container(folder="k/petrov.000", kind=ContainerKind.SIGNATURE)
    words = on_flash(5, one, two)
    assert "Флэш-накопитель «flash disk» № 1A2B-3C4D/0401AB77 «KEYS»" in words
    assert "ivanov00.000 (обмен и подпись), k/petrov.000 (только подпись) и ещё 3" in words
    assert "PKCS#11" not in words + on_flash(0) + on_flash(-1)
    assert "не открыт" in on_flash(-1)
    assert "не видно" in on_flash(0)


def test_storage_that_could_not_be_read_is_no_maker_s_program() -> None:
    for obstacle in Obstacle:
        for maker in (None, Maker.FLASH, Maker.WORKSTATION):
            unread = Unread(module="storage", slot=1, obstacle=obstacle, detail="EIO", maker=maker)
            words = told(Unreadable(unread=unread, port="")).ru
            if obstacle in {Obstacle.DEADLINE, Obstacle.FILE_SYSTEM_ERROR, Obstacle.NO_SERIAL}:
                assert "изготовител" not in words
            assert ("Диск этого компьютера" in words) == (maker is Maker.WORKSTATION)
    words = told(Blind(what="storage", reason="deadline: getdents")).ru
    assert "флэш-накопители" in words
    assert "изготовител" not in words
    words = told(Blind(what="storage", reason="no-worker: ENOENT: x")).ru
    assert "klyuchar-storage.socket" in words
    assert "klyuchar-worker.socket" not in words
