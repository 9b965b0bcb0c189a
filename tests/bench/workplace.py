"""klyuchar at work in a guest: what a case plugs in, and what the agent's journal says of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from domain.carrier import Carrier
from domain.events import Event, Judged
from domain.verdict import Level
from journal.decode import Record, decode
from tests.bench.emulator.ports.usbredir import UsbRedir
from tests.bench.vm import Machine

E = TypeVar("E", bound=Event)

JOURNAL = "/var/lib/klyuchar/agent/journal"
SETTLED = (
    f"timeout 90 sh -c 'until grep -q SnapshotAccepted {JOURNAL}/*.jsonl && "
    f"tail -qn1 {JOURNAL}/*.jsonl | grep -q Checkpoint; do sleep 0.2; done' 2>/dev/null"
)
"""A shell command that ends when the agent stands on the ledger's snapshot and rests."""

_POLL_S = 0.2
_DEADLINE_S = 40.0


def prepare() -> str:
    """The shell script that makes a freshly installed guest a workplace."""
    day = Path(__file__).with_name("first_day.py").read_text()
    return f"set -e\n/usr/lib/klyuchar/bin/python -I - <<'END'\n{day}\nEND\n{SETTLED}\n"


class Workplace:
    """The guest's USB ports and its agent's journal, read from the case's beginning on."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.ports = tuple(UsbRedir(path) for path in machine.usb)
        self.begin()

    def begin(self) -> None:
        """What was recorded until now is of no interest any more."""
        self._after = 0
        self._after = max((record.seq for record in self.records()), default=0)

    def records(self) -> list[Record]:
        """What the agent recorded since the case began."""
        read = self.machine.attempt(f"cat {JOURNAL}/*.jsonl | tail -n +{self._after + 1}")
        lines = read.output.splitlines(keepends=True)
        return [decode(line) for line in lines if line.endswith(b"\n")]

    def events(self, kind: type[E]) -> list[E]:
        """The events of one kind since the case began."""
        return [record.event for record in self.records() if isinstance(record.event, kind)]

    def wait_for_verdict(
        self, carrier: Carrier, level: Level | None = None, *, deadline_s: float = _DEADLINE_S
    ) -> Judged:
        """The first verdict (of this level) on the carrier since the case began.

        On a slow machine one read in part is warned of before it is read in full.
        """
        return self.wait_for(
            Judged,
            lambda event: event.carrier == carrier and level in (None, event.verdict.level),
            deadline_s=deadline_s,
        )

    def wait_for(
        self,
        kind: type[E],
        which: Callable[[E], bool] = lambda _: True,
        *,
        deadline_s: float = _DEADLINE_S,
        times: int = 1,
    ) -> E:
        """The first event of this kind for which ``which`` holds, once there are ``times`` of them.

        Raises:
            GuestFailed: there were fewer within ``deadline_s``; says what was recorded instead.

        """
        end = time.monotonic() + deadline_s
        while len(found := [event for event in self.events(kind) if which(event)]) < times:
            if time.monotonic() > end:
                told = "\n".join(f"{one.seq} {one.event}" for one in self.records())
                raise self.machine.failed(f"no {kind.__name__} within {deadline_s} s:\n{told}")
            time.sleep(_POLL_S)
        return found[0]

    def verify(self) -> str:
        """What `klyuchar journal verify` says; fails where the chain is broken."""
        return self.machine.run("klyuchar journal verify")
