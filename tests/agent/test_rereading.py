"""Settings read again by the running agent: at once, later, or not at all, and always told."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.rereading import FIXED, reread, told
from agent.settings import AgentSettings
from domain.events import Reconfigured, Setting, SettingsRefused, Started
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

OLD = AgentSettings(state=Path("/s"), inbox=Path("/i"), worker_socket="/w", host="pc-17")


@pytest.fixture
def station() -> Iterator[Workstation]:
    with workstation() as made:
        made.make_tokens("a")
        made.issue("a")
        made.start()
        yield made


def reload(station: Workstation, old: str, new: str) -> None:
    """Change the settings file and have it read again."""
    content = station.layout.settings.read_text()
    assert old in content
    station.layout.settings.write_text(content.replace(old, new))
    assert station.agent is not None
    station.agent.send_signal(signal.SIGHUP)


def test_nothing_changed() -> None:
    assert reread(OLD, OLD) == (OLD, Reconfigured(changed=(), waiting=()))


def test_what_hangs_on_files_and_sockets_stays_until_a_restart() -> None:
    new = AgentSettings(
        state=Path("/t"),
        inbox=Path("/j"),
        worker_socket="/v",
        host="pc-18",
        modules=("/a.so", "/b.so"),
        modules_directory=Path("/m"),
        storage_socket="/s",
        container_directories=("/c",),
        demo_socket="/d",
        demo_tokens="/e",
        key_ending_days=9,
    )
    kept, event = reread(OLD, new)
    assert set(event.waiting) == FIXED
    assert event.changed == (Setting(name="key_ending_days", value="9"),)
    assert (kept.host, kept.modules, kept.key_ending_days) == ("pc-17", (), 9)


def test_a_start_tells_all_settings_that_are_in_force(station: Workstation) -> None:
    started = station.events("Started")[0].event
    assert isinstance(started, Started)
    assert Setting(name="reader_poll_s", value="15") in started.settings
    assert {each.name for each in started.settings} == {each.name for each in told(OLD)}


def test_new_settings_judge_carriers_that_stay_again(station: Workstation) -> None:
    station.insert("a")
    wait_for(lambda: station.events("Judged"), what="a verdict")
    reload(station, f'seat_login = "{station.layout.login}"', 'seat_login = "petrov"')
    wait_for(lambda: len(station.events("Judged")) > 1, what="a verdict on the new settings")
    assert [event.event.verdict.level.value for event in station.events("Judged")] == [  # type: ignore[union-attr]
        "allow",
        "deny",
    ]
    (event,) = [record.event for record in station.events("Reconfigured")]
    assert event == Reconfigured(changed=(Setting(name="seat_login", value="petrov"),), waiting=())
    names = [record.name for record in station.records()]
    assert names.index("Reconfigured") < len(names) - 1 - names[::-1].index("Judged")


def test_settings_that_wait_for_a_restart_are_told(station: Workstation) -> None:
    reload(station, 'modules = ["', 'modules = ["/other.so", "')
    wait_for(lambda: station.events("Reconfigured"), what="the settings were read again")
    shown = station.command("status").stdout
    assert "Ждут перезапуска агента" in shown
    assert "modules" in shown


def test_wrong_settings_change_nothing_and_are_told(station: Workstation) -> None:
    reload(station, "[agent]", "[agent]\nreader_poll_s = 7\nkey_endng_days = 3")
    wait_for(lambda: station.events("SettingsRefused"), what="refused")
    event = station.events("SettingsRefused")[0].event
    assert isinstance(event, SettingsRefused)
    assert "key_endng_days" in event.reason
    assert "возможно, имелось в виду key_ending_days" in event.reason
    assert "key_endng_days" in station.command("status").stderr, "no command can use them either"
    station.insert("a")
    wait_for(lambda: station.events("Judged"), what="the agent goes on")
    content = station.layout.settings.read_text()
    station.layout.settings.write_text(content.replace("key_endng_days = 3", ""))
    assert "Новые настройки не приняты" in station.command("status").stdout
    reload(station, "reader_poll_s = 7", "reader_poll_s = 8")
    wait_for(lambda: station.events("Reconfigured"), what="mended")
    assert "Новые настройки не приняты" not in station.command("status").stdout
    assert station.stop() == 0
    assert station.said() == ""


def test_the_service_manager_is_told_when_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(path))
        manager.settimeout(30)
        with workstation(env={"NOTIFY_SOCKET": str(path)}) as station:
            station.start()
            said = wait_for_word(manager, "READY=1")
            reload(station, "[agent]", "[agent]\nreader_poll_s = 7")
            said = wait_for_word(manager, "RELOADING=1")
            assert said.split("\n")[1].removeprefix("MONOTONIC_USEC=").isdecimal()
            wait_for_word(manager, "READY=1")
            assert len(station.events("Reconfigured")) == 1


def wait_for_word(manager: socket.socket, word: str) -> str:
    while not (said := manager.recv(4096).decode()).startswith(word):
        pass
    return said
