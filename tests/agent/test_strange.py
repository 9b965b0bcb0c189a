"""Strange carriers and bad modules through the whole line: worker, agent, journal, screen.

Whatever they show or do is a clear event in words a person can read; never a traceback, and never
at the cost of the carrier beside them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.look_times import ENOUGH_LOOKS_S
from domain.carrier import Carrier, Maker
from domain.events import Identified, Judged, Unreadable
from domain.sighting import Sighting, Unread
from domain.verdict import Finding
from journal.verify import verify
from tests.certificates import ordinary
from tests.drivers.modules import compiled, fault_environment
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation


@dataclass(frozen=True, slots=True)
class Stage:
    """A workstation with the token "well", which is in order, and "odd", of which ``plan`` says
    what is wrong with it."""

    station: Workstation
    plan_file: Path

    def plan(self, *lines: str) -> None:
        """See fault.c; SLOT stands for the odd token's slot."""
        slot = str(self.station.slot("odd"))
        fresh = self.plan_file.with_suffix(".new")
        fresh.write_text("".join(f"{line.replace('SLOT', slot)}\n" for line in lines))
        fresh.rename(self.plan_file)

    def insert(self, name: str) -> None:
        """Plug the token; the agent is started with the first, when all is made."""
        if self.station.agent is None:
            self.station.start()
        self.station.insert(name)

    def sighting(self) -> Sighting:
        """The odd token, identified and judged."""
        self.insert("odd")
        wait_for(lambda: self.station.events("Judged"), what="a verdict")
        event = self.station.events("Identified")[-1].event
        assert isinstance(event, Identified)
        return event.sighting

    def unread(self) -> Unread:
        """The odd token, told as unreadable and judged."""
        self.insert("odd")
        wait_for(lambda: self.station.events("Judged"), what="a verdict")
        assert not self.station.events("Identified")
        event = self.station.events("Unreadable")[-1].event
        assert isinstance(event, Unreadable)
        return event.unread

    def deciding(self) -> Finding:
        event = self.station.events("Judged")[-1].event
        assert isinstance(event, Judged)
        return event.verdict.deciding

    def screen(self) -> str:
        """All that was recorded, as a person reads it."""
        shown = self.station.command("journal", "show")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert all(line.isprintable() for line in shown.stdout.splitlines())
        return " ".join(shown.stdout.split())


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compiled("fault", tmp_path_factory.mktemp("fault"))


@pytest.fixture
def stage(tmp_path: Path, library: Path) -> Iterator[Stage]:
    plan = tmp_path / "plan"
    plan.touch()
    with workstation((str(library),), fault_environment(plan)) as station:
        station.make_tokens("well", "odd")
        station.issue("well", "odd")
        station.set(module_deadline_s=2)
        yield Stage(station, plan)
        assert station.stop() == 0
        assert station.said() == ""
        assert verify(station.journal, public_key=None, strict=True).whole


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Бухгалтерия".encode("cp1251"), "Бухгалтерия"),
        ("Ключ бухгалтера №1 Ивановой".encode()[:32], "Ключ бухгалтера"),
        ("\u202e\x1b[2J\x1b]0;x\x07Директор\r\n".encode(), "[2J ]0;x Директор"),
        (bytes(range(0x80, 0xA0)), None),
    ],
    ids=["cp1251", "cut UTF-8", "what a terminal obeys", "no letters"],
)
def test_labels_in_any_bytes(stage: Stage, label: bytes, shown: str | None) -> None:
    stage.plan(f"C_GetTokenInfo SLOT * label {label.hex()}")
    assert shown in (None, stage.sighting().label)
    assert stage.deciding().level.value == "allow"
    assert "МОЖНО пользоваться" in stage.screen()


@pytest.mark.parametrize(
    "value",
    [b"\x30\x83\x01\x90\x00" + bytes(102_400), b"\xff" * 300],
    ids=["100 KiB", "garbage"],
)
def test_certificates_that_are_none(stage: Stage, value: bytes) -> None:
    stage.station.put_certificate("odd", value)
    sighting = stage.sighting()
    assert (sighting.objects, sighting.unparsed_certificates) == (1, 1)
    assert (stage.deciding().rule, stage.deciding().level.value) == ("contents-not-read", "warn")
    assert "не разобрано сертификатов: 1" in stage.screen()


def test_a_certificate_of_somebody_who_commands_terminals(stage: Stage) -> None:
    stage.station.put_certificate("odd", ordinary("\u202e\x1b[31mИванова И. И."))
    (certificate,) = stage.sighting().certificates
    assert certificate.subject.isprintable()
    assert "Иванова И. И." in certificate.subject
    assert stage.screen()


def test_no_objects_are_not_called_empty(stage: Stage) -> None:
    assert stage.sighting().objects == 0
    assert "Через PKCS#11 не видно объектов" in stage.screen()


