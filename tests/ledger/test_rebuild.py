"""The books are projections: dropped and rebuilt from the events they come out the same."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.accounting import OutOfAction
from domain.carrier import Maker
from ledger.events import Fact, MailDelivered, MailFailed, Method, Origin, Role
from ledger.intentions import (
    AddLogin,
    AdmitPerson,
    CloseCase,
    Command,
    Issue,
    PutOutOfAction,
    RecordAbsence,
    RecordDestruction,
    RecordPresence,
    RegisterCarrier,
    RegisterKeyDocument,
    RegisterPerson,
    RegisterWorkstation,
    Return,
    TakeCase,
)
from ledger.projections import TABLES, rebuild, record
from ledger.store import Reading
from ledger.verify import verify
from tests.ledger.opening import Desk

_FEW = st.integers(1, 3)
_NUMBERS = st.integers(1, 5).map(lambda n: f"КН-{n:04d}")
_NAMES = st.sampled_from(
    ["Иванова И. И.", "Петров П. П.", "Анна-Мария д’Арк", "\u0000\ud7ff\U0001f511"]
)
_DAYS = st.integers(1, 9).map(lambda day: f"2026-12-0{day}")
_IDS = st.sampled_from(["", "", "a", "b", "c"])

_COMMANDS: st.SearchStrategy[Command] = st.one_of(
    st.builds(RegisterPerson, name=_NAMES, id=_IDS),
    st.builds(
        AddLogin,
        person=_FEW,
        login=st.sampled_from(["kassa", "IVANOVA"]),
        host=st.sampled_from(["pc-1", ""]),
        domain=st.sampled_from(["bibl.local", ""]),
    ),
    st.builds(
        AdmitPerson,
        person=_FEW,
        order_number=st.sampled_from(["1-П", "2-П"]),
        order_date=st.sampled_from(["2026-01-12", "2026-02-12"]),
    ),
    st.builds(RegisterWorkstation, host=st.sampled_from(["pc-1", "pc-2"])),
    st.builds(
        RegisterCarrier,
        maker=st.sampled_from([Maker.JACARTA, Maker.RUTOKEN]),
        model=st.just("M"),
        serial=st.sampled_from(["4C530001", "a1b2c3"]),
    ),
    st.builds(RegisterKeyDocument, carrier=_FEW, id=_IDS),
    st.builds(Issue, document=_NUMBERS, person=_FEW, receipt=st.just("1"), id=_IDS),
    st.builds(Return, document=_NUMBERS),
    st.builds(PutOutOfAction, document=_NUMBERS, reason=st.sampled_from(OutOfAction)),
    st.builds(
        RecordAbsence,
        role=st.sampled_from(Role),
        first=_DAYS,
        last=st.just("") | _DAYS,
        ground=st.sampled_from(["приказ", ""]),
        id=_IDS,
    ),
    st.builds(RecordPresence, role=st.sampled_from(Role), since=_DAYS),
    st.builds(TakeCase, case=_FEW),
    st.builds(CloseCase, case=_FEW, reason=st.sampled_from(["выяснено", ""])),
    st.builds(
        RecordDestruction,
        documents=st.lists(_NUMBERS, min_size=1, max_size=3).map(tuple),
        method=st.sampled_from(Method),
    ),
)
_BEGINNING: list[Command] = [
    RegisterPerson(name="Иванова И. И."),
    AdmitPerson(person=1, order_number="1-П", order_date="2026-01-12"),
    RegisterCarrier(maker=Maker.RUTOKEN, model="M", serial="a1b2c3"),
    RegisterKeyDocument(carrier=1),
]


def _all_tables(reading: Reading) -> dict[str, list[tuple[object, ...]]]:
    return {name: sorted(reading.all(f"SELECT * FROM {name}"), key=repr) for name in TABLES}


_LETTERS: st.SearchStrategy[Fact] = st.one_of(
    st.builds(
        MailDelivered,
        case=_FEW,
        message_id=st.sampled_from(["<a>", "<b>"]),
        role=st.sampled_from(Role),
        number=_FEW,
        reply=st.just(250),
        attempts=_FEW,
    ),
    st.builds(
        MailFailed,
        case=_FEW,
        role=st.sampled_from(Role),
        number=_FEW,
        reply=st.sampled_from([0, 550]),
        permanent=st.booleans(),
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(commands=st.lists(_COMMANDS, max_size=25), letters=st.lists(_LETTERS, max_size=5))
def test_after_any_commands_the_rebuilt_books_are_equal(
    commands: list[Command], letters: list[Fact]
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(Path(directory) / "ledger.sqlite3")
        for command in [*_BEGINNING, *commands]:
            desk.give(command)
            desk.now += timedelta(microseconds=1)
        mailer = Origin(who="klyuchar", source="mailer", happened="2026-11-24")
        desk.store.write(lambda transaction: record(transaction, mailer, letters))
        before = desk.store.read(_all_tables)
        desk.store.write(lambda transaction: transaction.run("UPDATE people SET name = 'Никто'"))
        assert desk.store.read(_all_tables) != before
        events = desk.store.write(rebuild)
        assert desk.store.read(_all_tables) == before
        _chain_is_whole(desk, events)
        desk.store.close()


def _chain_is_whole(desk: Desk, events: int) -> None:
    lines = desk.store.read(
        lambda reading: [line for (line,) in reading.all("SELECT line FROM events ORDER BY seq")]
    )
    report = verify(lines)
    assert report.broken is None
    assert report.head.seq == events == len(lines)


_SOURCES = {"present_journals", "events", "journals", "journal_lines", "migrations"}
"""What the books are written from, or beside: never rebuilt."""


def test_every_table_but_the_sources_is_rebuilt(desk: Desk) -> None:
    rows = desk.store.read(
        lambda reading: reading.all("SELECT name FROM sqlite_master WHERE type = 'table'")
    )
    assert {name for (name,) in rows} - _SOURCES == set(TABLES)


def test_the_random_commands_reach_every_event() -> None:
    """The property above would be empty if its commands were always refused."""
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(Path(directory) / "ledger.sqlite3")
        for command in [
            *_BEGINNING,
            Issue(document="КН-0001", person=1, receipt="1"),
            Return(document="КН-0001"),
            PutOutOfAction(document="КН-0001", reason=OutOfAction.UNUSED),
            RecordDestruction(documents=("КН-0001",), method=Method.PHYSICAL),
            RecordAbsence(first="2026-12-01", ground="приказ"),
            RecordAbsence(role=Role.DEPUTY, first="2026-12-01", ground="приказ"),
            RecordPresence(since="2026-12-01"),
            TakeCase(case=1),
            CloseCase(case=1, reason="выяснено"),
        ]:
            desk.do(command)
        desk.store.close()
