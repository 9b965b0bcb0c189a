"""Durable appends beside raw write+fdatasync of the same bytes, and the speed of verification.

`python benchmarks/recording.py [DIRECTORY]`: the directory decides which disk is measured (default:
build/, beside the sources; a tmpfs would measure nothing). Both sides take turns, in an order that
changes, so that other load hits both alike; a ratio is raw time / journal time.
"""

from __future__ import annotations

import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from domain.carrier import Carrier, Maker
from domain.events import Event, Identified, Judged
from domain.sighting import Certificate, Evidence, Sighting
from domain.snapshot import Mark
from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from journal.digest import sha256
from journal.record import GENESIS, link
from journal.segments import segment_path
from journal.signing import Signer
from journal.verify import verify
from journal.writer import SEGMENT_BYTES, Journal

ROUNDS = 1000
RECORDS = 200_000
PASSES = 5

_CARRIER = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="3a1b2c4d")
_SIGHTING = Sighting(
    carrier=_CARRIER,
    label="ivanova",
    module="rutoken",
    slot=0,
    evidence=Evidence.TOKEN_INFO,
    objects=3,
    certificates=(
        Certificate(
            sha256="ab" * 32,
            serial="01d9c3",
            subject="CN=Иванова И. И.,O=МБУ «Показательная библиотека»",
            issuer="CN=Удостоверяющий центр",
            not_before="2026-01-10T00:00:00Z",
            not_after="2027-04-10T00:00:00Z",
            key_not_after="2027-01-10T00:00:00Z",
        ),
    ),
)
_VERDICT = Verdict(
    findings=(
        Finding(
            rule="issued-to-another",
            clause="3.3",
            level=Level.DENY,
            reason=Text(ru="Носитель выдан Петрову П. П.", en="Issued to Petrov P. P."),
            advice=Text(ru="Верните его ответственному.", en="Return it to the responsible user."),
        ),
    ),
    snapshot=Mark(version=417, made_at="2026-11-24T03:00:00Z"),
    age=969,
)
INSERTION: tuple[Event, ...] = (
    Identified(sighting=_SIGHTING, port="/devices/pci0000:00/usb1/1-1"),
    Judged(carrier=_CARRIER, port="", seat="ivanova", verdict=_VERDICT),
)


class Raw:
    """What can't be done faster: the bytes, one write, one fdatasync."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)

    def append(self, data: bytes) -> None:
        os.write(self._descriptor, data)
        os.fdatasync(self._descriptor)


def timed(act: Callable[[], None]) -> float:
    """Seconds it took."""
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def spread(name: str, seconds: list[float]) -> str:
    """Median and p95 in milliseconds."""
    ordered = sorted(seconds)
    p95 = ordered[int(len(ordered) * 0.95)]
    return f"{name:<34} median {statistics.median(ordered) * 1e3:7.3f} ms   p95 {p95 * 1e3:7.3f} ms"


def measure_appends(directory: Path, what: str, events: tuple[Event, ...]) -> None:
    """Both sides in turn, ROUNDS times."""
    journal = Journal.open(directory / f"journal-{what}", host="pc-17", boot="b007")
    raw = Raw(directory / f"raw-{what}")
    chance = random.Random(1)
    ours: list[float] = []
    theirs: list[float] = []
    for _ in range(ROUNDS):
        data = _lines(journal, events)
        turns: list[tuple[list[float], Callable[[], None]]] = [
            (ours, lambda: journal.append(*events)),
            (theirs, lambda data=data: raw.append(data)),  # type: ignore[misc]
        ]
        chance.shuffle(turns)
        for times, act in turns:
            times.append(timed(act))
    journal.close()
    print(spread(f"journal, {what}", ours))
    print(spread(f"raw write+fdatasync, {what}", theirs))
    ratio = statistics.median(theirs) / statistics.median(ours)
    total = sum(theirs) / sum(ours)
    print(f"  ratio raw/journal: median {ratio:.2f}, whole run {total:.2f}   (goal >= 0.80)")


def _lines(journal: Journal, events: tuple[Event, ...]) -> bytes:
    """The bytes the journal is about to write, but for the time in them."""
    head, data = journal.head, b""
    for event in events:
        line = link(
            head,
            time_ns=time.time_ns(),
            boot="b007",
            host="pc-17",
            name=type(event).__name__,
            version=1,
            body=event,
        )
        data += line.raw
        head = line.head
    return data


def measure_verify(directory: Path) -> None:
    """A journal of RECORDS lines, checked whole, beside hashing the same lines alone."""
    directory.mkdir()
    size = _fill(directory)
    raws = [raw for path in sorted(directory.iterdir()) for raw in path.open("rb")]
    plain, hashed, strict = [], [], []
    for _ in range(PASSES):
        hashed.append(timed(lambda: _hash_all(raws)))
        plain.append(timed(lambda: _expect_whole(directory, strict=False)))
    strict.append(timed(lambda: _expect_whole(directory, strict=True)))
    print(f"verify: {RECORDS} records, {size / RECORDS:.0f} bytes each, {PASSES} passes")
    for name, seconds in (("verify", plain), ("SHA-256 alone", hashed), ("verify strict", strict)):
        rates = [RECORDS / each for each in seconds]
        median, slowest = statistics.median(rates), min(rates)
        print(f"{name:<34} median {median:9,.0f} records/s   slowest {slowest:9,.0f}")
    ratio = statistics.median(hashed) / statistics.median(plain)
    print(f"  ratio SHA-256 alone/verify: {ratio:.2f}   (goal: verify >= 100,000 records/s)")


def _fill(directory: Path) -> int:
    """Lines as the writer makes them, without its flushes; their bytes in all."""
    head, size, total, file = GENESIS, SEGMENT_BYTES, 0, None
    for number in range(RECORDS):
        event = INSERTION[number % 2]
        line = link(
            head,
            time_ns=number,
            boot="b007",
            host="pc-17",
            name=type(event).__name__,
            version=1,
            body=event,
        )
        if file is None or size + len(line.raw) > SEGMENT_BYTES:
            if file is not None:
                file.close()
            file, size = segment_path(directory, line.seq).open("wb"), 0
        file.write(line.raw)
        size += len(line.raw)
        total += len(line.raw)
        head = line.head
    if file is not None:
        file.close()
    return total


def _hash_all(raws: list[bytes]) -> None:
    for raw in raws:
        sha256(raw)


def _expect_whole(directory: Path, *, strict: bool) -> None:
    report = verify(directory, public_key=Signer(bytes(32)).public_key, strict=strict)
    assert report.whole
    assert report.records == RECORDS


def main() -> None:
    """Measure on the disk of the directory named, or of build/."""
    parent = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1] / "build")
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=parent) as scratch:
        directory = Path(scratch)
        print(f"{ROUNDS} interleaved rounds on the disk of {parent}")
        measure_appends(directory, "one record", INSERTION[1:])
        measure_appends(directory, "an insertion (2)", INSERTION)
        measure_verify(directory / "long")


if __name__ == "__main__":
    main()
