"""A real worker reads real tokens: SoftHSM through the launcher of `klyuchar run`."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path

import pytest

from domain.carrier import Carrier, Maker
from domain.sighting import Obstacle
from drivers.catalogue import Module
from drivers.eye import Eye
from tests.certificates import KEY_UNTIL, gost, ordinary
from tests.drivers.modules import labels, told
from tests.softhsm import Tokens
from tests.waiting import wait_for
from tests.workers import Workers


@pytest.fixture
def eye(softhsm: Module, workers: Workers) -> Eye:
    return Eye(softhsm, workers.socket_path)


def test_a_token_is_seen_with_its_identity(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    token = tokens.make("Бухгалтерия")
    look = workers.look(eye)
    (sighting,) = look.sightings
    expected = Carrier(maker=Maker.SOFTHSM, model="softhsm v2", serial=token.serial)
    assert sighting.carrier == expected
    assert (sighting.label, sighting.slot, sighting.objects) == ("Бухгалтерия", token.slot, 0)
    # The free slot that SoftHSM always shows is counted and not told.
    assert (look.unread, look.slots) == ((), 2)


def test_every_look_reads_the_slots_anew(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    first, second = tokens.make("first"), tokens.make("second")
    assert labels(workers.look(eye)) == {"first", "second"}
    tokens.remove(first)
    assert labels(workers.look(eye)) == {"second"}
    tokens.remove(second)
    assert workers.look(eye).sightings == ()
    tokens.insert(first)
    (back,) = workers.look(eye).sightings
    assert (back.slot, back.carrier.serial) == (first.slot, first.serial)
    third = tokens.make("third")
    assert labels(workers.look(eye)) == {"first", "third"}
    assert {s.slot for s in workers.look(eye).sightings} == {first.slot, third.slot}
    # All of that by one warm process.
    assert len(workers.activation.pids) == 1


def test_certificates_are_read_without_a_pin(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    token = tokens.make("certificates")
    tokens.put_certificate(token, gost("Петров П. П."))
    tokens.put_certificate(token, ordinary("Иванова И. И."))
    (sighting,) = workers.look(eye).sightings
    assert (sighting.objects, sighting.unparsed_certificates) == (2, 0)
    by_holder = {c.subject.rpartition("CN=")[2]: c for c in sighting.certificates}
    assert by_holder["Петров П. П."].key_not_after == f"{KEY_UNTIL:%Y-%m-%dT%H:%M:%SZ}"
    assert by_holder["Петров П. П."].not_after == "2040-03-01T00:00:00Z"
    assert by_holder["Иванова И. И."].key_not_after == ""


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff" * 300, id="garbage"),
        pytest.param(b"\x30\x83\x01\x90\x00" + b"\0" * 102_400, id="100 KiB"),
        pytest.param(gost()[:-40], id="cut"),
        pytest.param(gost() + bytes(70_000), id="good with 70 KB behind it"),
    ],
)
def test_a_certificate_that_is_none_is_counted(
    eye: Eye, workers: Workers, tokens: Tokens, value: bytes
) -> None:
    token = tokens.make("odd")
    tokens.put_certificate(token, value)
    tokens.put_certificate(token, gost())
    (sighting,) = workers.look(eye).sightings
    assert (sighting.objects, sighting.unparsed_certificates) == (2, 1)
    assert len(sighting.certificates) == 1


def test_more_certificates_than_a_message_holds(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    token = tokens.make("many")
    for _ in range(18):
        tokens.put_certificate(token, ordinary("И" * 32))
    (sighting,) = workers.look(eye).sightings
    assert (sighting.objects, len(sighting.certificates)) == (18, 16)
    assert sighting.unparsed_certificates == 2


def test_many_objects_are_counted(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    tokens.put_data(tokens.make("data"), 150)
    (sighting,) = workers.look(eye).sightings
    assert sighting.objects == 150


def test_an_absent_module_is_told(workers: Workers) -> None:
    eye = Eye(Module(name="gone", path="/nowhere/module.so", general=False), workers.socket_path)
    look = workers.look(eye)
    (unread,) = look.unread
    assert (unread.slot, unread.obstacle) == (-1, Obstacle.MODULE_ABSENT)
    assert "/nowhere/module.so" in unread.detail


def test_a_file_that_is_no_module_is_told(workers: Workers) -> None:
    for path in ("/etc/passwd", "/lib/x86_64-linux-gnu/libm.so.6"):
        eye = Eye(Module(name="odd", path=path, general=False), workers.socket_path)
        assert {(s, o) for s, o, _ in told(workers.look(eye))} == {(-1, "module-absent")}


def test_a_worker_ends_when_its_peer_closes(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    tokens.make("one")
    workers.look(eye)
    (pid,) = workers.activation.pids
    pidfd = os.pidfd_open(pid)
    eye.close()
    assert select.select([pidfd], [], [], 60.0)[0], "the worker outlived its peer"
    os.close(pidfd)


def test_a_worker_killed_while_idle_costs_nothing(
    eye: Eye, workers: Workers, tokens: Tokens
) -> None:
    tokens.make("one")
    workers.look(eye)
    wait_for(lambda: workers.turn(eye) or eye._ready, what="the worker let its module go")
    (pid,) = workers.activation.pids
    os.kill(pid, signal.SIGKILL)
    look = workers.look(eye)
    assert (labels(look), look.unread) == ({"one"}, ())


def test_looks_asked_for_meanwhile_are_done_once(
    eye: Eye, workers: Workers, tokens: Tokens
) -> None:
    token = tokens.make("one")
    workers.look(eye)
    eye.look(time.monotonic())
    tokens.remove(token)
    for _ in range(5):
        eye.look(time.monotonic())
    looks = [workers.answer(eye), workers.answer(eye)]
    assert looks[-1].sightings == ()
    until = time.monotonic() + 0.3
    while time.monotonic() < until:
        assert workers.turn(eye) is None
    assert eye.deadline is None


def test_a_worker_can_not_be_traced_or_dumped(eye: Eye, workers: Workers, tokens: Tokens) -> None:
    tokens.make("one")
    workers.look(eye)
    (pid,) = workers.activation.pids
    limits = Path(f"/proc/{pid}/limits").read_text()
    (core,) = [line.split() for line in limits.splitlines() if "core file" in line]
    assert core[4:6] == ["0", "0"]
    status = Path(f"/proc/{pid}/status").read_text()
    assert "NoNewPrivs:\t1" in status
    # A process that is not dumpable belongs to root, whoever runs it.
    assert os.stat(f"/proc/{pid}/environ").st_uid == 0
