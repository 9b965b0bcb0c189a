"""What services cost over an idle minute. Runs in the guest with Debian's Python, as root.

Prints a JSON object a unit: how many processes, PSS in MiB, milliseconds of CPU and wake-ups
(voluntary context switches) in that time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

UNITS = Path("/sys/fs/cgroup/system.slice")
TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def processes(pattern: str) -> list[Path]:
    """The processes of the units whose names fit."""
    found = UNITS.rglob(f"{pattern}/cgroup.procs")
    return [Path("/proc", pid) for file in found for pid in file.read_text().split()]


def field(text: str, name: str) -> int:
    """The number behind a name, as /proc spells it."""
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith(name)))


def spent(process: Path) -> tuple[float, int]:
    """CPU in milliseconds, and wake-ups, since the process began; of all its threads."""
    stat = (process / "stat").read_text().rpartition(")")[2].split()
    threads = [(task / "status").read_text() for task in (process / "task").iterdir()]
    wakeups = sum(field(status, "voluntary_ctxt_switches:") for status in threads)
    return (int(stat[11]) + int(stat[12])) * TICK_MS, wakeups


def main(seconds: float, patterns: list[str]) -> None:
    groups = {pattern: processes(pattern) for pattern in patterns}
    before = {process: spent(process) for group in groups.values() for process in group}
    time.sleep(seconds)
    for pattern, group in groups.items():
        costs = [(spent(one)[0] - before[one][0], spent(one)[1] - before[one][1]) for one in group]
        pss = sum(field((one / "smaps_rollup").read_text(), "Pss:") for one in group) / 1024
        told = {"unit": pattern, "processes": len(group), "pss_mib": round(pss, 1)}
        cpu, wakeups = (sum(column) for column in zip(*costs, strict=True)) if costs else (0, 0)
        print(json.dumps(told | {"cpu_ms": cpu, "wakeups": wakeups}))


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
