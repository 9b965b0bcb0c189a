"""Which carrier a person means: by serial, by account number, or the one that is plugged in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from cli.wording import printable
from domain.carrier import Carrier, Maker, typed_serials
from domain.errors import Wrong
from domain.events import Event, Identified, Judged, Missed, Reenumerated, Started, Unrecorded
from domain.names import named
from domain.sighting import Evidence, Sighting
from domain.text import Text

if TYPE_CHECKING:
    from agent.snapshot import SnapshotFile


@dataclass(slots=True)
class Seen:
    """What the journal tells of carriers. ``here`` are those plugged in as it last knew."""

    sightings: dict[Carrier, tuple[str, Sighting]] = field(default_factory=dict)
    here: set[Carrier] = field(default_factory=set)
    duplicated: set[Carrier] = field(default_factory=set)

    def fold(self, time: str, event: Event | None) -> None:
        """Take one more record into account."""
        match event:
            case Started() | Unrecorded():
                self.here.clear()
            case Identified(sighting=sighting) | Reenumerated(sighting=sighting):
                self.sightings[sighting.carrier] = time, sighting
                self.here.add(sighting.carrier)
            case Missed(carrier=carrier):
                self.here.discard(carrier)
            case Judged(carrier=Carrier() as carrier):
                self._judged(carrier, event)
            case _:
                pass

    def sighting(self, carrier: Carrier) -> Sighting:
        """How it was last seen. A carrier never seen here shows nothing: not asked, not "none"."""
        if carrier in self.sightings:
            return self.sightings[carrier][1]
        return Sighting(
            carrier=carrier,
            label="",
            module="",
            slot=0,
            evidence=Evidence.USB_DESCRIPTOR,
            objects=-1,
            certificates=(),
        )

    def _judged(self, carrier: Carrier, event: Judged) -> None:
        # How many slots showed it is the agent's to know; that it was more than one is on record.
        rules = {finding.rule for finding in event.verdict.findings}
        if "duplicate-identity" in rules:
            self.duplicated.add(carrier)
        else:
            self.duplicated.discard(carrier)


def read_journal(directory: Path) -> Seen:
    """All that this workstation's journal tells of carriers."""
    from journal.decode import decode
    from journal.reader import read

    seen = Seen()
    for line in read(directory):
        record = decode(line.raw)
        seen.fold(record.time, record.event)
    return seen


def which(typed: str | None, seen: Seen, snapshot: SnapshotFile | None, reading: str) -> Carrier:
    """The carrier that is meant. Raises Wrong with a question where that is not plain."""
    if typed is None:
        return _only_one(seen)
    found = _by_serial(typed, seen, snapshot, reading)
    named_so = {one.carrier for one in found}
    found += [one for one in _by_account_number(typed, snapshot) if one.carrier not in named_so]
    if len(found) > 1:
        raise Wrong(_question(typed, found))
    if not found:
        raise Wrong(
            Text(
                ru=f"Носителя «{typed}» нет ни в сведениях журнала учёта, ни среди тех, что "
                "вставляли в этот компьютер. Проверьте номер: он на корпусе носителя.",
                en=f'Carrier "{typed}" is neither in the ledger\'s data nor among those plugged in '
                "here. Check the number: it is on the carrier's case.",
            )
        )
    return found[0].carrier


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """One meaning of what was typed. ``reading`` is set where the digits have two."""

    carrier: Carrier
    reading: str
    known: bool


def _only_one(seen: Seen) -> Carrier:
    if len(seen.here) == 1:
        return next(iter(seen.here))
    listed = sorted(seen.here, key=Carrier.key)
    if not listed:
        raise Wrong(
            Text(
                ru="Сейчас ни одного опознанного носителя нет. Вставьте его или назовите номер: "
                "klyuchar policy explain НОМЕР.",
                en="No identified carrier is plugged in. Plug it in or name it: "
                "klyuchar policy explain NUMBER.",
            )
        )
    raise Wrong(
        Text(
            ru="Вставлено несколько носителей. Который? Назовите номер: klyuchar policy explain "
            "НОМЕР." + _lines(named(c).ru for c in listed),
            en="Several carriers are plugged in. Which one? Name it: klyuchar policy explain "
            "NUMBER." + _lines(named(c).en for c in listed),
        )
    )


