"""The emulator by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.bench.emulator.__main__ import main
from tests.bench.emulator.tests import ccid_host as ccid
from tests.bench.emulator.tests.guest import Guest
from tests.waiting import wait_for

WIPE = bytes.fromhex("808A0000")


@contextmanager
def by_hand(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """A device that is plugged in for as long as the context lasts, then ended in order."""
    command = [sys.executable, "-m", "tests.bench.emulator", *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        try:
            yield process
            process.terminate()
            assert process.wait(10) == 0
        finally:
            process.kill()


def test_a_token_is_made_plugged_used_and_kept(guest: Guest, rd: Path, tmp_path: Path) -> None:
    state = tmp_path / "token.json"
    assert main(["provision", "--serial", "0a0b0c0d", str(state)]) == 0
    assert json.loads(state.read_text())["master"] is not None
    with by_hand("token", str(state), "--usbredir", str(rd)):
        guest.accept()
        for message in (ccid.message(ccid.POWER_ON), ccid.message(ccid.EXCHANGE, WIPE)):
            guest.write(ccid.OUT, message)
            guest.read(ccid.IN)
    assert guest.hung_up()
    assert json.loads(state.read_text())["master"] is None


def test_a_flash_drive_is_made_and_plugged(guest: Guest, rd: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    assert main(["image", str(image), "ivanov00"]) == 0
    with by_hand("flash", str(image), "--serial", "ABC", "--usbredir", str(rd)):
        guest.accept()
        _, serial = guest.control(0x80, 6, 0x0303, 0x0409, 255)
        assert serial[2:].decode("utf-16-le") == "ABC"


def test_a_card_is_moved_by_enter(guest: Guest, rd: Path, tmp_path: Path) -> None:
    state = tmp_path / "card.json"
    state.write_text('{"serial": "00000001", "initialising": true, "master": null}')
    with by_hand("reader", str(state), "--usbredir", str(rd)) as process:
        guest.accept()
        for status in (ccid.INACTIVE, ccid.EMPTY):
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
            wait_for(partial(_slot_is, guest, status), what="the card moves")


def _slot_is(guest: Guest, status: int) -> bool:
    guest.write(ccid.OUT, ccid.message(ccid.SLOT_STATUS))
    return ccid.status(guest.read(ccid.IN)) == status


def test_an_error_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["token", str(tmp_path / "none"), "--vhci"]) == 1
    assert main(["provision", "--serial", "0", str(tmp_path / "x")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("emulator: ") for line in lines)