@pytest.mark.parametrize(
    ("lies", "rule", "words"),
    [
        (["serial _"], "no-usable-serial", "нет пригодного номера"),
        (["serial 0000000000000000"], "no-usable-serial", "нет пригодного номера"),
        (["rawserial d0d1d2d3"], "no-usable-serial", "нет пригодного номера"),
        (["flags 0", "model JaCarta"], "not-initialised", "не инициализирован"),
    ],
    ids=["empty", "zeros", "unprintable", "uninitialised"],
)
def test_what_identifies_nothing_is_never_a_match(
    stage: Stage, lies: list[str], rule: str, words: str
) -> None:
    label = "Бухгалтерия".encode("cp1251").hex()
    stage.plan(*(f"C_GetTokenInfo SLOT * {lie}" for lie in [*lies, f"label {label}"]))
    assert stage.unread().label == "Бухгалтерия"
    assert (stage.deciding().rule, stage.deciding().level.value) == (rule, "deny")
    assert f"Вставленный носитель «Бухгалтерия» не опознан: {words}" in stage.screen().replace(
        "у носителя ", ""
    ).replace("носитель ещё не подготовлен к работе (", "")


def test_two_carriers_of_one_serial_are_both_denied(stage: Stage) -> None:
    stage.insert("well")
    wait_for(lambda: stage.station.events("Judged"), what="the first")
    assert stage.deciding().level.value == "allow"
    stage.plan(f"C_GetTokenInfo SLOT * serial {stage.station.serials['well'].upper()}")
    stage.insert("odd")
    wait_for(lambda: len(stage.station.events("Judged")) > 1, what="the second")
    assert (stage.deciding().rule, stage.deciding().level.value) == ("duplicate-identity", "deny")


def test_a_rutoken_is_shown_by_its_case_and_found_by_its_hexadecimal(stage: Stage) -> None:
    rutoken = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="37354ce9")
    stage.station.issue_carriers(rutoken)
    at = "C_GetTokenInfo SLOT *"
    stage.plan(f"{at} maker Aktiv_Co.", f"{at} model Rutoken_ECP", f"{at} serial 37354CE9")
    assert stage.sighting().carrier == rutoken
    assert stage.deciding().level.value == "allow"
    assert "Рутокен № 0926239977: МОЖНО пользоваться" in stage.screen()
    assert "37354ce9" not in stage.screen().lower()
    status = stage.station.command("status")
    assert "0926239977" in status.stdout


BAD = [
    pytest.param("hang", "deadline", "не ответила вовремя", id="hang"),
    pytest.param("segv", "module-died", "аварийно завершилась", id="segv"),
    pytest.param("exit", "module-died", "аварийно завершилась", id="exit"),
    pytest.param("babble", "nonsense", "ответила бессмыслицей", id="rubbish on the socket"),
    pytest.param("changing", "nonsense", "ответила бессмыслицей", id="lie"),
    pytest.param("rv 80000001", "pkcs11-error", "сообщила об ошибке", id="vendor's code"),
]


@pytest.mark.parametrize(("behaviour", "obstacle", "words"), BAD)
def test_a_bad_slot_costs_an_event_and_not_the_carrier_beside_it(
    stage: Stage, behaviour: str, obstacle: str, words: str
) -> None:
    station = stage.station
    stage.plan(f"C_GetTokenInfo SLOT * {behaviour}")
    stage.insert("odd")
    wait_for(lambda: station.events("Judged"), what="the bad slot told")
    (told,) = station.events("Unreadable")
    assert isinstance(told.event, Unreadable)
    assert (told.event.unread.obstacle, told.event.unread.slot) == (obstacle, station.slot("odd"))
    assert stage.deciding().rule == "unreadable"
    assert words in stage.screen()
    stage.insert("well")
    wait_for(lambda: station.events("Identified"), what="the carrier beside it")
    wait_for(lambda: stage.deciding().level.value == "allow", what="its verdict")
    # The maker mends it: the same carrier is there at once.
    stage.plan()
    station.remove("well")
    wait_for(lambda: sees(station, "odd"), what="the mended one")


@pytest.mark.parametrize(("behaviour", "obstacle", "words"), [BAD[0], BAD[1], BAD[-1]])
def test_a_bad_module_blinds_and_the_agent_sees_again(
    stage: Stage, behaviour: str, obstacle: str, words: str
) -> None:
    station = stage.station
    stage.insert("well")
    wait_for(lambda: station.events("Judged"), what="the carrier")
    stage.plan(f"C_Initialize * * {behaviour}")
    stage.insert("odd")
    wait_for(lambda: station.events("Blind"), what="the bad module told")
    assert words in stage.screen()
    assert "через «fault»" in station.command("status").stdout
    assert not station.events("Missed")
    stage.plan()
    station.remove("odd")
    wait_for(lambda: station.events("Seeing"), what="seeing again")
    assert len(station.events("Blind")) == 1
    assert not station.events("Missed")


def test_a_module_that_is_mended_is_found_without_any_message(stage: Stage) -> None:
    station = stage.station
    stage.plan("C_Initialize * * exit")
    station.start(hurried=True)
    wait_for(lambda: station.events("Blind"), what="the bad module told")
    time.sleep(ENOUGH_LOOKS_S + 0.3)  # past the looks that the start itself caused
    stage.plan()
    wait_for(lambda: station.events("Seeing"), what="seeing again")


def sees(station: Workstation, name: str) -> bool:
    seen = [r.event for r in station.events("Identified") if isinstance(r.event, Identified)]
    return any(event.sighting.carrier == station.carrier(name) for event in seen)
