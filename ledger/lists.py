"""What the lists show, as plain JSON values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from domain.canonical import plain
from domain.carrier import Carrier, Maker
from journal.digest import sha256
from journal.signing import Signer, fingerprint
from ledger import inventories
from ledger.books import Books, CarrierRow, LetterRow
from ledger.events import Role
from ledger.serials import meanings
from ledger.store import Reading

Attempts = Callable[[int, Role], int]
"""How often mail about a case to somebody was tried in vain."""


def ledger(reading: Reading, signer: Signer) -> object:
    """Whose ledger it is, where its chain stands, and what to compare aloud at an enrolment."""
    opening = Books(reading).opening()
    last = reading.one("SELECT seq, line FROM events ORDER BY seq DESC LIMIT 1")
    return {
        "organisation": opening.organisation if opening else "",
        "seq": last[0] if last else 0,
        "head": sha256(last[1]).hex() if last else "",
        "fingerprint": fingerprint(signer.public_key),
    }


def people(reading: Reading) -> list[Any]:
    """Everybody, with their logins and the last order that admitted them."""
    books = Books(reading)
    logins = defaultdict(list)
    for one in books.logins():
        logins[one.person].append({"kind": one.kind, "realm": one.realm, "login": one.login})
    return [plain(person) | {"logins": logins[person.person]} for person in books.people()]


def workstations(reading: Reading) -> list[Any]:
    """Every workstation, with the fingerprint of its agent's key once it is enrolled, the last
    record that was received of its present journal with that record's SHA-256, and the products
    that are installed on it."""
    books = Books(reading)
    return [
        plain(one)
        | {"fingerprint": _agent_fingerprint(books, one.workstation)}
        | _received(reading, one.workstation)
        | _stock(reading, one.workstation)
        for one in books.workstations()
    ]


def workstation(reading: Reading, host: str) -> Any:
    """One workstation with all that its inventory says; None where no such one is registered."""
    found = Books(reading).workstation_called(host)
    if found is None:
        return None
    known = inventories.known(reading, found.workstation)
    told = {"inventory_of": known.seen, **plain(known.inventory)} if known else {}
    return plain(found) | _stock(reading, found.workstation) | told


def _stock(reading: Reading, workstation: int) -> dict[str, Any]:
    known = inventories.known(reading, workstation)
    if known is None:
        return {"products": [], "control": ""}
    return {
        "products": [
            {
                "name": plain(product.name),
                "kind": product.kind.value,
                "version": version,
                "since": since,
            }
            for product, (version, since) in known.products().items()
        ],
        "control": known.inventory.time_control.state.value,
    }


def _received(reading: Reading, workstation: int) -> dict[str, Any]:
    row = reading.one(
        "SELECT j.seq, j.head FROM journals j JOIN present_journals p "
        "ON p.workstation = j.workstation AND p.generation = j.generation "
        "WHERE j.workstation = ? ORDER BY j.branch DESC LIMIT 1",
        workstation,
    )
    return {"received": row[0], "received_sha256": row[1]} if row else {"received": 0}


def _agent_fingerprint(books: Books, workstation: int) -> str:
    enrolled = books.enrolled(workstation)
    return fingerprint(bytes.fromhex(enrolled.public_key)) if enrolled else ""


def carriers(reading: Reading) -> list[Any]:
    """Every carrier."""
    return [_carrier(row) for row in Books(reading).carriers()]


def carriers_meant(reading: Reading, makers: Sequence[Maker], typed: str) -> object:
    """The carriers that a serial as typed by a person may name.

    ``ambiguous`` says that the digits have two readings, decimal and hexadecimal: even a single
    carrier found is then a question to the person, not an answer.
    """
    books = Books(reading)
    readings = {maker: {one.serial for one in meanings(maker, "", typed)} for maker in makers}
    serials = set[str]().union(*readings.values())
    found = [row for serial in sorted(serials) for row in books.carriers(serial)]
    meant = [row for row in found if row.identity.serial in readings.get(row.identity.maker, ())]
    ambiguous = any(len(readings[row.identity.maker]) > 1 for row in meant)
    return {"carriers": [_carrier(row) for row in meant], "ambiguous": ambiguous}


def documents(reading: Reading) -> list[Any]:
    """Every key document with the name of its holder and the carrier it is on."""
    books = Books(reading)
    names = {person.person: person.name for person in books.people()}
    spelled = {row.carrier: row.identity.spelled() for row in books.carriers()}
    return [
        plain(row)
        | {
            "holder_name": names.get(row.holder, "") if row.holder else "",
            "serial": spelled[row.carrier],
        }
        for row in books.documents()
    ]


def cases(reading: Reading, attempts: Attempts) -> list[Any]:
    """Every case with the workstation's host, its subject as a person knows it, and how far it was
    told; ``attempts`` counts the vain ones since the ledger was started."""
    books = Books(reading)
    hosts = {row.workstation: row.host for row in books.workstations()}
    told: defaultdict[int, dict[Role, dict[str, Any]]] = defaultdict(dict)
    for letter in books.letters():
        told[letter.case][letter.role] = _told(letter, told[letter.case].get(letter.role, {}))
    return [
        plain(row)
        | {
            "host": hosts.get(row.workstation, ""),
            "subject": _subject(row.subject),
            "mail": [
                one | {"role": role, "attempts": attempts(row.case, role)}
                for role, one in told[row.case].items()
            ],
        }
        for row in books.cases()
    ]


def open_cases(reading: Reading) -> list[Any]:
    """The open cases, as `cases` has them but for who was told of them."""
    books = Books(reading)
    hosts = {row.workstation: row.host for row in books.workstations()}
    return [
        plain(row) | {"host": hosts.get(row.workstation, ""), "subject": _subject(row.subject)}
        for row in books.cases()
        if row.open
    ]


def _told(letter: LetterRow, before: dict[str, Any]) -> dict[str, Any]:
    """How far somebody was told, with what became of one more letter: ``count`` messages, the last
    ``at``; ``failing`` since when, empty where nothing does."""
    if letter.delivered:
        return {"count": before.get("count", 0) + 1, "at": letter.at, "failing": ""}
    return {
        "count": before.get("count", 0),
        "at": before.get("at", ""),
        "failing": before.get("failing") or letter.at,
        "reply": letter.reply,
        "permanent": letter.permanent,
    }


def absences(reading: Reading) -> list[Any]:
    """Every absence of the responsible user and their deputy."""
    return [plain(row) for row in Books(reading).absences()]


def _subject(subject: str) -> str:
    """A carrier's identity with the serial as its case has it; anything else as it is."""
    maker, *names = subject.split("|")
    if maker not in set(Maker) or len(names) != len(("model", "serial")):
        return subject
    carrier = Carrier(maker=Maker(maker), model=names[0], serial=names[1])
    return f"{carrier.model} № {carrier.spelled()}"


def _carrier(row: CarrierRow) -> dict[str, Any]:
    return {
        "carrier": row.carrier,
        "maker": row.identity.maker.value,
        "model": row.identity.model,
        "serial": row.identity.serial,
        "spelled": row.identity.spelled(),
        "retired": row.retired,
        "documents": row.documents,
    }
