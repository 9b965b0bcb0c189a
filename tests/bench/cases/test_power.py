"""The power goes at any moment: what was recorded is there, and the chain is whole."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from domain.events import Checkpoint, Judged
from tests.bench.cases.conftest import PETROV, Tokens
from tests.bench.emulator.devices.usb import Device
from tests.bench.emulator.ports.port import PortError
from tests.bench.emulator.ports.usbredir import UsbRedir
from tests.bench.workplace import JOURNAL, Workplace

pytestmark = pytest.mark.bench

CUTS = int(os.environ.get("KLYUCHAR_POWER_CUTS", "5"))
LONGEST_S = 6.0


@pytest.mark.parametrize("cut", range(CUTS))
def test_nothing_recorded_is_lost(workplace: Workplace, tokens: Tokens, cut: int) -> None:
    chance = random.Random(cut)
    guest = workplace.machine
    if cut % 2:
        # It flushes the journal itself before it ships: without it the agent alone has to.
        guest.run("systemctl stop klyuchar-courier.path klyuchar-courier.timer klyuchar-courier")
    with coming_and_going(workplace.ports[0], tokens.ivanova()):
        known = flushed_until(workplace, chance.uniform(0, LONGEST_S))
        guest.power_cut()
    guest.start()
    guest.wait_until("systemctl is-active klyuchar-agent klyuchar-ledger", deadline_s=120)
    workplace.verify()
    guest.run("klyuchar ledger verify")
    kept = guest.run(f"cat {JOURNAL}/*.jsonl").splitlines()
    assert kept[: len(known)] == known, "a record that was on disk is gone"
    with UsbRedir(guest.usb[0]).plugged(tokens.petrov()):
        workplace.wait_for_verdict(PETROV, deadline_s=90)


def flushed_until(workplace: Workplace, moment_s: float) -> list[str]:
    """The lines known to be on disk at a moment that comes after so many seconds.

    What the guest shows may still be in its memory; but a line that another append follows was
    flushed before that, and verdicts and signed heads are appended by themselves.
    """
    end = time.monotonic() + moment_s
    while True:
        lines = workplace.machine.attempt(f"cat {JOURNAL}/*.jsonl").text.splitlines()
        if time.monotonic() > end:
            break
    while lines and f'"event":"{Judged.__name__}"' not in lines[-1]:
        if f'"event":"{Checkpoint.__name__}"' in lines[-1]:
            break
        del lines[-1]
    return lines[:-1]


@contextmanager
def coming_and_going(port: UsbRedir, device: Device) -> Iterator[None]:
    """Somebody plugs and pulls without a rest, until the machine is gone."""
    ended = threading.Event()

    def play() -> None:
        chance = random.Random(1)
        while not ended.is_set():
            with suppress(PortError), port.plugged(device):
                ended.wait(chance.uniform(0.3, 1.5))
            ended.wait(0.2)

    playing = threading.Thread(target=play)
    playing.start()
    try:
        yield
    finally:
        ended.set()
        playing.join()
