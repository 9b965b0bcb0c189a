"""Situations to judge: one in order to change bit by bit, and any at all for properties."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from domain.accounting import CarrierEntry, KeyDocument, OutOfAction, Standing
from domain.carrier import Carrier, Maker, SerialDefect
from domain.sighting import (
    Certificate,
    Container,
    ContainerKind,
    Evidence,
    Obstacle,
    Sighting,
    Unread,
)
from domain.snapshot import Mark
from policies.judge import judge
from policies.situation import LedgerView, Limits, Seat, Situation

NOW = datetime(2026, 11, 24, 3, 16, 9, tzinfo=UTC)
CARRIER = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="37354ce9")
MINE, OTHERS, SHARED = "a1" * 32, "b2" * 32, "c3" * 32
SEAT = Seat(login="ivanova", marks=(MINE,))
NOBODY = Seat(login="", marks=())
MARK = Mark(version=7, made_at="2026-11-24T03:00:00.000000Z")
OWN_CERTIFICATE = "d4" * 32


def certificate(**changes: str) -> Certificate:
    """A GOST certificate of five years whose private key's period ends in 2027."""
    values = {
        "sha256": OWN_CERTIFICATE,
        "serial": "1f",
        "subject": "CN=Holder",
        "issuer": "CN=Authority",
        "not_before": "2026-08-01T00:00:00Z",
        "not_after": "2031-08-01T00:00:00Z",
        "key_not_after": "2027-10-31T20:59:59Z",
    }
    return Certificate(**(values | changes))


def document(**changes: Any) -> KeyDocument:
    """A key document issued to the person at the seat."""
    values: dict[str, Any] = {
        "number": "КН-0001",
        "standing": Standing.ISSUED,
        "logins": (MINE,),
        "certificate": OWN_CERTIFICATE,
    }
    return KeyDocument(**(values | changes))


def withdrawn(reason: OutOfAction, number: str = "КН-0009", **changes: Any) -> KeyDocument:
    """A key document that is out of action, with a certificate nobody sees."""
    values = {"certificate": "", "standing": Standing.OUT_OF_ACTION} | changes
    return document(number=number, reason=reason, **values)


def entry(*documents: KeyDocument, carrier: Carrier = CARRIER, retired: bool = False) -> Any:
    return CarrierEntry(carrier=carrier, retired=retired, documents=documents)


def sighting(*certificates: Certificate, **changes: Any) -> Sighting:
    values: dict[str, Any] = {
        "carrier": CARRIER,
        "label": "Rutoken",
        "module": "rutoken",
        "slot": 0,
        "evidence": Evidence.TOKEN_INFO,
        "objects": len(certificates),
        "certificates": certificates,
    }
    return Sighting(**(values | changes))


def unread(obstacle: Obstacle, **changes: Any) -> Unread:
    return Unread(module="rutoken", slot=0, obstacle=obstacle, detail="C_GetTokenInfo", **changes)


def ledger(*documents: KeyDocument, **changes: Any) -> LedgerView:
    """A fresh snapshot's view of the carrier with these documents."""
    values: dict[str, Any] = {
        "mark": MARK,
        "age": 969,
        "entry": entry(*documents),
        "namesakes": (),
    }
    return LedgerView(**(values | changes))


def situation(**changes: Any) -> Situation:
    """The carrier in order: on the books, issued to the person at the seat, its key valid."""
    values: dict[str, Any] = {
        "seen": sighting(certificate()),
        "duplicates": 0,
        "ledger": ledger(document()),
        "host": "pc-17",
        "seat": SEAT,
        "now": NOW,
    }
    return Situation(**(values | changes))


def with_documents(*documents: KeyDocument, **changes: Any) -> Situation:
    return situation(ledger=ledger(*documents), **changes)


def told(facts: Situation) -> list[tuple[str, str]]:
    """Rule and level of each finding, in the verdict's order. Screens add the full stop."""
    findings = judge(facts).findings
    for one in findings:
        for text in (one.reason, one.advice):
            assert not text.ru.endswith(".")
            assert not text.en.endswith(".")
    return [(one.rule, one.level.value) for one in findings]


# Any situation: mostly of a few values, so that carriers, logins and certificates do meet.

