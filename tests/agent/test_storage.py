"""Flash drives and this machine's disk at a workstation: the real agent and the real worker.

Messages come by the agent's own clock here: udev's and the kernel's are tests/drivers/test_disks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.settings import AgentSettings
from agent.storage import StorageEye
from domain.carrier import Carrier, Maker
from domain.events import Identified, Judged
from domain.sighting import Container, ContainerKind, Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import storage
from drivers.eye import Look
from drivers.storage.machine import machine_serial
from journal.decode import Record
from tests.drivers.storage.sticks import KEYS, MACHINE_ID, STICK, MadeUpMachine, make_container
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

CARRIER = Carrier(maker=Maker.FLASH, model="flash disk", serial="1a2b3c4d/0401ab77")
DISK = Carrier(maker=Maker.WORKSTATION, model="disk", serial=machine_serial(MACHINE_ID))
A = Container(folder="a.000", kind=ContainerKind.EXCHANGE)
RULE = "more-containers-than-keys"


@pytest.fixture
def machine(tmp_path: Path) -> MadeUpMachine:
    return MadeUpMachine(tmp_path / "root")


@pytest.fixture
def point(machine: MadeUpMachine) -> Path:
    point = machine.root / "media/KEYS"
    make_container(point / "ivanov00.000")
    return point


@pytest.fixture
def station(machine: MadeUpMachine) -> Iterator[Workstation]:
    with workstation(storage=machine.root) as station:
        yield station


def started(station: Workstation) -> None:
    """Looking many times a second, as if something had happened each time."""
    station.set(reenumeration_s=1)
    station.start(hurried=True)


def verdict(station: Workstation, carrier: Carrier, rule: str = "") -> Judged:
    def found() -> Judged | None:
        events = [record.event for record in station.events("Judged")]
        judged = [e for e in events if isinstance(e, Judged) and e.carrier == carrier]
        fit = [e for e in judged if rule in ("", e.verdict.deciding.rule)]
        return fit[-1] if fit else None

    return wait_for(found, what=f"a verdict {rule} on {carrier.key()}")  # type: ignore[return-value]


def names_of(records: list[Record]) -> list[str]:
    return [record.name for record in records if record.name not in ("Checkpoint",)]


def test_a_stick_from_plug_to_pull(
    station: Workstation, machine: MadeUpMachine, point: Path
) -> None:
    station.issue_carriers(CARRIER)
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    started(station)
    assert verdict(station, CARRIER).verdict.deciding.rule == "issued-to-the-seat"
    (seen,) = [record.event for record in station.events("Identified")]
    assert isinstance(seen, Identified)
    assert [one.folder for one in seen.sighting.containers] == ["ivanov00.000"]
    machine.unmount("sdb1")
    make_container(point / "petrov00.000")
    machine.mount("sdb1", point)
    assert verdict(station, CARRIER, RULE).verdict.level.value == "warn"
    machine.unmount("sdb1")
    machine.pull("sdb1")
    wait_for(lambda: station.events("Pulled"), what="it is pulled")
    told = names_of(station.records())
    assert told.count("Missed") == told.count("Pulled") == 1, "unmounting is no pulling"
    assert told.count("Identified") == 2
    assert "Blind" not in told
    assert station.said() == ""
    station.stop()


def test_others_leave_no_record(station: Workstation, machine: MadeUpMachine) -> None:
    photographs = machine.root / "media/PHOTOS"
    photographs.mkdir(parents=True)
    (photographs / "cat.jpg").touch()
    station.issue_carriers(DISK)
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", photographs)
    started(station)
    verdict(station, DISK)
    make_container(photographs / "a.000")
    verdict(station, CARRIER)
    told = [record.event for record in station.events("Identified")]
    assert [e.sighting.carrier for e in told if isinstance(e, Identified)] == [DISK, CARRIER]


def test_one_the_ledger_knows_is_told_before_it_is_mounted(
    station: Workstation, machine: MadeUpMachine
) -> None:
    station.issue_carriers(CARRIER)
    machine.plug("sdb1", STICK)
    started(station)
    assert verdict(station, CARRIER).verdict.deciding.rule == "contents-not-read"


def test_the_ledger_s_word_that_comes_later_is_heeded(
    station: Workstation, machine: MadeUpMachine
) -> None:
    machine.plug("sdb1", STICK)
    station.start()
    wait_for(lambda: len(station.workers()) >= 2, what="both workers were asked")
    station.issue_carriers(CARRIER)
    assert verdict(station, CARRIER).verdict.deciding.rule == "contents-not-read"


def test_a_copy_beside_the_first_is_a_duplicate(
    station: Workstation, machine: MadeUpMachine, point: Path
) -> None:
    station.issue_carriers(CARRIER)
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    machine.plug("sdc1", STICK)
    started(station)
    verdict(station, CARRIER, "duplicate-identity")


def test_keys_on_the_disk_make_the_workstation_a_carrier(
    station: Workstation, machine: MadeUpMachine
) -> None:
    station.issue_carriers()
    started(station)
    wait_for(lambda: station.events("SnapshotAccepted"), what="the ledger's data")
    make_container(machine.root / KEYS[1:] / "ivanova" / "a.000")
    judged = verdict(station, DISK)
    assert judged.verdict.deciding.rule == "unknown-carrier"
    for text in (judged.verdict.deciding.reason, judged.verdict.deciding.advice):
        assert "вынуть" not in text.ru.lower()
        assert "вынь" not in text.ru.lower()
    assert "pull" not in judged.verdict.deciding.advice.en


def test_a_worker_that_hangs_before_it_reads_makes_blind_and_nothing_else(
    machine: MadeUpMachine, point: Path
) -> None:
    """Every worker for storage stands still; a token is read and judged all the same."""
    machine.plug("sdb1", STICK)
    machine.mount("sdb1", point)
    with workstation(storage=machine.root) as station:
        station.make_tokens("token")
        station.issue("token")
        station.set(module_deadline_s=1)
        hanging = station._activations[1]
        command = hanging._command
        hanging._command = [sys.executable, "-c", HANGING]
        started(station)
        (blind,) = wait_for(lambda: station.events("Blind"), what="blindness")
        assert blind.event.what == "storage"  # type: ignore[union-attr]
        station.insert("token")
        verdict(station, station.carrier("token"), "issued-to-the-seat")
        hanging._command = command
        wait_for(lambda: station.events("Seeing"), what="seeing again")
        verdict(station, CARRIER)
        assert len(station.events("Blind")) == 1


READY = '{"type":"ready"}'
HANGING = f"""
import os, signal, socket
connection = socket.socket(fileno=0)
connection.sendall(b'{READY}\\n')
os.kill(os.getpid(), signal.SIGSTOP)
"""


class TestWhatConcernsUs:
    """The eye's own memory, without any worker."""

    @pytest.fixture
    def registered(self) -> set[Carrier]:
        return set()

    @pytest.fixture
    def eye(self, registered: set[Carrier]) -> StorageEye:
        settings = AgentSettings(state=Path("/s"), inbox=Path("/i"), worker_socket="/w")
        return StorageEye(settings, registered.__contains__)

    def sighting(self, *containers: Container, mounted: bool = True, slot: int = 1) -> Sighting:
        return Sighting(
            carrier=CARRIER,
            label="",
            module="storage",
            slot=slot,
            evidence=Evidence.FILE_SYSTEM,
            objects=len(containers) if mounted else -1,
            certificates=(),
            containers=containers,
        )

    def seen(self, eye: StorageEye, *sightings: Sighting) -> tuple[Sighting, ...]:
        look = Look(module=storage(()), sightings=sightings, unread=(), slots=len(sightings))
        return eye._concerning(look).sightings

    def test_containers_make_it_ours_until_it_is_gone(self, eye: StorageEye) -> None:
        assert self.seen(eye, self.sighting()) == ()
        with_one = self.sighting(A)
        assert self.seen(eye, with_one) == (with_one,)
        emptied = self.sighting()
        assert self.seen(eye, emptied) == (emptied,), "that a key went is worth a record"

    def test_unmounted_it_is_as_last_seen_at_its_new_place(self, eye: StorageEye) -> None:
        self.seen(eye, self.sighting(A))
        assert self.seen(eye) == ()
        unmounted = self.sighting(mounted=False, slot=7)
        assert self.seen(eye, unmounted) == (replace(self.sighting(A), slot=7),)

    def test_what_is_not_known_and_not_mounted_is_nobody_s(
        self, eye: StorageEye, registered: set[Carrier]
    ) -> None:
        unmounted = self.sighting(mounted=False)
        assert self.seen(eye, unmounted) == ()
        registered.add(CARRIER)
        assert self.seen(eye, unmounted) == (unmounted,)

    def test_what_could_not_be_read_is_told_whoever_s_it_is(self, eye: StorageEye) -> None:
        unread = Unread(module="storage", slot=1, obstacle=Obstacle.FILE_SYSTEM_ERROR, detail="EIO")
        look = Look(
            module=storage(()), sightings=(self.sighting(mounted=False),), unread=(unread,), slots=1
        )
        told = eye._concerning(look)
        assert (told.sightings, told.unread) == ((), (unread,))

    def test_memory_is_bounded(self, eye: StorageEye) -> None:
        for number in range(1000):
            carrier = replace(CARRIER, serial=f"{number + 1:x}")
            self.seen(eye, replace(self.sighting(A), carrier=carrier))
        assert len(eye._remembered) == 64
