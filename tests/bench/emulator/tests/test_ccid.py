"""The smart card class: a reader driven as its host drives it, without a bus."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.bench.emulator.cards.rutoken import ATR, RutokenCard
from tests.bench.emulator.devices import ccid as device
from tests.bench.emulator.devices.tokens import CardReader, RutokenEcp
from tests.bench.emulator.devices.usb import Babbled, Stalled, first_packets
from tests.bench.emulator.tests import ccid_host as ccid
from tests.waiting import wait_for


class Slow:
    """A card that computes for as long as it is told to, and says so."""

    atr = ATR
    answer = b""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.finish = threading.Event()
        self.interrupted = False

    def reset(self) -> None: ...

    def transmit(self, command: bytes, still_working: Callable[[], None]) -> bytes:
        self.began.set()
        try:
            while not self.finish.wait(0.005):
                still_working()
        except Exception:
            self.interrupted = True
            raise
        return self.answer + b"\x90\x00"


@contextmanager
def attached(reader: device.Ccid) -> Iterator[device.Ccid]:
    reader.attach(lambda: None)
    try:
        yield reader
    finally:
        reader.detach()


def answer(reader: device.Ccid, endpoint: int = ccid.IN) -> bytes:
    found = wait_for(lambda: reader.read(endpoint, 512), what="an answer")
    assert found is not None
    return found


def ask(reader: device.Ccid, kind: int, data: bytes = b"") -> bytes:
    reader.write(ccid.OUT, ccid.message(kind, data))
    return answer(reader)


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def holding(slow: Slow) -> Iterator[CardReader]:
    """A reader that holds the slow card, with power."""
    reader = CardReader()
    with attached(reader):
        reader.push(slow)
        ask(reader, ccid.POWER_ON)
        yield reader


@settings(deadline=None, max_examples=25)
@given(st.data())
def test_commands_survive_any_cut(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from([ccid.SLOT_STATUS, ccid.POWER_ON, 0x99])))
    stream = b"".join(ccid.message(kind, b"x", i) for i, kind in enumerate(kinds))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=6)))
    reader = RutokenEcp(RutokenCard("00000001"))
    with attached(reader):
        for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
            reader.write(ccid.OUT, stream[start:end])
        assert [answer(reader)[6] for _ in kinds] == list(range(len(kinds)))


def test_a_card_that_computes_makes_its_reader_ask_for_time(
    holding: CardReader, slow: Slow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "_MORE_TIME_EVERY", 0.01)
    assert ccid.status(ask(holding, ccid.EXCHANGE, bytes(5))) == ccid.MORE_TIME
    slow.finish.set()
    while ccid.status(last := answer(holding)) == ccid.MORE_TIME:
        pass
    assert (ccid.status(last), last[10:]) == (ccid.PRESENT, b"\x90\x00")


def test_a_card_pulled_while_it_computes_is_answered_for(holding: CardReader, slow: Slow) -> None:
    holding.write(ccid.OUT, ccid.message(ccid.EXCHANGE, bytes(5)))
    assert slow.began.wait(5)
    holding.pop()
    assert ccid.status(answer(holding)) == ccid.FAILED | ccid.EMPTY
    assert slow.interrupted


def test_a_reset_ends_the_computation_and_its_answer_is_nobodys(
    holding: CardReader, slow: Slow
) -> None:
    holding.write(ccid.OUT, ccid.message(ccid.EXCHANGE, bytes(5)))
    assert slow.began.wait(5)
    holding.reset()
    assert ccid.status(ask(holding, ccid.SLOT_STATUS)) == ccid.INACTIVE
    assert slow.interrupted


def test_a_device_pulled_while_its_card_computes_leaves_no_thread(slow: Slow) -> None:
    reader = CardReader()
    with attached(reader):
        reader.push(slow)
        ask(reader, ccid.POWER_ON)
        reader.write(ccid.OUT, ccid.message(ccid.EXCHANGE, bytes(5)))
        assert slow.began.wait(5)
    assert slow.interrupted
    assert reader.identity.name not in {thread.name for thread in threading.enumerate()}


def test_a_card_without_power_does_not_answer(holding: CardReader) -> None:
    assert ccid.status(ask(holding, ccid.POWER_OFF)) == ccid.INACTIVE
    assert ccid.status(ask(holding, ccid.EXCHANGE, bytes(5))) == ccid.FAILED | ccid.INACTIVE


def test_parameters_say_what_a_host_needs_for_t1(holding: CardReader) -> None:
    answered = ask(holding, ccid.GET_PARAMETERS)
    assert (answered[0], answered[9], len(answered)) == (0x82, 1, 17)


def test_an_answer_nobody_fetched_costs_a_host_with_little_room_its_packets(
    holding: CardReader, slow: Slow
) -> None:
    slow.answer = bytes(120)
    slow.finish.set()
    holding.write(ccid.OUT, ccid.message(ccid.EXCHANGE, bytes(5)))
    wait_for(lambda: holding.answered, what="an answer")
    for _ in range(2):
        with pytest.raises(Babbled):
            wait_for(lambda: holding.read(ccid.IN, 10), what="a packet")
    assert len(answer(holding)) == 10 + 122 - 2 * 64
    assert ccid.status(ask(holding, ccid.SLOT_STATUS)) == ccid.PRESENT


@given(st.binary(max_size=300), st.integers(1, 5))
def test_an_answer_comes_whole_to_a_host_that_reads_packets(answer: bytes, packets: int) -> None:
    waiting = deque([answer, b"next"])
    read = b""
    while len(waiting) > 1:
        read += first_packets(waiting, packets * 64, 64) or b""
    assert (read, first_packets(waiting, 64, 64)) == (answer, b"next")
    assert first_packets(waiting, 64, 64) is None


def test_only_what_the_descriptors_promise_is_there() -> None:
    token = RutokenEcp(RutokenCard("00000001"))
    with attached(token):
        for endpoint in (ccid.NOTICES, 0x83):
            with pytest.raises(Stalled):
                token.read(endpoint, 8)
        with pytest.raises(Stalled):
            token.write(0x03, b"x")
