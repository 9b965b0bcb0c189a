"""The program as its unit starts it, and the real agent that takes over what it writes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.events import Inventoried
from domain.inventory import Control, Inventory
from tests.agent.inventory.test_rpm import install
from tests.ledger.running import ROOT
from tests.machines import CONTROLLED, CSP, UNCONTROLLED, machine, stanza
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation


@pytest.fixture
def station() -> Iterator[Workstation]:
    with workstation(demo=False) as made:
        yield made


def take(station: Workstation, root: Path, *more: str) -> None:
    done = subprocess.run(command(station, root, *more), cwd=ROOT, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


def command(station: Workstation, root: Path, *more: str) -> list[str]:
    settings = ["--settings", str(station.layout.settings), "--root", str(root)]
    return [sys.executable, "-m", "agent.inventory", *settings, *more]


def inventories(station: Workstation) -> list[Inventory]:
    events = [record.event for record in station.events("Inventoried")]
    return [event.inventory for event in events if isinstance(event, Inventoried)]


def written(station: Workstation) -> dict[str, Any]:
    path = station.layout.state / "inventory" / "inventory"
    return dict(json.loads(path.read_bytes()))


def test_a_change_is_recorded_once_and_a_restart_records_none(
    station: Workstation, tmp_path: Path
) -> None:
    take(station, machine(tmp_path, CSP))
    station.start(hurried=True)
    wait_for(lambda: len(inventories(station)) == 1, what="the first inventory")
    first = inventories(station)[0]
    assert {package.name: package.version for package in first.packages} == CSP
    assert first.time_control.state is Control.ON
    assert first.machine.product == "Pro P30 K43"
    take(station, tmp_path)
    take(station, machine(tmp_path, CSP, UNCONTROLLED))
    wait_for(lambda: len(inventories(station)) == 2, what="the control switched off")
    assert inventories(station)[1].time_control.state is Control.OFF
    assert station.stop() == 0
    station.start(hurried=True)
    take(station, machine(tmp_path, {"pcscd": "1"}, UNCONTROLLED))
    wait_for(lambda: len(inventories(station)) == 3, what="the removal after the restart")
    assert inventories(station)[2].time_control.state is Control.ABSENT


def test_status_and_journal_tell_it_in_words(station: Workstation, tmp_path: Path) -> None:
    told = station.command("status").stdout
    assert "Описи рабочего места нет" in told
    take(station, machine(tmp_path, CSP, UNCONTROLLED))
    station.start(hurried=True)
    wait_for(lambda: inventories(station), what="the inventory")
    told = station.command("status").stdout
    assert "составлена только что. Криптосредства: КриптоПро CSP 5.0.13000-7." in told
    assert "ВНИМАНИЕ (п. 4.2): контроль срока ключей в КриптоПро CSP выключен" in told
    assert "Опись рабочего места." in station.command("journal", "show").stdout
    assert json.loads(station.command("status", "--json").stdout)["inventory"]["age_s"] < 60
    path = station.layout.state / "inventory" / "inventory"
    os.utime(path, (1, 1))
    assert "(УСТАРЕЛА)" in station.command("status").stdout
    path.write_text("{}")
    assert "Описи рабочего места нет" in station.command("status").stdout


def test_an_unreadable_database_is_not_an_empty_one(station: Workstation, tmp_path: Path) -> None:
    status = machine(tmp_path, CSP) / "var/lib/dpkg/status"
    status.unlink()
    take(station, tmp_path)
    assert written(station)["packages"] == []
    assert written(station)["unasked"] == ["dpkg: No such file or directory"]
    assert written(station)["time_control"]["state"] == "unknown"
    status.mkdir()
    take(station, tmp_path)
    assert written(station)["unasked"] == ["dpkg: Is a directory"]


def test_both_package_managers_are_asked(station: Workstation, tmp_path: Path) -> None:
    root = machine(tmp_path / "root", {"pcscd": "1"})
    install(root, tmp_path, "lsb-cprocsp-base", "5.0.13000", "7")
    take(station, root)
    found = [(one["name"], one["manager"]) for one in written(station)["packages"]]
    assert found == [("lsb-cprocsp-base", "rpm"), ("pcscd", "dpkg")]
    assert written(station)["unasked"] == []
    assert written(station)["time_control"]["state"] == "on"


def test_a_machine_of_rpm_alone_has_nothing_unasked(station: Workstation, tmp_path: Path) -> None:
    root = machine(tmp_path / "root", {})
    (root / "var/lib/dpkg/status").unlink()
    install(root, tmp_path, "vipnetclient", "4.15.0", "26717")
    take(station, root)
    assert written(station)["unasked"] == []


def test_more_packages_than_an_inventory_holds_are_said(
    station: Workstation, tmp_path: Path
) -> None:
    many = {f"cprocsp-part-{number}": "1" for number in range(300)}
    take(station, machine(tmp_path, many))
    assert len(written(station)["packages"]) == 200
    assert written(station)["unasked"] == ["dpkg: more than 200 packages"]


def test_what_an_installer_leaves_is_taken_and_not_what_lies_between(
    station: Workstation, tmp_path: Path
) -> None:
    root = machine(tmp_path, CSP)
    path = station.layout.state / "inventory" / "inventory"
    seen = set[bytes]()
    ended = threading.Event()

    def install_slowly() -> None:
        for number in range(8):
            machine(root, {"lsb-cprocsp-base": f"5.0.{number}"}, CONTROLLED)
            ended.wait(0.1)

    installer = threading.Thread(target=install_slowly)
    installer.start()
    running = subprocess.Popen(command(station, root, "--quiet-for", "0.5"), cwd=ROOT)
    while running.poll() is None:
        if path.exists():
            seen.add(path.read_bytes())
        ended.wait(0.01)
    installer.join()
    assert running.returncode == 0
    seen.add(path.read_bytes())
    versions = [json.loads(one)["packages"][0]["version"] for one in seen]
    assert versions == ["5.0.7"]


def test_a_directory_that_can_not_be_written_is_said_in_words(
    station: Workstation, tmp_path: Path
) -> None:
    (station.layout.state / "inventory").write_text("in its place")
    root = machine(tmp_path, CSP)
    done = subprocess.run(command(station, root), cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 75
    assert "Опись не записана" in done.stderr.decode()
    assert "Traceback" not in done.stderr.decode()


def test_a_last_stanza_without_newline_is_taken(station: Workstation, tmp_path: Path) -> None:
    root = machine(tmp_path, {})
    (root / "var/lib/dpkg/status").write_text(stanza("pcscd", "1").rstrip("\n"))
    take(station, root)
    assert [one["name"] for one in written(station)["packages"]] == ["pcscd"]
