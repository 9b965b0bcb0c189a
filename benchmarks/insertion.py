"""From udev's message to a verdict on disk, beside `pkcs11-tool -L` and a bare C reader.

    python benchmarks/insertion.py [ROUNDS]

Each round plugs another SoftHSM token: its directory is moved in and umockdev sends a real udev
message; the time runs until the line with the verdict is flushed. The token is really read again
by the worker. In the same round, with the token still in, `pkcs11-tool -L`, the C reader and a
write with fdatasync of as many bytes are timed. Then a burst of insertions and removals, without
any pause but those umockdev needs, of which none may be lost or doubled.
"""

from __future__ import annotations

import itertools
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

WRAPPED = "KLYUCHAR_BENCH_WRAPPED"
if __name__ == "__main__" and WRAPPED not in os.environ:
    os.environ[WRAPPED] = "1"
    os.execvp("umockdev-wrapper", ["umockdev-wrapper", sys.executable, *sys.argv])

from agent.loop import Agent
from agent.settings import load
from cli.layout import SOFTHSM
from domain.events import Event, Judged
from drivers.catalogue import Module
from drivers.eye import Eye
from drivers.udev import UdevWatch
from journal.signing import load_or_create
from journal.writer import Journal
from tests.udev_messages import Testbed
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

BURST = 200
PORTS = itertools.count(1)
USB_ID = "23a0:0001"


class Timed(Journal):
    """The journal, which remembers when a verdict was on disk."""

    flushed = 0.0
    verdicts = 0
    appeared = 0
    vanished = 0

    def append(self, *events: Event) -> None:
        super().append(*events)
        if any(isinstance(event, Judged) for event in events):
            self.flushed = time.monotonic()
            self.verdicts += 1
        self.appeared += sum(type(event).__name__ == "Appeared" for event in events)
        self.vanished += sum(type(event).__name__ == "Vanished" for event in events)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with workstation() as station:
        names = [f"t{i:03}" for i in range(rounds)]
        station.make_tokens(*names)
        station.issue(*names)
        settings = load(station.layout.settings).agent
        journal = Timed.open(settings.journal, host=settings.host, boot="benchmark")
        testbed = Testbed()
        agent = Agent(
            settings,
            journal,
            load_or_create(settings.key),
            [UdevWatch()],
            [Eye(Module(name="softhsm", path=SOFTHSM, general=False), settings.worker_socket)],
        )
        playing = threading.Thread(
            target=play, args=(station, journal, testbed, names), daemon=True
        )
        playing.start()
        agent.run("benchmark")
        playing.join()
        testbed.close()


def play(station: Workstation, journal: Timed, testbed: Testbed, names: list[str]) -> None:
    """Runs beside the agent's thread and stops it when all is measured."""
    try:
        wait_for(lambda: journal.head.seq, what="the agent started")
        measure(station, journal, testbed, names)
        burst(journal, testbed)
    finally:
        os.kill(os.getpid(), 15)


def measure(station: Workstation, journal: Timed, testbed: Testbed, names: list[str]) -> None:
    reader = compiled_reader(station.layout.state)
    names_of = ("verdict", "pkcs11-tool -L", "C reader", "flush")
    times: dict[str, list[float]] = {name: [] for name in names_of}
    tool = ["pkcs11-tool", "--module", SOFTHSM, "-L"]
    for name in names:
        before = journal.verdicts
        (station.layout.drawer / name).rename(station.layout.tokens / name)
        begun = time.monotonic()
        port = testbed.plug(f"1-{next(PORTS)}", USB_ID)
        wait_for(lambda before=before: journal.verdicts > before, what="a verdict")
        times["verdict"].append(journal.flushed - begun)
        quiet(station)
        times["pkcs11-tool -L"].append(timed(lambda: run(station, tool)))
        times["C reader"].append(timed(lambda: run(station, [str(reader), SOFTHSM])))
        times["flush"].append(timed(lambda: flush(station.layout.state)))
        (station.layout.tokens / name).rename(station.layout.drawer / name)
        testbed.pull(port)
        quiet(station)
    base = times["pkcs11-tool -L"]
    for what, values in times.items():
        print(
            f"{what:16} median {median(values):6.2f} ms  p95 {p95(values):6.2f} ms   "
            f"x pkcs11-tool: median {median(values) / median(base):4.2f}  "
            f"p95 {p95(values) / p95(base):4.2f}"
        )


def burst(journal: Timed, testbed: Testbed) -> None:
    """Devices come and go faster than anything can be read: each is told once."""
    before = journal.appeared, journal.vanished
    batch = batch_size()
    begun = time.monotonic()
    for number in range(BURST):
        if number % batch == 0:
            done = before[1] + number
            wait_for(lambda done=done: journal.vanished >= done, what="the batch before")
        testbed.pull(testbed.plug(f"1-{next(PORTS)}", USB_ID))
    sent = time.monotonic() - begun
    wait_for(lambda: journal.vanished - before[1] >= BURST, 30, "the burst")
    time.sleep(1)
    print(
        f"burst of {BURST} in batches of {batch}, {sent:.2f} s: "
        f"{journal.appeared - before[0]} insertions and {journal.vanished - before[1]} removals "
        f"recorded, after {time.monotonic() - begun - 1:.2f} s"
    )


def batch_size() -> int:
    """Insertions and removals that umockdev's socket holds: it aborts where one is too many."""
    return int(Path("/proc/sys/net/unix/max_dgram_qlen").read_text()) // 2


def quiet(station: Workstation) -> None:
    """Past the further looks that follow a change, so that rounds do not disturb each other."""
    del station
    time.sleep(1.1)


def run(station: Workstation, command: list[str]) -> None:
    subprocess.run(command, env=station.environment, stdout=subprocess.DEVNULL, check=True)


def flush(directory: Path) -> None:
    with tempfile.TemporaryFile(dir=directory) as file:
        os.write(file.fileno(), b"x" * 2000)
        os.fdatasync(file.fileno())


def compiled_reader(directory: Path) -> Path:
    source = Path(__file__).with_name("reader.c")
    subprocess.run(["cc", "-O2", "-o", directory / "reader", source, "-ldl"], check=True)
    return directory / "reader"


def timed(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def median(values: list[float]) -> float:
    return statistics.median(values) * 1000


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] * 1000


if __name__ == "__main__":
    main()
