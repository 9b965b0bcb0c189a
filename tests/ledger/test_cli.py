"""`klyuchar ledger`: a responsible user's day, over the real socket."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.ledger_words import SAID
from domain.carrier import Maker
from domain.matters import matter
from domain.verdict import Level
from journal.digest import sha256
from ledger.events import Breach, Fact
from ledger.store import SqliteStore
from policies.judge import NOTHING_MATCHED, RULES
from tests.ledger.running import ROOT, Running


class Terminal:
    """The command line of one ledger."""

    def __init__(self, ledger: Running) -> None:
        self._prefix = [
            sys.executable,
            "-m",
            "cli.main",
            "--settings",
            str(ledger.settings),
            "ledger",
        ]
        self._environment = os.environ | {"PYTHONPATH": str(ROOT), "TZ": "Europe/Moscow"}

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._prefix, *arguments],
            cwd=ROOT,
            check=False,
            env=self._environment,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def good(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout

    def bad(self, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == 1, done.stdout
        assert "Traceback" not in done.stderr
        return done.stderr

    def answering(self, typed: str, *arguments: str) -> tuple[int, str, str]:
        """Run it at a terminal where ``typed`` is typed; exit code, output and questions."""
        ours, theirs = pty.openpty()
        os.write(ours, typed.encode())
        done = subprocess.run(
            [*self._prefix, *arguments],
            cwd=ROOT,
            check=False,
            env=self._environment,
            stdin=theirs,
            stderr=theirs,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
        )
        os.close(theirs)
        asked = b""
        with contextlib.suppress(OSError):
            while chunk := os.read(ours, 4096):
                asked += chunk
        os.close(ours)
        return done.returncode, done.stdout, asked.decode()


@pytest.fixture
def terminal(running: Running) -> Iterator[Terminal]:
    return Terminal(running)


@pytest.fixture
def one_issued(terminal: Terminal) -> Terminal:
    terminal.good("person", "add", "--name", "Иванова И. И.")
    terminal.good("person", "admit", "--person", "1", "--order", "1-П", "--date", "2026-01-12")
    terminal.good("carrier", "add", "--maker", "rutoken", "--model", "M", "--serial", "35640abc")
    terminal.good("document", "add", "--carrier", "35640ABC", "--name", "Ключ ЭП")
    terminal.good("issue", "--document", "КН-0001", "--person", "иванова", "--receipt", "№ 5")
    return terminal


def test_a_document_goes_its_whole_way(one_issued: Terminal) -> None:
    assert "Иванова И. И." in one_issued.good("document", "list")
    assert "принят" in one_issued.good("return", "--document", "КН-0001")
    out = one_issued.good("out-of-action", "--document", "КН-0001", "--reason", "replaced")
    assert "10 суток" in out
    destroyed = one_issued.good("destroy", "--document", "КН-0001", "--method", "physical")
    assert "Носитель № 1 выбыл" in destroyed
    assert "уничтожен" in one_issued.good("document", "list")
    assert "выбыл" in one_issued.good("carrier", "list")
    assert "Цепочка цела: событий 10" in one_issued.good("verify")
    assert "принят обратно" in one_issued.good("events", "--after", "6")


def test_lists_are_json_too(one_issued: Terminal) -> None:
    (person,) = json.loads(one_issued.good("person", "list", "--json"))
    assert (person["name"], person["order"]) == ("Иванова И. И.", "1-П")
    (carrier,) = json.loads(one_issued.good("carrier", "list", "--json"))
    assert carrier["spelled"] == str(int("35640abc", 16)).zfill(10)
    (document,) = json.loads(one_issued.good("document", "list", "--json"))
    assert document["standing"] == "issued"
    assert json.loads(one_issued.good("workstation", "list", "--json")) == []
    assert len(one_issued.good("events", "--json").splitlines()) == 6


def test_flash_drives_and_workstations_are_carriers_by_what_status_shows(
    terminal: Terminal,
) -> None:
    number = "1A2B-3C4D/0401AB77"
    model = ("--maker", "flash", "--model", "DataTraveler 3.0")
    assert "№ 1" in terminal.good("carrier", "add", *model, "--serial", number)
    disk = ("--maker", "workstation", "--model", "disk")
    terminal.good("carrier", "add", *disk, "--serial", "166b20fb-b635-4ff1-9567-ea4eb2f0b9f5")
    terminal.good("document", "add", "--carrier", number.lower(), "--name", "Ключ ЭП")
    flash, workstation = json.loads(terminal.good("carrier", "list", "--json"))
    assert (flash["serial"], flash["spelled"]) == ("1a2b3c4d/0401ab77", number)
    assert workstation["serial"] == "166b20fbb6354ff19567ea4eb2f0b9f5"
    assert "уже учтён" in terminal.bad("carrier", "add", *model, "--serial", "1a2b3c4d/0401ab77")
    assert "флэш-накопитель" in terminal.good("carrier", "list")


def test_a_refusal_names_its_clause_and_what_to_do(terminal: Terminal) -> None:
    terminal.good("person", "add", "--name", "Петров П. П.")
    terminal.good("carrier", "add", "--maker", "softhsm", "--model", "M", "--serial", "a1")
    terminal.good("document", "add", "--carrier", "1")
    said = terminal.bad("issue", "--document", "КН-0001", "--person", "1", "--receipt", "1")
    assert "п. 2.2" in said
    assert "klyuchar ledger person admit" in said


def test_what_is_missing_is_asked_for_in_russian(terminal: Terminal) -> None:
    code, said, asked = terminal.answering("\nИванова И. И.\n", "person", "add")
    assert code == 0
    assert asked.count("Фамилия, имя, отчество:") == 2
    assert "под № 1 внесено имя: Иванова И. И." in said


def test_what_is_missing_without_a_terminal_is_named(terminal: Terminal) -> None:
    assert "--name" in terminal.bad("person", "add")


def test_a_list_of_choices_is_asked_by_number(terminal: Terminal) -> None:
    code, said, asked = terminal.answering(
        f"{len(Maker) + 1}\n6\n", "carrier", "add", "--model", "M", "--serial", "a1"
    )
    assert (code, "Рутокен" in asked, asked.count(f"Выберите, 1–{len(Maker)}:")) == (0, True, 2)
    assert "внесён под № 1" in said
    assert "SoftHSM" in terminal.good("carrier", "list")


def test_end_of_input_records_nothing(terminal: Terminal) -> None:
    code, _, asked = terminal.answering("\x04", "person", "add")
    assert (code, "ничего не записано" in asked) == (1, True)
    assert json.loads(terminal.good("person", "list", "--json")) == []


class TestSerialWithTwoReadings:
    _RUTOKEN = ("carrier", "add", "--maker", "rutoken", "--model", "M")

    def _serials(self, terminal: Terminal) -> list[str]:
        rows = json.loads(terminal.good("carrier", "list", "--json"))
        return [row["serial"] for row in rows]

    @pytest.mark.parametrize(("typed", "serial"), [("1\n", "3039"), ("2\n", "12345")])
    def test_it_is_asked_about(self, terminal: Terminal, typed: str, serial: str) -> None:
        code, _, asked = terminal.answering(typed, *self._RUTOKEN, "--serial", "12345")
        assert (code, "двояко" in asked) == (0, True)
        assert self._serials(terminal) == [serial]

    def test_without_a_terminal_it_is_refused(self, terminal: Terminal) -> None:
        said = terminal.bad(*self._RUTOKEN, "--serial", "12345")
        assert "--serial-decimal" in said
        assert self._serials(terminal) == []

    def test_an_option_settles_it(self, terminal: Terminal) -> None:
        terminal.good(*self._RUTOKEN, "--serial-decimal", "0000012345")
        terminal.good(*self._RUTOKEN, "--serial-hex", "12345")
        assert self._serials(terminal) == ["3039", "12345"]

    def test_a_known_carrier_is_not_matched_silently(self, terminal: Terminal) -> None:
        terminal.good(*self._RUTOKEN, "--serial-hex", "1234567")
        assert "двояко" in terminal.bad("document", "add", "--carrier", "1234567")
        code, _, asked = terminal.answering("2\n", "document", "add", "--carrier", "1234567")
        assert (code, "другой" in asked) == (1, True)
        code, said, _ = terminal.answering("1\n", "document", "add", "--carrier", "1234567")
        assert (code, "КН-0001" in said) == (0, True)


def test_a_new_workstation_gets_a_code_and_what_to_compare(terminal: Terminal) -> None:
    said = terminal.good("workstation", "add", "--host", "PC-17", "--inventory", "101")
    assert "Рабочее место pc-17: № 1" in said
    assert "klyuchar enrol" in said
    assert terminal.good("fingerprint").strip() in said
    again = json.loads(terminal.good("workstation", "code", "--host", "pc-17", "--json"))
    assert again["code"] not in said
    assert "не учтено" in terminal.bad("workstation", "code", "--host", "pc-99")
    assert "pc-17" in terminal.good("workstation", "list")


def test_two_people_of_one_name_are_asked_about(terminal: Terminal) -> None:
    for post in ("библиотекарь", "бухгалтер"):
        terminal.good("person", "add", "--name", "Иванова И. И.", "--post", post)
    admit = ("person", "admit", "--person", "иванова", "--order", "1-П", "--date", "2026-01-12")
    assert "бухгалтер" in terminal.bad(*admit)
    code, said, _ = terminal.answering("2\n", *admit)
    assert (code, "№ 2 допущен" in said) == (0, True)


def test_a_certificate_is_named_by_file_or_fingerprint(terminal: Terminal, tmp_path: Path) -> None:
    file = tmp_path / "certificate.cer"
    file.write_bytes(b"0\x82certificate")
    terminal.good("carrier", "add", "--maker", "softhsm", "--model", "M", "--serial", "a1")
    for given in (str(file), sha256(b"0\x82certificate").hex().upper()):
        terminal.good("document", "add", "--carrier", "1", "--certificate", given)
    rows = json.loads(terminal.good("document", "list", "--json"))
    assert {row["certificate"] for row in rows} == {sha256(b"0\x82certificate").hex()}
    missing = terminal.run("document", "add", "--carrier", "1", "--certificate", "/no/such/file")
    assert (missing.returncode, "не прочитан" in missing.stderr) == (75, True)


def test_a_key_ends_with_the_day_where_the_person_is(terminal: Terminal) -> None:
    terminal.good("carrier", "add", "--maker", "softhsm", "--model", "M", "--serial", "a1")
    terminal.good("document", "add", "--carrier", "1", "--key-not-after", "2027-03-01")
    (row,) = json.loads(terminal.good("document", "list", "--json"))
    assert row["key_not_after"] == "2027-03-01T20:59:59Z"


def test_dates_are_typed_as_people_write_them(terminal: Terminal) -> None:
    terminal.good("person", "add", "--name", "Иванова И. И.", "--happened", "9.1.2026")
    terminal.good("person", "admit", "--person", "1", "--order", "1-П", "--date", "12.01.2026")
    (person,) = json.loads(terminal.good("person", "list", "--json"))
    assert person["order_date"] == "2026-01-12"
    refused = ("person", "admit", "--person", "1", "--order", "1-П", "--date", "31.02.2026")
    assert "п. 2.2" in terminal.bad(*refused)
    assert '"happened":"2026-01-09"' in terminal.good("events", "--json")


def test_an_absence_is_recorded_with_its_ground_and_ended(terminal: Terminal) -> None:
    days = ("--from", "1.12.2026", "--to", "14.12.2026")
    said = terminal.good("officer", "absent", *days, "--ground", "приказ № 5")
    assert "Отсутствует ответственный пользователь: с 2026-12-01 по 2026-12-14." in said
    said = terminal.good("officer", "absent", "--role", "deputy", *days, "--ground", "отпуск")
    assert "Дело № 1: некому разбирать дела." in said
    assert "некому разбирать дела" in terminal.good("case", "list")
    back = terminal.good("officer", "back", "--role", "deputy", "--from", "05.12.2026")
    assert "Отсутствие № 2 окончено: на месте с 2026-12-05." in back
    first, second = json.loads(terminal.good("officer", "list", "--json"))
    assert (first["ground"], first["back"], second["back"]) == ("приказ № 5", "", "2026-12-05")
    assert "заместитель" in terminal.good("officer", "list")


def test_an_absence_without_a_ground_is_asked_about(terminal: Terminal) -> None:
    assert "--ground" in terminal.bad("officer", "absent")
    code, said, asked = terminal.answering("больничный лист\n", "officer", "absent")
    assert (code, "Основание" in asked, "без срока" in said) == (0, True, True)
    assert "officer, deputy" in terminal.bad("officer", "absent", "--role", "директор")
    assert "п. 2.3" in terminal.bad("officer", "absent", "--from", "завтра", "--ground", "отпуск")
    assert "не записано" in terminal.bad("officer", "back", "--role", "deputy")


def test_a_case_that_is_none_is_not_taken(terminal: Terminal) -> None:
    assert "Открытого дела № 7 нет" in terminal.bad("case", "take", "--case", "7")
    assert "число" in terminal.bad("case", "take", "--case", "семь")


def test_an_empty_list_says_so(terminal: Terminal) -> None:
    assert terminal.good("case", "list") == "Записей нет.\n"
    assert json.loads(terminal.good("case", "list", "--json")) == []


def test_every_fact_of_the_ledger_has_words() -> None:
    assert set(SAID) == {kind.__name__ for kind in Fact.__args__}


def test_every_case_has_words() -> None:
    told = [rule.name for rule in RULES if set(rule.levels) - {Level.ALLOW}]
    for what in [*told, NOTHING_MATCHED.rule, *Breach]:
        assert matter(what).ru != what, what


def test_a_changed_event_is_named(running: Running, terminal: Terminal) -> None:
    terminal.good("person", "add", "--name", "Иванова И. И.")
    terminal.good("person", "add", "--name", "Петров П. П.")
    store = SqliteStore(running.database)

    def tamper(transaction: object) -> None:
        run = transaction.run  # type: ignore[attr-defined]
        run("DROP TRIGGER events_are_never_changed")
        changed = "CAST(replace(line, 'Иванова', 'Петрова') AS BLOB)"
        run(f"UPDATE events SET line = {changed} WHERE seq = 2")

    store.write(tamper)
    store.close()
    done = terminal.run("verify")
    assert done.returncode == 1
    assert "Событие 3 не продолжает событие 2" in done.stderr


def test_a_ledger_that_does_not_run_is_said_in_words(running: Running, terminal: Terminal) -> None:
    running.stop()
    done = terminal.run("person", "list")
    assert (done.returncode, "не отвечает: он не запущен" in done.stderr) == (75, True)
    assert "Traceback" not in done.stderr


def test_settings_that_are_missing_are_said_in_words(running: Running) -> None:
    running.stop()
    running.settings.write_text("[agent]\n")
    done = Terminal(running).run("person", "list")
    assert (done.returncode, "Настройки журнала учёта" in done.stderr) == (1, True)


def test_init_shows_the_fingerprint_that_the_ledger_then_has(
    running: Running, terminal: Terminal
) -> None:
    shown = terminal.good("fingerprint")
    running.stop()
    assert terminal.good("init") == shown
    assert "1" in terminal.good("rebuild")
