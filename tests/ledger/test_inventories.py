"""What workstations say of themselves: the books, the cases a change opens, and the rebuilding."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.events import Inventoried
from domain.inventory import LONGEST_TEXT, Control, Inventory
from ledger.events import CaseClosed, Origin
from ledger.intentions import RegisterWorkstation
from ledger.inventories import Known, known
from ledger.projections import TABLES, rebuild, record
from ledger.store import Reading
from ledger.verify import verify
from tests.ledger.opening import Desk
from tests.ledger.running import Running
from tests.ledger.test_intake import Telling
from tests.machines import CSP, inventory
from tests.outpost import Outpost

NEWER = dict.fromkeys(CSP, "5.0.13300-7")


@contextmanager
def telling() -> Iterator[Telling]:
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(Path(directory) / "ledger.sqlite3")
        desk.do(RegisterWorkstation(host="pc-17"))
        yield Telling(desk)
        desk.store.close()


@pytest.fixture
def pc17() -> Iterator[Telling]:
    with telling() as one:
        yield one


def say(one: Telling, *inventories: Inventory) -> None:
    first = len(one.lines) + 1
    one.record(*(Inventoried(inventory=said) for said in inventories))
    one.tell_all(first)


def books(one: Telling) -> Known:
    found = one.desk.store.read(lambda reading: known(reading, 1))
    assert found is not None
    return found


def open_cases(one: Telling) -> list[tuple[str, str]]:
    rows = one.desk.store.read(
        lambda reading: reading.all("SELECT what, subject FROM cases WHERE closed IS NULL")
    )
    return [(what, subject) for what, subject in rows]


def close(one: Telling, case: int) -> None:
    closed = CaseClosed(case=case, reason="выяснено")
    origin = Origin(who="t", source="t", happened="2026-11-24")
    one.desk.store.write(lambda transaction: record(transaction, origin, [closed]))


def test_the_first_inventory_is_where_the_ledger_begins(pc17: Telling) -> None:
    say(pc17, inventory())
    assert books(pc17).inventory == inventory()
    assert {one.name: one.version for one in books(pc17).since} == CSP
    assert open_cases(pc17) == []


def test_a_means_that_appears_changes_or_vanishes_is_a_case_each(pc17: Telling) -> None:
    say(pc17, inventory({}), inventory(), inventory(NEWER), inventory({"pcscd": "1"}))
    assert open_cases(pc17) == [
        ("means-appeared", "КриптоПро CSP 5.0.13000-7"),
        ("means-changed", "КриптоПро CSP 5.0.13000-7 → 5.0.13300-7"),
        ("means-vanished", "КриптоПро CSP 5.0.13300-7"),
    ]


def test_drivers_and_what_is_for_information_are_no_matter(pc17: Telling) -> None:
    extra = {"librtpkcs11ecp": "2.14", "opensc": "0.23", "cprocsp-pki-cades-64": "2.0.15000-1"}
    say(pc17, inventory(), inventory(CSP | extra), inventory(CSP))
    assert open_cases(pc17) == []


def test_the_stronger_class_is_a_means_of_its_own(pc17: Telling) -> None:
    say(pc17, inventory(), inventory(CSP | {"lsb-cprocsp-kc2-64": "5.0.13000-7"}))
    assert open_cases(pc17) == [("means-appeared", "КриптоПро CSP, исполнение КС2 5.0.13000-7")]


def test_what_could_not_be_asked_has_not_vanished(pc17: Telling) -> None:
    say(pc17, inventory(), inventory({}, Control.UNKNOWN, unasked=("dpkg: Permission denied",)))
    assert open_cases(pc17) == []
    assert {one.name for one in books(pc17).since} == set(CSP)
    say(pc17, inventory())
    assert open_cases(pc17) == []
    say(pc17, inventory({}, Control.ABSENT))
    assert [what for what, _ in open_cases(pc17)] == ["means-vanished"]


def test_a_new_version_counts_though_another_source_is_silent(pc17: Telling) -> None:
    say(pc17, inventory(), inventory(NEWER, unasked=("rpm: no answer in time",)))
    assert open_cases(pc17) == [("means-changed", "КриптоПро CSP 5.0.13000-7 → 5.0.13300-7")]
    assert set(books(pc17).since.values()) == {books(pc17).seen}


def test_a_time_control_switched_off_is_a_case_from_the_first_day(pc17: Telling) -> None:
    say(pc17, inventory(control=Control.OFF))
    assert open_cases(pc17) == [("time-control-off", "КриптоПро CSP")]
    close(pc17, 1)
    say(pc17, inventory(CSP | {"pcscd": "1"}, Control.OFF))
    assert open_cases(pc17) == [], "it was looked into, and is as it was"
    say(pc17, inventory(), inventory(control=Control.OFF))
    assert open_cases(pc17) == [("time-control-off", "КриптоПро CSP")]


def test_one_that_could_not_be_asked_is_none(pc17: Telling) -> None:
    say(pc17, inventory(), inventory(control=Control.UNKNOWN))
    assert open_cases(pc17) == []


def test_other_hardware_is_a_case_and_hardware_without_a_number_none(pc17: Telling) -> None:
    say(pc17, inventory(), inventory(serial=""), inventory(serial="A1234567"))
    assert open_cases(pc17) == []
    say(pc17, inventory(serial="B7654321"))
    assert open_cases(pc17) == [
        ("hardware-changed", "Aquarius Pro P30 K43 A1234567 → Aquarius Pro P30 K43 B7654321")
    ]


def test_the_same_again_is_no_fact(pc17: Telling) -> None:
    say(pc17, inventory())
    before = pc17.desk.events()
    say(pc17, inventory())
    assert pc17.desk.events() == before


def test_each_version_has_its_first_day(pc17: Telling) -> None:
    def stock(seen: str, packages: dict[str, str]) -> None:
        from ledger.inventories import take

        origin = Origin(who="pc-17", source="workstation", happened=seen)
        said = inventory(packages)
        pc17.desk.store.write(lambda transaction: take(transaction, origin, 1, seen, said))

    stock("2026-11-01T00:00:00Z", CSP)
    stock("2026-11-02T00:00:00Z", CSP | {"pcscd": "1"})
    stock("2026-11-03T00:00:00Z", CSP | {"pcscd": "1", "lsb-cprocsp-base": "5.0.13300-7"})
    told = {p.name.en: since for p, since in books(pc17).products().items()}
    assert told == {
        "CryptoPro CSP": ("5.0.13300-7", "2026-11-03T00:00:00Z"),
        "reader service pcscd": ("1", "2026-11-02T00:00:00Z"),
    }


@pytest.mark.parametrize("version", ["1\x1b[2J", "1" * (LONGEST_TEXT + 1), "1\n2"])
def test_what_our_agent_would_not_say_is_a_broken_journal(pc17: Telling, version: str) -> None:
    package = replace(inventory().packages[0], version=version)
    say(pc17, replace(inventory(), packages=(package,)))
    assert pc17.desk.store.read(lambda reading: known(reading, 1)) is None
    assert [what for what, _ in open_cases(pc17)] == ["unreadable-journal"]


def _tables(reading: Reading) -> dict[str, list[tuple[object, ...]]]:
    return {name: sorted(reading.all(f"SELECT * FROM {name}"), key=repr) for name in TABLES}


_INVENTORIES = st.builds(
    inventory,
    st.dictionaries(st.sampled_from(sorted(CSP)), st.sampled_from(["1", "2"]), max_size=3),
    st.sampled_from(Control),
    unasked=st.sampled_from([(), ("rpm: silent",)]),
    serial=st.sampled_from(["", "A", "B"]),
)


@settings(max_examples=25)
@given(said=st.lists(_INVENTORIES, min_size=1, max_size=8))
def test_the_rebuilt_books_are_equal(said: list[Inventory]) -> None:
    with telling() as one:
        say(one, *said)
        before = one.desk.store.read(_tables)
        assert before["inventories"]
        one.desk.store.write(
            lambda transaction: transaction.run("UPDATE inventories SET seen = 'nie'")
        )
        assert one.desk.store.read(_tables) != before
        one.desk.store.write(rebuild)
        assert one.desk.store.read(_tables) == before
        chain = one.desk.store.read(lambda r: r.all("SELECT line FROM events ORDER BY seq"))
        assert verify([line for (line,) in chain]).broken is None


def test_the_responsible_user_sees_it_in_words() -> None:
    with Running() as ledger:
        outpost = Outpost(ledger).enrolled()
        try:
            shown = outpost.ledger_command("workstation", "show", "--host", outpost.host).stdout
            assert "Описи от него ещё не было." in shown
            outpost.write(Inventoried(inventory=inventory({"pcscd": "1.9.9-2"})))
            outpost.write(Inventoried(inventory=inventory(control=Control.OFF)))
            outpost.ship()
            _look(outpost)
        finally:
            outpost.close()


def _look(outpost: Outpost) -> None:
    shown = outpost.ledger_command("workstation", "show", "--host", outpost.host).stdout
    assert "Машина: Aquarius Pro P30 K43, заводской номер A1234567" in shown
    assert "ВНИМАНИЕ (п. 4.2)" in shown
    row = next(line for line in shown.splitlines() if line.startswith("КриптоПро CSP"))
    assert row.split("  ")[-1] == "криптосредство"
    assert "5.0.13000-7" in row
    listed = outpost.ledger_command("workstation", "list").stdout
    assert "КриптоПро CSP 5.0.13000-7; контроль срока ключей ВЫКЛЮЧЕН" in listed
    found = json.loads(
        outpost.ledger_command("workstation", "show", "--host", outpost.host, "--json").stdout
    )
    assert found["products"][0]["version"] == "5.0.13000-7"
    cases = outpost.ledger_command("case", "list").stdout
    assert "контроль срока ключей выключен (п. 4.2)" in cases
    assert "установлено криптосредство, нужно заключение (п. 2.1)" in cases
    assert "Опись рабочего места" in outpost.ledger_command("events").stdout
    refused = outpost.ledger_command("workstation", "show", "--host", "pc-none")
    assert refused.returncode == 1
    assert "Рабочего места pc-none в журнале нет" in refused.stderr
