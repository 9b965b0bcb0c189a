"""The connection on a real bus: what is too large or hangs costs nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from jeepney import DBusAddress, HeaderFields, Message, new_method_call
from jeepney.bus_messages import message_bus as daemon

from agent.dbus import wire
from agent.dbus.wire import LARGEST_MESSAGE, Bus, BusLost, Refused, field
from tests.message_bus import MessageBus, message_bus
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def session() -> Iterator[MessageBus]:
    with message_bus("session") as bus:
        yield bus


def call(to: Bus, words: str) -> Message:
    return new_method_call(DBusAddress("/x", to.name, "x.y"), "Say", "s", (words,))


def said(messages: list[Message]) -> list[str]:
    """What was said, without the bus's own words."""
    return [one.body[0] for one in messages if field(one, HeaderFields.member) == "Say"]


def test_what_is_too_large_is_dropped_and_the_next_is_heard(session: MessageBus) -> None:
    speaker, listener = Bus(session.address), Bus(session.address)
    bodies = ["before", "x" * LARGEST_MESSAGE, "between", "x" * 3_000_000, "after"]
    speaking = threading.Thread(
        target=lambda: [speaker.send(call(listener, words)) for words in bodies]
    )
    speaking.start()
    heard: list[str] = []
    wait_for(lambda: heard.extend(said(listener.received())) or len(heard) == 3, what="three")
    assert heard == ["before", "between", "after"]
    speaking.join()


def test_what_comes_while_an_answer_is_awaited_is_kept(session: MessageBus) -> None:
    speaker, listener = Bus(session.address), Bus(session.address)
    for number in range(50):
        speaker.send(call(listener, str(number)))
    speaker.call(daemon.GetId())
    listener.call(daemon.GetId())
    assert listener.has_early
    assert said(listener.received_early()) == [str(number) for number in range(50)]


def test_a_refusal_has_its_name(session: MessageBus) -> None:
    bus = Bus(session.address)
    with pytest.raises(Refused) as refused:
        bus.call(new_method_call(DBusAddress("/x", "no.such.Name", "x.y"), "Say"))
    assert refused.value.name == "org.freedesktop.DBus.Error.ServiceUnknown"


@pytest.mark.parametrize("address", ["unix:path=/nowhere", "tcp:host=127.0.0.1,port=1", "nonsense"])
def test_a_bus_that_is_not_there(address: str) -> None:
    with pytest.raises(BusLost):
        Bus(address)


def test_a_bus_that_lets_nobody_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "ANSWER_S", 0.2)
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "s"))
        silent.listen()
        with pytest.raises(BusLost):
            Bus(f"unix:path={tmp_path}/s")


def test_a_bus_that_speaks_no_dbus(session: MessageBus) -> None:
    bus = Bus(session.address)
    ours, theirs = socket.socketpair()
    bus._socket = ours
    theirs.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")
    with pytest.raises(BusLost):
        bus.received()
