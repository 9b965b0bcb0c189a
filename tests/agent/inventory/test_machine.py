"""Which machine it is, by its own files."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inventory import machine as machine_module
from agent.inventory.machine import os_release, own_id, read
from tests.machines import machine


def test_the_id_is_the_one_systemd_makes() -> None:
    if not Path("/etc/machine-id").read_text().strip() or not shutil.which("systemd-id128"):
        pytest.skip("no machine id, or no systemd to compare with")
    application = machine_module._APPLICATION.hex
    command = ["systemd-id128", "machine-id", f"--app-specific={application}"]
    asked = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert own_id(Path("/etc/machine-id").read_text().strip()) == asked.strip()


def test_the_systems_own_id_is_not_given_away() -> None:
    assert own_id("0123456789abcdef0123456789abcdef") not in {
        "",
        "0123456789abcdef0123456789abcdef",
    }
    assert own_id("uninitialized") == own_id("") == ""


def test_it_is_read_from_the_machines_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    found = read(machine(tmp_path, {}))
    assert (found.vendor, found.product, found.serial) == ("Aquarius", "Pro P30 K43", "A1234567")
    assert (found.system, found.system_version) == ("Astra Linux", "1.8_x86-64")
    assert found.host == socket.gethostname()


def test_the_serial_is_the_one_the_service_manager_hands_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dmi-serial").write_text("B7654321\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read(machine(tmp_path / "root", {})).serial == "B7654321"


@pytest.mark.parametrize("written", ["To be filled by O.E.M.", "none", " ", "Default string"])
def test_what_is_no_number_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    (tmp_path / "dmi-serial").write_text(written)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (root := tmp_path / "root").mkdir()
    assert read(root).serial == ""


def test_a_machine_that_tells_nothing_has_a_name(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert (found.machine_id, found.vendor, found.system) == ("", "", "")
    assert found.host


def test_quotes_of_the_shell_are_no_part_of_a_value() -> None:
    text = 'A="РЕД ОС"\nB=\'x y\'\nC=plain\n#D=1\nE="torn\nF=a\\ b\n'
    assert os_release(text) == {"A": "РЕД ОС", "B": "x y", "C": "plain", "F": "a b"}


@given(text=st.text())
def test_any_text_is_read_to_its_end(text: str) -> None:
    os_release(text)
