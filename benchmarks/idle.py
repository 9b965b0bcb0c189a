"""What a workstation costs while nothing happens: memory and wake-ups of agent and workers.

    python benchmarks/idle.py [SECONDS]

Prints RSS and PSS (smaps_rollup) and voluntary context switches a minute, once with an empty
ledger and once with 100,000 carriers in the snapshot. Workers: SoftHSM, OpenSC and storage,
one carrier in.
The baseline of the same run is a bare Python that sleeps.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from agent.look_times import LOOKS_AFTER_S
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

MEGABYTE = 1024.0
SPARE_CARRIERS = 100_000


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    bare = subprocess.Popen([sys.executable, "-I", "-S", "-c", "import time; time.sleep(9999)"])
    try:
        time.sleep(0.5)
        report("bare python", [bare.pid], 0.0, 1.0)
        for spare in (0, SPARE_CARRIERS):
            with workstation(storage=Path("/")) as station:
                measure(station, spare, seconds)
    finally:
        bare.kill()
        bare.wait()


def measure(station: Workstation, spare: int, seconds: float) -> None:
    station.make_tokens("a")
    station.issue("a", spare=spare)
    station.start()
    station.insert("a")
    wait_for(lambda: station.events("Judged"), 30, "a verdict")
    time.sleep(LOOKS_AFTER_S[-1] + 1)  # past the looks that an insertion causes
    assert station.agent is not None
    agent, workers = station.agent.pid, station.workers()
    before = wakeups(agent), sum(wakeups(pid) for pid in workers)
    time.sleep(seconds)
    after = wakeups(agent), sum(wakeups(pid) for pid in workers)
    print(f"-- {spare:,} spare carriers in the ledger, {seconds:.0f} s")
    report("agent", [agent], after[0] - before[0], seconds)
    report(f"{len(workers)} workers", workers, after[1] - before[1], seconds)
    report("workstation", [agent, *workers], sum(after) - sum(before), seconds)


def report(name: str, pids: list[int], switches: float, seconds: float) -> None:
    rss = sum(memory(pid, "Rss:") for pid in pids)
    pss = sum(memory(pid, "Pss:") for pid in pids)
    a_minute = switches * 60 / seconds
    print(f"{name:14} RSS {rss:6.1f} MiB  PSS {pss:6.1f} MiB  wake-ups {a_minute:5.1f} a minute")


def memory(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / MEGABYTE
    raise LookupError(field)


def wakeups(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(
        int(line.split()[1])
        for line in status.splitlines()
        if line.startswith("voluntary_ctxt_switches")
    )


if __name__ == "__main__":
    main()
