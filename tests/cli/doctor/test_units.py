"""What `systemctl show` prints, judged: as a program of that name, for no systemd runs here. The
bench asks a real one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.doctor.units import UNITS
from tests.cli.doctor.ward import ROOT, ROOT_ONLY, Told, Ward

GOOD = {
    "LoadState": "loaded",
    "UnitFileState": "enabled",
    "ActiveState": "active",
    "Result": "success",
    "NRestarts": "0",
}
ABOUT = {"unit-missing", "unit-masked", "unit-disabled", "unit-failed", "unit-stopped"}


def examined(ward: Ward, agent: dict[str, str], *, ends_with: int = 0, says: str = "") -> Told:
    """With a systemctl that shows every unit well but the agent's, which is changed so."""
    directory = ward.root / "bin"
    directory.mkdir()
    units = [{"Id": "klyuchar-agent.service"} | GOOD | agent]
    units.append({"Id": "klyuchar-courier.service"} | GOOD | {"ActiveState": "inactive"})
    units[-1]["UnitFileState"] = "static"
    paragraphs = ["\n".join(f"{key}={value}" for key, value in unit.items()) for unit in units]
    (directory / "shown").write_text("" if ends_with else "\n\n".join(paragraphs) + "\n")
    program = directory / "systemctl"
    program.write_text(f"#!/bin/sh\necho '{says}' >&2\ncat {directory}/shown\nexit {ends_with}\n")
    program.chmod(0o755)
    return ward.doctor(PATH=f"{directory}:{os.environ['PATH']}")


def test_all_well_and_a_courier_at_rest(ward: Ward) -> None:
    assert not examined(ward, {}).codes & (ABOUT | {"agent-restarts-often"})


@pytest.mark.parametrize(
    ("agent", "code", "mend"),
    [
        ({"LoadState": "masked", "ActiveState": "inactive"}, "unit-masked", "unmask"),
        ({"LoadState": "not-found", "ActiveState": "inactive"}, "unit-missing", "--reinstall"),
        ({"ActiveState": "failed", "Result": "watchdog"}, "unit-failed", "journalctl -u"),
        ({"ActiveState": "inactive"}, "unit-stopped", "systemctl enable --now klyuchar-agent"),
        ({"UnitFileState": "disabled"}, "unit-disabled", "systemctl enable klyuchar-agent"),
        ({"NRestarts": "7"}, "agent-restarts-often", "journalctl -u"),
    ],
)
def test_one_that_is_not(ward: Ward, agent: dict[str, str], code: str, mend: str) -> None:
    told = examined(ward, agent)
    assert told.codes & (ABOUT | {"agent-restarts-often"}) == {code}
    assert mend in told.what(code)


def test_a_systemd_that_can_not_be_asked_is_not_taken_for_a_good_one(ward: Ward) -> None:
    told = examined(ward, {}, ends_with=1, says="Failed to connect to bus: Host is down")
    assert any("Host is down" in what for what in told.unseen)


def test_a_machine_without_systemd_has_no_units(ward: Ward) -> None:
    says = "System has not been booted with systemd as init system (PID 1). Can`t operate."
    told = examined(ward, {}, ends_with=1, says=says)
    assert not told.codes & ABOUT
    assert not [what for what in told.unseen if "systemd" in what]


@ROOT_ONLY
def test_udev_that_does_not_run(ward: Ward) -> None:
    run = "mount -t tmpfs tmpfs /run\n"
    assert "systemd-udevd" in ward.doctor(run).what("udevd-not-running")
    control = "mkdir /run/udev; touch /run/udev/control\n"
    assert "udevd-not-running" not in ward.doctor(run + control).codes


def test_no_path_at_all(ward: Ward, tmp_path: Path) -> None:
    assert not ward.doctor(PATH=str(tmp_path)).codes & ABOUT


def test_all_of_the_workstations_units_are_asked_for() -> None:
    """Those that stand for themselves: not those that a connection starts, nor the ledger's."""
    suffixes = {".service", ".socket", ".path", ".timer"}
    ours = {path.name for path in (ROOT / "systemd").iterdir() if path.suffix in suffixes}
    asked = {name for name in ours if "@" not in name} - {"klyuchar-ledger.service"}
    assert asked == set(UNITS)
