"""Figures of the whole system, printed and kept in build/bench/figures.txt; nothing is asserted
of their size. An emulated processor is slow: only ratios within one run say something."""

from __future__ import annotations

import json
import re
import statistics
from datetime import datetime
from pathlib import Path

import pytest

from domain.events import Judged
from tests.bench.cases.conftest import IVANOVA, Tokens
from tests.bench.cases.test_usbguard import ALLOWED, guard
from tests.bench.vm import Machine
from tests.bench.workplace import Workplace

pytestmark = pytest.mark.bench

PLUGS = 5
IDLE_S = 60
UNITS = ("klyuchar-agent.service", "klyuchar-worker@*.service", "klyuchar-ledger.service")
GUARD = "usbguard.service"
LISTEN = "systemd-run -q --unit=listen stdbuf -oL udevadm monitor --udev --kernel -s usb"
BETWEEN_CLOCKS = "python3 -c 'import time; print(time.time() - time.monotonic())'"
LISTING = "sh -c 'a=$(date +%s.%N); pkcs11-tool -L >&2; echo $a $(date +%s.%N)'"
OUT = Path(__file__).parents[3] / "build/bench/figures.txt"


def test_figures(workplace: Workplace, tokens: Tokens, capsys: pytest.CaptureFixture[str]) -> None:
    machine = workplace.machine
    guard(machine, ALLOWED)
    machine.run(LISTEN)
    machine.wait_until("journalctl -u listen | grep 'KERNEL - the'")
    verdicts, guards, listings = [], [], []
    for _ in range(PLUGS):
        workplace.begin()
        seen = len(told(machine, "UDEV", "/1-1 "))
        with workplace.ports[0].plugged(tokens.ivanova()):
            workplace.wait_for_verdict(IVANOVA)
            came = told(machine, "UDEV", "/1-1 ")[seen]
            verdicts.append(verdict_at(workplace) - came)
            kernel = told(machine, "KERNEL", "/1-1 ")[-1]
            guards.append(told(machine, "KERNEL", "/1-1:1.0 ")[-1] - kernel)
            begun, ended = machine.run(LISTING).split()
            listings.append(float(ended) - float(begun))
    lines = [
        f"udev's event to our verdict   {spread(verdicts)}",
        f"pkcs11-tool -L                {spread(listings)}",
        f"  ratio of the medians        "
        f"{statistics.median(verdicts) / statistics.median(listings):.2f}",
        f"kernel's event to USBGuard's  {spread(guards)}",
        *idle(machine),
    ]
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("\n".join(lines) + "\n")
    with capsys.disabled():
        print("", *lines, sep="\n")


def told(machine: Machine, source: str, port: str) -> list[float]:
    """When udevadm heard that something was added at a port: seconds of the monotonic clock."""
    log = machine.run("journalctl -u listen -o cat")
    return [
        float(found[1])
        for line in log.splitlines()
        if (found := re.match(rf"{source} *\[([0-9.]+)\] add ", line)) and port in line
    ]


def verdict_at(workplace: Workplace) -> float:
    """The same of our verdict: the time in its record is taken just before it is flushed."""
    offset = float(workplace.machine.run(BETWEEN_CLOCKS))
    record = next(
        one
        for one in workplace.records()
        if isinstance(one.event, Judged) and one.event.carrier == IVANOVA
    )
    return datetime.fromisoformat(record.time).timestamp() - offset


def idle(machine: Machine) -> list[str]:
    """What every service costs while nothing happens."""
    script = Path(__file__).parents[1].joinpath("idle.py").read_text()
    machine.run("systemctl stop listen")
    named = " ".join(f"'{unit}'" for unit in (*UNITS, GUARD))
    said = machine.run(f"python3 - {IDLE_S} {named}", timeout_s=IDLE_S + 60, stdin=script.encode())
    rows = [json.loads(line) for line in said.splitlines()]
    return [
        f"{row['unit']:30}{row['processes']} processes  PSS {row['pss_mib']:5.1f} MiB  "
        f"CPU {row['cpu_ms']:6.0f} ms  wake-ups {row['wakeups']:4}   in {IDLE_S} s"
        for row in rows
    ]


def spread(seconds: list[float]) -> str:
    ordered = sorted(seconds)
    return f"median {statistics.median(ordered):6.3f} s  {ordered[0]:.3f} to {ordered[-1]:.3f}"