_times = st.one_of(
    st.sampled_from(
        [
            "",
            "2026-11-24T03:16:09Z",
            "2026-11-30T00:00:00Z",
            "2025-01-01T00:00:00Z",
            "2031-01-01T00:00:00+03:00",
            "2027-02-30T00:00:00Z",
            "2027-01-01",
            "9999-12-31T23:59:59-14:00",
            "0001-01-01T00:00:00+14:00",
            "завтра",
        ]
    ),
    st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
    st.text(max_size=30),
)
_days = st.one_of(
    st.sampled_from(["", "2025-01-31", "2025-11-30", "2026-02-29", "9999-12-31", "0001-01-01"]),
    st.dates().map(lambda day: day.isoformat()),
    st.text(max_size=12),
)
_marks = st.sampled_from([MINE, OTHERS, SHARED])
_several_marks = st.lists(_marks, max_size=3).map(tuple)
_sha256 = st.sampled_from([OWN_CERTIFICATE, "e5" * 32, "f6" * 32, ""])
_names = st.sampled_from(["CN=Holder", "CN=Authority", ""])
carriers = st.one_of(
    st.just(CARRIER),
    st.builds(
        Carrier,
        maker=st.sampled_from(Maker),
        model=st.sampled_from(["rutoken ecp", "jacarta lt"]),
        serial=st.one_of(st.sampled_from(["37354ce9", "", "000", "1"]), st.text(max_size=9)),
    ),
)
documents = st.builds(
    KeyDocument,
    number=st.text(max_size=4),
    standing=st.sampled_from(Standing),
    reason=st.none() | st.sampled_from(OutOfAction),
    logins=_several_marks,
    shared_logins=_several_marks,
    certificate=_sha256,
    key_not_after=_times,
    made_on=_days,
)
certificates = st.builds(
    Certificate,
    sha256=_sha256,
    serial=st.text("0123456789abcdef", max_size=3),
    subject=_names,
    issuer=_names,
    not_before=_times,
    not_after=_times,
    key_not_after=_times,
)
entries = st.builds(
    CarrierEntry,
    carrier=carriers,
    retired=st.booleans(),
    documents=st.lists(documents, max_size=3).map(tuple),
)
# A fingerprint is its certificate's content: two certificates never share one.
sightings = st.builds(
    Sighting,
    carrier=carriers,
    label=st.text(max_size=3),
    module=st.text(max_size=3),
    slot=st.integers(0, 3),
    evidence=st.sampled_from(Evidence),
    objects=st.integers(-1, 3),
    certificates=st.lists(certificates, max_size=3, unique_by=lambda c: c.sha256).map(tuple),
    unparsed_certificates=st.integers(-1, 2),
    pin_locked=st.booleans(),
    containers=st.lists(
        st.builds(Container, folder=st.text(max_size=3), kind=st.sampled_from(ContainerKind)),
        max_size=3,
    ).map(tuple),
)
unreads = st.builds(
    Unread,
    module=st.text(max_size=3),
    slot=st.integers(-1, 3),
    obstacle=st.sampled_from(Obstacle),
    detail=st.text(max_size=3),
    label=st.text(max_size=3),
    defect=st.none() | st.sampled_from(SerialDefect),
    maker=st.none() | st.sampled_from(Maker),
)
seats = st.one_of(
    st.just(SEAT),
    st.just(NOBODY),
    st.builds(Seat, login=st.sampled_from(["", "ivanova"]), marks=_several_marks),
)
views = st.builds(
    LedgerView,
    mark=st.builds(Mark, version=st.integers(0, 9), made_at=_times),
    age=st.one_of(
        st.sampled_from([-301, -300, -1, 0, 86400, 86401, 604800, 604801]),
        st.integers(-(2**53), 2**53),
    ),
    entry=st.none() | entries,
    # The ledger holds a carrier once: at most one entry is of the carrier that is seen.
    namesakes=st.lists(
        entries.filter(lambda one: one.carrier != CARRIER),
        max_size=2,
        unique_by=lambda one: one.carrier,
    ).map(tuple),
)
limits = st.one_of(
    st.just(Limits()),
    st.builds(
        Limits,
        snapshot_warn_s=st.integers(-1, 2**40),
        snapshot_deny_s=st.integers(-1, 2**40),
        key_ending_days=st.integers(-1, 2**40),
    ),
)
situations = st.builds(
    Situation,
    seen=st.one_of(sightings, unreads),
    duplicates=st.integers(-1, 2),
    ledger=st.none() | views,
    host=st.text(max_size=3),
    seat=seats,
    now=st.one_of(st.just(NOW), st.datetimes(timezones=st.just(UTC))),
    limits=limits,
)


@st.composite
def _on_the_books(draw: st.DrawFn) -> Situation:
    """The carrier is known, so that more than "unknown" is tried."""
    facts = draw(situations)
    seen = draw(sightings)
    own = replace(draw(entries), carrier=seen.carrier)
    view = replace(draw(views), entry=own, namesakes=())
    return replace(facts, seen=seen, ledger=view)


@st.composite
def _nearly_in_order(draw: st.DrawFn) -> Situation:
    """Issued to the person at the seat, and its key ends some time: mild unless time says no."""
    ends = st.integers(-40, 80).map(lambda days: (NOW + timedelta(days=days)).isoformat())
    end = st.one_of(st.just(""), ends)
    issued = replace(document(), key_not_after=draw(end), made_on=draw(end)[:10])
    seen = sighting(certificate(key_not_after=draw(end), not_after=draw(ends)))
    view = ledger(issued, age=draw(st.integers(0, 10 * 86400)))
    return situation(seen=seen, ledger=view, limits=draw(limits))


on_the_books = _on_the_books()
nearly_in_order = _nearly_in_order()
any_situation = st.one_of(situations, on_the_books)
