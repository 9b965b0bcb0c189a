"""The ledger: durable commands a second, and snapshots of many carriers.

    python benchmarks/accounting.py [COMMANDS] [CARRIERS]

Commands are timed beside raw inserts of the same bytes into the same engine in the same run, the
two taking turns, because a shared disk's speed changes from minute to minute. Then over HTTP, by
one client and by four. The snapshot is built from CARRIERS carriers with a document each, and
carriers are looked up in it as a workstation does, by pread.
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from domain.carrier import Carrier, Maker
from domain.snapshot import find, read_header
from journal.digest import sha256
from journal.signing import load_or_create
from ledger.carry_out import Done, carry_out
from ledger.events import CarrierRegistered, KeyDocumentRegistered, Opened, Origin
from ledger.intentions import RegisterCarrier
from ledger.projections import rebuild, record
from ledger.snapshot import build
from ledger.store import SqliteStore, Transaction
from ledger.verify import verify
from tests.ledger.running import Running

ROUND = 100


def main() -> None:
    commands = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    carriers = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with tempfile.TemporaryDirectory(dir=os.environ.get("KLYUCHAR_BENCH_DIR")) as directory:
        beside_raw_inserts(Path(directory), commands)
        of_many_carriers(Path(directory), carriers)
    over_http(commands // 4)


def beside_raw_inserts(directory: Path, commands: int) -> None:
    store = SqliteStore(directory / "commands.sqlite3")
    raw = sqlite3.connect(directory / "raw.sqlite3", isolation_level=None)
    raw.execute("PRAGMA journal_mode = WAL")
    raw.execute("PRAGMA synchronous = FULL")
    raw.execute("CREATE TABLE events (seq INTEGER PRIMARY KEY, line BLOB NOT NULL)")
    ours: list[float] = []
    theirs: list[float] = []
    for start in range(0, commands, ROUND):
        lines = [_command(store, number, ours) for number in range(start, start + ROUND)]
        for line in lines:
            began = time.perf_counter()
            raw.execute("INSERT INTO events (line) VALUES (?)", (line,))
            theirs.append(time.perf_counter() - began)
    _report("durable command", ours)
    _report("raw insert of the same bytes", theirs)
    ratio = statistics.median(theirs) / statistics.median(ours)
    print(
        f"{'command beside raw':32} {ratio:.2f}x (medians), {sum(theirs) / sum(ours):.2f}x (sums)"
    )
    store.close()
    raw.close()


def _command(store: SqliteStore, number: int, times: list[float]) -> bytes:
    command = RegisterCarrier(
        maker=Maker.JACARTA, model="JaCarta-2 GOST", serial=f"{number:016x}f", id=f"c{number}"
    )
    began = time.perf_counter()
    outcome = store.write(lambda tx: carry_out(tx, command, who="officer", source="bench"))
    times.append(time.perf_counter() - began)
    assert isinstance(outcome, Done)
    row = store.read(lambda r: r.one("SELECT line FROM events WHERE seq = ?", outcome.seq))
    assert row is not None
    line: bytes = row[0]
    return line


def of_many_carriers(directory: Path, carriers: int) -> None:
    signer = load_or_create(directory / "key")
    store = SqliteStore(directory / "many.sqlite3")
    store.write(lambda transaction: _fill(transaction, carriers))
    lines = store.read(lambda r: [row[0] for row in r.each("SELECT line FROM events ORDER BY seq")])
    seconds = _timed(lambda: verify(lines))
    print(f"{'verify':32} {len(lines) / seconds:,.0f} events/s")
    seconds = _timed(lambda: store.write(rebuild))
    print(f"{'rebuild':32} {len(lines) / seconds:,.0f} events/s")
    raw = b""

    def make() -> None:
        nonlocal raw
        raw = store.read(lambda reading: build(reading, "pc-17", datetime.now(UTC), signer))

    seconds = _timed(make)
    print(f"{f'snapshot of {carriers:,} carriers':32} {seconds:.2f} s, {len(raw) / 1e6:.1f} MB")
    path = directory / "snapshot"
    path.write_bytes(raw)
    _lookups(path, carriers)
    store.close()


def _fill(transaction: Transaction, carriers: int) -> None:
    origin = Origin(who="bench", source="bench", happened="2026-11-24")
    record(transaction, origin, [Opened(organisation="Б", salt="5a17", public_key="00")])
    for number in range(1, carriers + 1):
        identity = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial=_serial(number))
        document = KeyDocumentRegistered(
            document=number,
            number=f"КН-{number:04d}",
            carrier=number,
            copy=1,
            name="Ключ ЭП",
            certificate=sha256(identity.serial.encode()).hex(),
            key_not_after="2027-03-01T20:59:59Z",
            made_on="2026-01-12",
        )
        record(
            transaction, origin, [CarrierRegistered(carrier=number, identity=identity), document]
        )


def _serial(number: int) -> str:
    return f"{number * 2654435761 % 2**32:x}"


def _lookups(path: Path, carriers: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    reads = 0

    def read_at(offset: int, size: int) -> bytes:
        nonlocal reads
        reads += 1
        return os.pread(descriptor, size, offset)

    header = read_header(read_at)
    times = []
    for number in range(1, 2001):
        key = sha256(_serial(number * (carriers // 2000) or 1).encode())
        began = time.perf_counter()
        found = find(read_at, header, key)
        times.append(time.perf_counter() - began)
        assert len(found) == 1
    os.close(descriptor)
    _report("look one carrier up", times)
    print(f"{'reads a look-up':32} {reads / len(times):.1f}")


def over_http(commands: int) -> None:
    with Running() as ledger:
        for clients in (1, 4):
            times: list[float] = []
            threads = [
                threading.Thread(target=_client, args=(ledger, commands // clients, times))
                for _ in range(clients)
            ]
            seconds = _timed(lambda threads=threads: _all(threads))
            _report(f"command over HTTP, {clients} clients", times)
            print(f"{'':32} {len(times) / seconds:,.0f}/s together")


def _all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _client(ledger: Running, commands: int, times: list[float]) -> None:
    with ledger.officer() as client:
        for _ in range(commands):
            began = time.perf_counter()
            answer = client.post(
                "/v1/commands", json={"type": "register-person", "name": "Иванова И. И."}
            )
            times.append(time.perf_counter() - began)
            assert answer.status_code == 200


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _report(name: str, times: list[float]) -> None:
    ordered = sorted(times)
    median, p95 = statistics.median(ordered), ordered[int(len(ordered) * 0.95)]
    print(
        f"{name:32} {1 / statistics.mean(times):8,.0f}/s  median {median * 1e3:.3f} ms  "
        f"p95 {p95 * 1e3:.3f} ms"
    )


if __name__ == "__main__":
    main()
