"""The eye against workers that are played by the test: every word, every silence."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from domain.carrier import Carrier, Maker
from domain.sighting import Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import Module
from drivers.eye import STARTING_S, Eye, Look
from drivers.messages import (
    MAX_LINE,
    Ask,
    Finished,
    NotRead,
    Open,
    Ready,
    Reply,
    Seen,
    Touching,
    emit,
    parse_request,
)

MODULE = Module(name="played", path="/played.so", general=False)
DEADLINE_S = 2.0
PATIENCE_S = DEADLINE_S * 1.2 + 0.3


def sighting(slot: int, module: str = MODULE.name) -> Sighting:
    return Sighting(
        carrier=Carrier(maker=Maker.OTHER, model="m", serial=f"a{slot}"),
        label="",
        module=module,
        slot=slot,
        evidence=Evidence.TOKEN_INFO,
        objects=0,
        certificates=(),
    )


class Played:
    """One worker, spoken by the test."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._connection.settimeout(60)
        self._heard = b""

    def hears(self) -> Open | Ask:
        while b"\n" not in self._heard:
            chunk = self._connection.recv(4096)
            assert chunk, "the eye closed"
            self._heard += chunk
        line, _, self._heard = self._heard.partition(b"\n")
        return parse_request(line)

    def hears_ask(self) -> Ask:
        request = self.hears()
        if isinstance(request, Open):
            request = self.hears()
        assert isinstance(request, Ask)
        return request

    def says(self, *replies: Reply | bytes) -> None:
        said = [reply if isinstance(reply, bytes) else emit(reply) for reply in replies]
        self._connection.sendall(b"".join(said))

    def dies(self) -> None:
        self._connection.close()

    def was_dropped(self) -> bool:
        try:
            while self._connection.recv(4096):
                pass
        except ConnectionResetError:
            pass
        return True


class Stage:
    """An eye and the workers it connects to, with a clock that the test moves."""

    def __init__(self, path: str) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self._listener.settimeout(60)
        self.eye = Eye(MODULE, path, deadline_s=DEADLINE_S)
        self.now = 1000.0

    def worker(self) -> Played:
        connection, _ = self._listener.accept()
        return Played(connection)

    def looks(self) -> tuple[Played, Ask]:
        """Ask, and the fresh worker that hears it."""
        self.eye.look(self.now)
        worker = self.worker()
        worker.says(Ready())
        ask = worker.hears_ask()
        assert self.sees() is None
        return worker, ask

    def sees(self) -> Look | None:
        return self.eye.on_readable(self.now)

    def waits(self, seconds: float) -> Look | None:
        self.now += seconds
        return self.eye.on_deadline(self.now)

    def stop_listening(self) -> None:
        self._listener.close()


@pytest.fixture
def path() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="kl", dir="/tmp") as directory:
        yield str(Path(directory) / "w")


@pytest.fixture
def stage(path: str) -> Stage:
    return Stage(path)


def unread_of(look: Look | None) -> list[tuple[int, Obstacle, str]]:
    assert look is not None
    return [(unread.slot, unread.obstacle, unread.detail) for unread in look.unread]


def test_a_look_from_the_first_word_to_the_last(stage: Stage) -> None:
    stage.eye.look(stage.now)
    worker = stage.worker()
    opening = worker.hears()
    assert opening == Open(module=MODULE.name, path=MODULE.path, deadline_ms=2000)
    ask = worker.hears_ask()
    assert (ask.skip, ask.bare, ask.objects) == ((), (), True)
    unread = Unread(module=MODULE.name, slot=2, obstacle=Obstacle.PKCS11_ERROR, detail="d")
    worker.says(Ready(), Touching(look=ask.look, slot=1, call="C_GetSlotInfo"))
    worker.says(Seen(look=ask.look, sighting=sighting(1)), NotRead(look=ask.look, unread=unread))
    assert stage.sees() is None
    worker.says(Finished(look=ask.look, slots=3))
    expected = Look(module=MODULE, sightings=(sighting(1),), unread=(unread,), slots=3)
    assert stage.sees() == expected
    assert stage.eye.deadline is None


def test_words_may_come_in_any_pieces(stage: Stage) -> None:
    worker, ask = stage.looks()
    said = emit(Seen(look=ask.look, sighting=sighting(1))) + emit(Finished(look=ask.look, slots=1))
    for byte in said[:-1]:
        worker.says(bytes([byte]))
        assert stage.sees() is None
    worker.says(said[-1:])
    look = stage.sees()
    assert look is not None
    assert look.sightings == (sighting(1),)


def test_a_warm_worker_is_asked_again_without_opening(stage: Stage) -> None:
    worker, ask = stage.looks()
    worker.says(Finished(look=ask.look, slots=0), Ready())
    assert stage.sees() is not None
    stage.eye.look(stage.now)
    again = worker.hears()
    assert isinstance(again, Ask)
    assert again.look != ask.look


