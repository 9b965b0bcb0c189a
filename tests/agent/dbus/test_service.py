"""The interface on a real bus with Debian's and our policy, and a real polkitd with our actions."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jeepney import DBusAddress, new_method_call

from agent.dbus.interface import NAME, PATH
from agent.dbus.wire import Bus
from domain.events import Blind, Started
from domain.verdict import Level
from drivers.rescan import RescanWatch
from tests.agent.dbus.stage import CARRIER, OBJECT, Stage, judged, pulled
from tests.message_bus import message_bus, owned, polkit
from tests.waiting import wait_for

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be several users")

# Stands in for logind, which a test has none of: who is "active" is whom the test seats. All else,
# the question, the action and its answer, is polkit's own.
SEATED = """
polkit.addRule(function (action, subject) {
    if (action.id != "ru.klyuchar.agent1.watch" || subject.user != "nobody") return;
    try { polkit.spawn(["/usr/bin/test", "-e", "%s"]); return polkit.Result.YES; }
    catch (error) { return polkit.Result.NO; }
});
"""


@pytest.fixture
def directory() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="ks", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def seat(directory: Path) -> Path:
    """Exists while "nobody" sits here."""
    return directory / "seated"


@pytest.fixture
def stage(directory: Path, seat: Path) -> Iterator[Stage]:
    with message_bus() as bus, polkit(bus, SEATED % seat):
        made = Stage(directory, bus)
        try:
            yield made
        finally:
            made.close()


def test_who_sits_here_is_told_at_once_and_nobody_else_is(stage: Stage, seat: Path) -> None:
    seat.touch()
    stage.start()
    sitting, outsider = stage.listener("nobody"), stage.listener("daemon")
    assert outsider.told == [{"refused": "org.freedesktop.DBus.Error.AccessDenied"}]
    stage.record(judged())
    wait_for(lambda: len(sitting.told) == 2, what="the verdict")
    name, record, key, verdict = sitting.told[1]
    assert (name, record, key) == ("Judged", 1, CARRIER.key())
    assert verdict["level"] == ["s", "deny"]
    assert verdict["serial"] == ["s", "0992938513"]
    assert verdict["reason_ru"] == ["s", "Носитель не учтён: x"]
    assert "ivanova" not in json.dumps(sitting.told, ensure_ascii=False)
    stage.record(pulled())
    wait_for(lambda: len(sitting.told) == 3, what="the pulling")
    assert sitting.told[2] == ["Gone", 2, CARRIER.key()]


def test_who_left_the_seat_hears_nothing_until_back(stage: Stage, seat: Path) -> None:
    seat.touch()
    stage.start()
    listener, root = stage.listener("nobody"), stage.listener()
    seat.unlink()
    other = replace(CARRIER, serial="1")
    stage.record(judged(), judged(other), pulled(other))
    wait_for(lambda: len(root.told) == 4, what="root told")
    wait_for(lambda: stage.value("Carriers") == "u 1", what="the properties")
    assert len(listener.told) == 1
    seat.touch()
    third = replace(CARRIER, serial="2")
    stage.record(judged(third))
    wait_for(lambda: len(listener.told) == 3, what="all that stands")
    assert listener.records() == [1, 4]


def test_a_late_subscriber_is_told_what_stands(stage: Stage) -> None:
    other = replace(CARRIER, serial="1")
    stage.record(judged(), judged(other), pulled(other), judged(None, port="usb:1-1"))
    stage.start()
    listener = stage.listener()
    wait_for(lambda: len(listener.told) == 3, what="all that stands")
    assert [message[:3] for message in listener.told[1:]] == [
        ["Judged", 1, CARRIER.key()],
        ["Judged", 4, "at:usb:1-1"],
    ]


def test_properties_are_for_everybody_and_say_no_more_than_a_glance_does(stage: Stage) -> None:
    stage.record(
        Started(version="9.9", watching=(), modules=()),
        judged(level=Level.WARN),
        Blind(what="softhsm", reason="deadline: C_GetSlotList"),
    )
    stage.start()
    told = {name: stage.value(name) for name in ("Version", "Carriers", "Level", "Blind")}
    assert told == {
        "Version": 's "9.9"',
        "Carriers": "u 1",
        "Level": 's "warn"',
        "Blind": 'as 1 "softhsm"',
    }


def test_the_status_is_what_the_command_says(stage: Stage) -> None:
    stage.record(Started(version="9.9", watching=("usb",), modules=()))
    stage.start()
    said = stage.call("Status").stdout.strip()
    report = json.loads(json.loads(said.removeprefix("s ")))
    assert report["agent"]["version"] == "9.9"
    assert report["journal"]["records"] == 1


@pytest.mark.parametrize("member", ["Status", "Rescan"])
def test_who_does_not_sit_here_is_refused(stage: Stage, member: str) -> None:
    stage.start()
    refused = stage.call(member, user="daemon")
    assert refused.returncode != 0
    assert "Access denied" in refused.stderr


def test_a_rescan_reaches_the_agent_once_however_often_it_is_asked(stage: Stage) -> None:
    stage.start()
    assert "не запущен" in stage.call("Rescan").stderr
    watch = RescanWatch(stage.rescan_socket)
    for _ in range(3):
        assert stage.call("Rescan").returncode == 0
    assert len(watch.changes()) == 1
    assert watch.changes() == []


def test_nobody_else_may_take_the_name(stage: Stage) -> None:
    take = ("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "RequestName", "su", NAME, "4")
    refused = stage.bus.busctl("call", *take, user="nobody")
    assert refused.returncode != 0
    assert not owned(stage.bus, NAME)


HOSTILE = [
    ("call", *OBJECT, "Reboot"),
    ("call", NAME, "/etc/passwd", NAME, "Status"),
    ("call", *OBJECT[:2], "org.freedesktop.DBus.Properties", "Get", "i", "1"),
    ("call", *OBJECT[:2], "org.freedesktop.DBus.Properties", "Get", "ss", NAME, "Nothing"),
    ("call", *OBJECT[:2], "org.freedesktop.DBus.Properties", "Set", "ssv", NAME, "Level", "s", ""),
    ("call", *OBJECT[:2], "org.freedesktop.DBus.Properties", "Shut", "s", NAME),
    ("call", *OBJECT, "Subscribe", "s", "x" * 100_000),
    ("emit", "/x", "org.freedesktop.DBus", "NameOwnerChanged", "sss", ":1.1", ":1.1", ""),
]  # fmt: skip


def test_nonsense_is_refused_and_changes_nothing(stage: Stage) -> None:
    stage.start()
    listener = stage.listener()
    for nonsense in HOSTILE[:-2]:
        assert stage.bus.busctl(*nonsense, user="nobody").returncode != 0, nonsense
    for ignored in HOSTILE[-2:]:
        stage.bus.busctl("--timeout=2", *ignored, user="nobody")
    huge = new_method_call(DBusAddress(PATH, NAME, NAME), "Subscribe", "s", ("x" * 5_000_000,))
    Bus(stage.bus.address).send(huge)
    stage.record(judged())
    wait_for(lambda: len(listener.told) == 2, what="the verdict all the same")
    assert stage.service is not None
    assert stage.service.poll() is None


def test_a_bus_that_is_killed_ends_the_service_and_the_next_one_tells_the_same(
    stage: Stage,
) -> None:
    stage.start()
    stage.record(judged())
    stage.bus.kill()
    assert stage.ended() == 75
    stage.record(judged(replace(CARRIER, serial="1")))
    stage.bus.start()
    with polkit(stage.bus):
        stage.start()
        listener = stage.listener()
        wait_for(lambda: listener.records() == [1, 2], what="both verdicts")


def test_a_bus_that_hangs_is_given_up_and_holds_up_no_record(stage: Stage) -> None:
    stage.start()
    stage.listener()
    stage.bus.freeze()
    service, levels = stage.service, itertools.cycle((Level.DENY, Level.WARN))
    assert service is not None

    def grows() -> bool:
        stage.record(judged(level=next(levels)))
        return service.poll() is not None

    wait_for(grows, what="the service gives up")
    assert service.returncode == 75
    stage.bus.thaw()
    stage.start()
    last = stage.journal.head.seq
    listener = stage.listener()
    wait_for(lambda: listener.records() == [last], what="the last word")