def _by_account_number(typed: str, snapshot: SnapshotFile | None) -> list[_Candidate]:
    wanted = typed.removeprefix("№").strip().casefold()
    return [
        _Candidate(carrier=entry.carrier, reading="", known=True)
        for entry in (snapshot.entries() if snapshot else ())
        if any(document.number.casefold() == wanted for document in entry.documents)
    ]


def _by_serial(
    typed: str, seen: Seen, snapshot: SnapshotFile | None, reading: str
) -> list[_Candidate]:
    """Every known carrier of that serial, and where its digits have another reading, that too:
    the other may be a carrier nobody has registered."""
    found: dict[Carrier, _Candidate] = {}
    for maker in Maker:
        readings = _readings(maker, typed, reading)
        known = [
            _Candidate(carrier=carrier, reading=how, known=True)
            for serial, how in readings
            for carrier in _known(maker, serial, seen, snapshot)
        ]
        found |= {one.carrier: one for one in known}
        if known and len(readings) > 1:
            found |= _other_readings(maker, readings, known)
    return list(found.values())


def _readings(maker: Maker, typed: str, reading: str) -> list[tuple[str, str]]:
    """Canonical serials with how each was read, "" where there is one way only."""
    serials = typed_serials(maker, typed)
    if len(serials) < 2:
        return [(serial, "") for serial in serials]
    both = list(zip(serials, ("decimal", "hexadecimal"), strict=True))
    return [pair for pair in both if reading in {"", pair[1]}]


def _other_readings(
    maker: Maker, readings: list[tuple[str, str]], known: list[_Candidate]
) -> Iterator[tuple[Carrier, _Candidate]]:
    taken = {one.carrier.serial for one in known}
    for serial, how in readings:
        if serial not in taken:
            carrier = Carrier(maker=maker, model=known[0].carrier.model, serial=serial)
            yield carrier, _Candidate(carrier=carrier, reading=how, known=False)


def _known(
    maker: Maker, serial: str, seen: Seen, snapshot: SnapshotFile | None
) -> Iterable[Carrier]:
    """Carriers of that maker and serial: in the ledger's data or seen here."""
    found = {one for one in seen.sightings if (one.maker, one.serial) == (maker, serial)}
    if snapshot is not None:
        found |= {
            entry.carrier for entry in snapshot.of_serial(serial) if entry.carrier.maker is maker
        }
    return sorted(found, key=Carrier.key)


def _question(typed: str, found: list[_Candidate]) -> Text:
    hint = any(one.reading for one in found)
    ru = f"Номер «{typed}» может значить разное. Который носитель вы имеете в виду? "
    en = f'"{typed}" may mean different things. Which carrier do you mean? '
    ru += _lines(_choice(one).ru for one in found)
    en += _lines(_choice(one).en for one in found)
    if hint:
        ru += "\nПовторите команду с --reading decimal (номер с корпуса) или "
        ru += "--reading hexadecimal (номер с экрана)."
        en += "\nRepeat the command with --reading decimal (from the case) or "
        en += "--reading hexadecimal (from a screen)."
    else:
        ru += "\nНазовите его учётный номер."
        en += "\nName it by its account number."
    return Text(ru=ru, en=en)


_HOW = {
    "decimal": Text(ru=", если номер десятичный", en=", if the number is decimal"),
    "hexadecimal": Text(ru=", если номер шестнадцатеричный", en=", if it is hexadecimal"),
    "": Text(ru="", en=""),
}


def _choice(one: _Candidate) -> Text:
    it, how, serial = named(one.carrier), _HOW[one.reading], one.carrier.serial
    model = one.carrier.model
    return Text(
        ru=f"{it.ru} ({model}, hex {serial}){how.ru}"
        + ("" if one.known else "; такого носителя здесь не знают"),
        en=f"{it.en} ({model}, hex {serial}){how.en}"
        + ("" if one.known else "; nobody here knows such a carrier"),
    )


def _lines(words: Iterable[str]) -> str:
    return "".join(f"\n  * {printable(line)}" for line in words)
