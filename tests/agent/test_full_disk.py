"""A journal whose disk is full, with the real agent: nothing false is told, and it goes on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.recording import Recorder
from domain import canonical
from domain.events import Stopped, Unrecorded
from domain.inventory import FORMAT
from journal.decode import decode
from journal.reader import read
from journal.segments import segments
from journal.signing import Signer
from journal.verify import verify
from journal.writer import Tampered
from tests.agent.story import told
from tests.journal.values import opened
from tests.machines import inventory
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

NO_ROOM = "Не удалось записать в журнал"


@pytest.fixture
def station() -> Iterator[Workstation]:
    """Its journal stands on a real file system of 128 KiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    with workstation() as made:
        command = ["mount", "-t", "tmpfs", "-o", "size=128k", "klyuchar-test", made.journal]
        if subprocess.run(command, check=False).returncode:
            pytest.skip("mounting is not permitted here")
        made.make_tokens("a", "b")
        made.issue("a", "b")
        try:
            yield made
        finally:
            made.close()
            subprocess.run(["umount", "--lazy", made.journal], check=True)


def fill(directory: Path) -> Path:
    """A file that takes all the room there is."""
    ballast = directory / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return ballast


def shake(station: Workstation) -> None:
    """Plug and pull until the last page of the journal is full too."""
    for _ in range(40):
        station.insert("a")
        wait_for(lambda: bool(station.workers()), what="a worker")
        station.remove("a")
        if NO_ROOM in station.said():
            return
        wait_for(
            lambda: NO_ROOM in station.said() or station.records()[-1].name in _AT_REST,
            what="it was recorded, or could not be",
        )
    raise AssertionError("the disk never was full")


_AT_REST = {"Pulled", "Checkpoint"}


def test_a_full_disk_is_loud_and_counted_and_the_agent_goes_on(station: Workstation) -> None:
    station.start(hurried=True)
    ballast = fill(station.journal)
    shake(station)
    before = len(station.records())
    station.insert("b")
    wait_for(lambda: len(list(station.layout.tokens.iterdir())) == 1, what="b is in")
    assert station.agent is not None
    assert station.agent.poll() is None
    assert len(station.records()) == before, "nothing is told that is not recorded"
    ballast.unlink()
    wait_for(lambda: station.events("Unrecorded"), what="there is room again")
    carrier = station.carrier("b")
    wait_for(lambda: told(station.records()).verdicts.get(carrier) == "allow", what="b is seen")
    events = [record.event for record in station.events("Unrecorded")]
    assert all(isinstance(event, Unrecorded) and NO_ROOM in event.reason for event in events)
    assert sum(event.count for event in events if isinstance(event, Unrecorded)) > 0
    assert set(told(station.records()).here) == {carrier}
    shown = station.command("status").stdout
    assert "НЕ ЗАПИСАНО событий" in shown
    assert "МАЛО МЕСТА" in shown
    assert station.stop() == 0
    assert "Запись в журнал возобновлена" in station.said()
    assert verify(station.journal, public_key=None, strict=True).whole
    assert len(station.events("Started")) == 1


def test_an_inventory_that_found_no_room_is_recorded_when_there_is_some(
    station: Workstation,
) -> None:
    station.start(hurried=True)
    ballast = fill(station.journal)
    shake(station)
    assert station.agent is not None
    write_inventory(station)
    agent = psutil.Process(station.agent.pid)
    awake = agent.num_ctx_switches().voluntary
    wait_for(lambda: agent.num_ctx_switches().voluntary > awake + 20, what="some ticks more")
    assert not station.events("Inventoried")
    ballast.unlink()
    wait_for(lambda: station.events("Inventoried"), what="there is room again")
    assert len(station.events("Inventoried")) == 1


def write_inventory(station: Workstation) -> None:
    """One that is larger than what may be left of the journal's last page."""
    many = inventory({f"cprocsp-part-{number}": "1" for number in range(150)})
    folder = station.layout.state / "inventory"
    folder.mkdir()
    document = {"format": FORMAT, **canonical.plain(many)}
    (folder / "new").write_bytes(canonical.encode(document))
    (folder / "new").rename(folder / "inventory")


def test_what_was_missed_is_counted_to_the_event(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=1)
    recorder = Recorder(journal, Signer(bytes(32)))
    recorder.record(Stopped(reason="1"))
    tmp_path.rename(hidden := tmp_path.with_name("hidden"))  # no segment can be begun there
    recorder.record(Stopped(reason="2"), Stopped(reason="3"))
    recorder.record(Stopped(reason="4"))
    recorder.checkpoint()
    assert recorder.failing
    assert not recorder.recover()
    hidden.rename(tmp_path)
    assert recorder.recover()
    assert not recorder.failing
    recorder.record(Stopped(reason="5"))
    told = [decode(line.raw).event for line in read(tmp_path)]
    assert [type(event).__name__ for event in told] == ["Stopped", "Unrecorded", "Stopped"]
    assert isinstance(told[1], Unrecorded)
    assert told[1].count == 3
    journal.close()


def test_a_signature_the_disk_refused_is_no_missed_event(tmp_path: Path) -> None:
    journal = opened(tmp_path, segment_bytes=1)
    recorder = Recorder(journal, Signer(bytes(32)))
    recorder.record(Stopped(reason="1"))
    tmp_path.rename(hidden := tmp_path.with_name("hidden"))
    recorder.checkpoint()
    hidden.rename(tmp_path)
    assert recorder.recover()
    told = [decode(line.raw).event for line in read(tmp_path)]
    assert isinstance(told[1], Unrecorded)
    assert told[1].count == 0
    journal.close()


def test_a_journal_somebody_changed_is_no_full_disk(tmp_path: Path) -> None:
    journal = opened(tmp_path)
    recorder = Recorder(journal, Signer(bytes(32)))
    recorder.record(Stopped(reason="1"))
    segments(tmp_path)[0].unlink()
    with pytest.raises(Tampered):
        recorder.record(Stopped(reason="2"))
    with pytest.raises(Tampered):
        recorder.checkpoint()
    journal.close()