def test_looks_asked_for_meanwhile_are_one_more(stage: Stage) -> None:
    worker, ask = stage.looks()
    for _ in range(3):
        stage.eye.look(stage.now)
    worker.says(Finished(look=ask.look, slots=0))
    assert stage.sees() is not None
    # It still lets its module go: the next look waits for that.
    worker.says(Ready())
    assert stage.sees() is None
    again = worker.hears_ask()
    worker.says(Finished(look=again.look, slots=0), Ready())
    assert stage.sees() is not None
    assert stage.eye.deadline is None


def test_a_worker_that_will_not_let_go_is_left(stage: Stage) -> None:
    worker, ask = stage.looks()
    worker.says(Finished(look=ask.look, slots=0))
    assert stage.sees() is not None
    stage.eye.look(stage.now)
    assert stage.eye.deadline is not None
    assert stage.waits(stage.eye.deadline - stage.now) is None
    assert worker.was_dropped()
    fresh = stage.worker()
    assert isinstance(fresh.hears(), Open)


def test_nobody_there(stage: Stage, path: str) -> None:
    stage.stop_listening()
    for _ in range(2):
        stage.eye.look(stage.now)
        assert stage.eye.deadline == stage.now
        ((slot, obstacle, detail),) = unread_of(stage.waits(0))
        assert (slot, obstacle) == (-1, Obstacle.NO_WORKER)
        assert detail.startswith("ECONNREFUSED")
    os.unlink(path)
    stage.eye.look(stage.now)
    ((_, _, detail),) = unread_of(stage.waits(0))
    assert detail.startswith("ENOENT")


def test_a_worker_that_never_starts(stage: Stage) -> None:
    stage.eye.look(stage.now)
    worker = stage.worker()
    assert stage.waits(STARTING_S - 0.1) is None
    assert unread_of(stage.waits(0.2)) == [(-1, Obstacle.NO_WORKER, "it did not start")]
    worker.hears()
    worker.hears()
    assert worker.was_dropped()


def test_a_worker_that_ends_before_it_runs(stage: Stage) -> None:
    stage.eye.look(stage.now)
    stage.worker().dies()
    assert unread_of(stage.sees()) == [(-1, Obstacle.NO_WORKER, "it ended before it ran")]


@pytest.mark.parametrize(
    ("after_s", "obstacle"),
    [(0.0, Obstacle.MODULE_DIED), (DEADLINE_S, Obstacle.DEADLINE)],
)
def test_the_slot_that_was_touched_is_left_out(
    stage: Stage, after_s: float, obstacle: Obstacle
) -> None:
    worker, ask = stage.looks()
    worker.says(Seen(look=ask.look, sighting=sighting(1)))
    worker.says(Touching(look=ask.look, slot=5, call="C_GetTokenInfo"))
    assert stage.sees() is None
    stage.now += after_s
    worker.dies()
    assert stage.sees() is None
    fresh = stage.worker()
    fresh.says(Ready())
    again = fresh.hears_ask()
    assert (again.skip, again.bare, again.objects) == ((5,), (), True)
    # What the dead one had seen counts for nothing: the fresh one says it all again.
    fresh.says(Finished(look=again.look, slots=2))
    look = stage.sees()
    assert unread_of(look) == [(5, obstacle, "C_GetTokenInfo")]
    assert look is not None
    assert look.sightings == ()


def test_objects_are_left_out_first_and_the_slot_then(stage: Stage) -> None:
    worker, ask = stage.looks()
    worker.says(Touching(look=ask.look, slot=5, call="C_OpenSession"))
    worker.dies()
    assert stage.sees() is None
    assert stage.sees() is None
    second = stage.worker()
    second.says(Ready())
    ask = second.hears_ask()
    assert (ask.skip, ask.bare, ask.objects) == ((), (5,), True)
    second.says(Touching(look=ask.look, slot=5, call="C_GetSlotInfo"))
    second.dies()
    assert stage.sees() is None
    assert stage.sees() is None
    third = stage.worker().hears_ask()
    assert (third.skip, third.bare, third.objects) == ((5,), (5,), False)


def test_the_eyes_own_deadline_is_longer_than_the_workers(stage: Stage) -> None:
    worker, ask = stage.looks()
    worker.says(Touching(look=ask.look, slot=5, call="C_GetTokenInfo"))
    assert stage.sees() is None
    assert stage.eye.deadline == stage.now + PATIENCE_S
    assert stage.waits(DEADLINE_S) is None
    assert stage.waits(PATIENCE_S - DEADLINE_S) is None
    assert worker.was_dropped()
    assert stage.worker().hears_ask().skip == (5,)


