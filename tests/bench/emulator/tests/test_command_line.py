"""The emulator by hand."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.emulator.__main__ import main
from tests.bench.emulator.tests import ccid_host as ccid
from tests.bench.emulator.tests.guest import Guest
from tests.waiting import wait_for

MODULE = [sys.executable, "-m", "tests.bench.emulator"]
WIPE = bytes.fromhex("808A0000")


def test_a_token_is_made_plugged_used_and_kept(guest: Guest, rd: Path, tmp_path: Path) -> None:
    state = tmp_path / "token.json"
    assert main(["provision", "--serial", "0a0b0c0d", str(state)]) == 0
    assert json.loads(state.read_text())["master"] is not None
    process = subprocess.Popen([*MODULE, "token", str(state), "--usbredir", str(rd)])
    guest.accept()
    for message in (ccid.message(ccid.POWER_ON), ccid.message(ccid.EXCHANGE, WIPE)):
        guest.write(ccid.OUT, message)
        guest.read(ccid.IN)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert guest.hung_up()
    assert json.loads(state.read_text())["master"] is None


def test_a_flash_drive_is_made_and_plugged(guest: Guest, rd: Path, tmp_path: Path) -> None:
    image = tmp_path / "image"
    assert main(["image", str(image), "ivanov00"]) == 0
    command = ["flash", str(image), "--serial", "ABC", "--usbredir", str(rd)]
    process = subprocess.Popen([*MODULE, *command])
    guest.accept()
    assert guest.control(0x80, 6, 0x0303, 0x0409, 255)[1][2:].decode("utf-16-le") == "ABC"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0


def test_a_card_is_moved_by_enter(guest: Guest, rd: Path, tmp_path: Path) -> None:
    state = tmp_path / "card.json"
    state.write_text('{"serial": "00000001", "initialising": true, "master": null}')
    command = [*MODULE, "reader", str(state), "--usbredir", str(rd)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, text=True) as process:
        guest.accept()
        assert process.stdin is not None

        def slot() -> int:
            guest.write(ccid.OUT, ccid.message(ccid.SLOT_STATUS))
            return ccid.status(guest.read(ccid.IN))

        process.stdin.write("\n")
        process.stdin.flush()
        wait_for(lambda: slot() == ccid.INACTIVE, what="the card is pushed in")
        process.stdin.write("\n")
        process.stdin.flush()
        wait_for(lambda: slot() == ccid.EMPTY, what="the card is pulled out")


def test_an_error_is_one_sentence(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["token", str(tmp_path / "none"), "--vhci"]) == 1
    assert main(["provision", "--serial", "0", str(tmp_path / "x")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("emulator: ") for line in lines)