def test_announcing_for_ever_does_not_help(stage: Stage) -> None:
    worker, ask = stage.looks()
    started = stage.now
    while stage.eye._ready:
        stage.now += 1.0
        worker.says(Touching(look=ask.look, slot=5, call="C_GetTokenInfo"))
        assert stage.sees() is None
        assert stage.eye.on_deadline(stage.now) is None
    assert stage.now - started == 12 * DEADLINE_S
    assert worker.was_dropped()
    assert stage.worker().hears_ask().skip == (5,)


NONSENSE = [
    b"\n",
    b"hello\n",
    b"\xff\xfe\n",
    b"[]\n",
    b'{"type":"finished"}\n',
    emit(Ready()),
    emit(Finished(look=999, slots=0)),
    emit(Touching(look=0, slot=0, call="x")),
    emit(Seen(look=1, sighting=sighting(1, module="another"))),
    emit(Seen(look=1, sighting=sighting(1))) * 2,
    b"x" * (MAX_LINE + 1),
]


@pytest.mark.parametrize("rubbish", NONSENSE, ids=range(len(NONSENSE)))
def test_nonsense_is_told_and_its_worker_dropped(stage: Stage, rubbish: bytes) -> None:
    worker, ask = stage.looks()
    assert ask.look == 1
    worker.says(Touching(look=1, slot=5, call="C_GetTokenInfo"), rubbish)
    for _ in range(10):
        assert stage.sees() is None
        if stage.eye._connection is not None and not stage.eye._ready:
            break
    assert worker.was_dropped()
    fresh = stage.worker()
    fresh.says(Ready())
    again = fresh.hears_ask()
    assert again.skip == (5,)
    fresh.says(Finished(look=1, slots=1))
    ((slot, obstacle, detail),) = unread_of(stage.sees())
    assert (slot, obstacle) == (5, Obstacle.NONSENSE)
    assert detail.startswith("C_GetTokenInfo: ")


def test_a_flood_of_good_messages_is_nonsense(stage: Stage) -> None:
    worker, ask = stage.looks()
    touching = emit(Touching(look=ask.look, slot=5, call="C_GetTokenInfo"))
    worker._connection.setblocking(False)
    flood, sent = touching * 40_000, 0
    while stage.eye._ready:
        with suppress(BlockingIOError):
            sent += worker._connection.send(flood[sent:])
        assert stage.sees() is None
    assert sent < 2 << 20


def test_words_behind_the_last_one_cost_the_worker_and_not_the_look(stage: Stage) -> None:
    worker, ask = stage.looks()
    stage.eye.look(stage.now)
    worker.says(Finished(look=ask.look, slots=1), Finished(look=ask.look + 1, slots=2))
    look = stage.sees()
    assert look is not None
    assert look.slots == 1
    assert worker.was_dropped()
    fresh = stage.worker()
    fresh.says(Ready())
    again = fresh.hears_ask()
    fresh.says(Finished(look=again.look, slots=7))
    look = stage.sees()
    assert look is not None
    assert look.slots == 7


def test_a_warm_worker_that_died_is_no_event(stage: Stage) -> None:
    worker, ask = stage.looks()
    worker.says(Finished(look=ask.look, slots=0), Ready())
    assert stage.sees() is not None
    # Asked in the same moment as it ends: the question is never answered.
    stage.eye.look(stage.now)
    worker.dies()
    assert stage.sees() is None
    fresh = stage.worker()
    fresh.says(Ready())
    again = fresh.hears_ask()
    fresh.says(Finished(look=again.look, slots=1))
    assert unread_of(stage.sees()) == []


def test_a_fresh_worker_that_dies_on_the_module_ends_the_look(stage: Stage) -> None:
    worker, ask = stage.looks()
    worker.says(Touching(look=ask.look, slot=-1, call="C_Initialize"))
    worker.dies()
    looks = [look for look in (stage.sees(), stage.sees()) if look is not None]
    assert unread_of(looks[0]) == [(-1, Obstacle.MODULE_DIED, "C_Initialize")]
    assert looks[0].slots == -1


def test_workers_that_die_at_ever_new_slots_are_limited(stage: Stage) -> None:
    stage.eye.look(stage.now)
    look = None
    for slot in range(20):
        worker = stage.worker()
        ask = worker.hears_ask()
        worker.says(Ready(), Touching(look=ask.look, slot=slot, call="C_GetTokenInfo"))
        worker.dies()
        look = stage.sees() or stage.sees()
        if look is not None:
            break
    told = unread_of(look)
    assert [slot for slot, _, _ in told] == [0, 1, 2, 3, 4, 5, 6, -1]


def test_closing_lets_the_worker_go(stage: Stage) -> None:
    worker, _ = stage.looks()
    stage.eye.close()
    assert (stage.eye.fileno(), stage.eye.deadline) == (None, None)
    assert worker.was_dropped()
