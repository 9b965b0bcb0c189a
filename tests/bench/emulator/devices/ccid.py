"""A smart card reader on USB; a token is a reader with its card soldered in.

Commands are answered by a thread of their own, because a card may compute for seconds while the bus
goes on; the reader then asks the host for more time, as the class demands.
"""

from __future__ import annotations

import queue
import struct
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..cards.card import Card
from . import messages
from .messages import Message
from .slot import CardGone, Hung, Slot
from .usb import (
    IN,
    Device,
    Endpoint,
    Identity,
    Interface,
    Kind,
    Setup,
    Speed,
    Stalled,
    first_packets,
)

BULK_OUT, BULK_IN, INTERRUPT_IN = 0x02, 0x02 | IN, 0x01 | IN
_SMART_CARD = (0x0B, 0, 0)
_GET_DATA_RATES = 0x03
_MORE_TIME_EVERY = 1.0
_DEADLINE = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Abilities:
    """What the class descriptor says, in its order; clocks in kHz, rates in bit/s."""

    revision: int
    voltages: int
    protocols: int
    clocks: tuple[int, int]
    speeds: tuple[int, int]
    rates: tuple[int, ...] = ()
    features: int
    tells: bool
    """There is an interrupt endpoint, which tells when a card comes or goes."""

    def descriptor(self) -> bytes:
        head = struct.pack("<BBHBBI", 54, 0x21, self.revision, 0, self.voltages, self.protocols)
        rates = struct.pack("<IIBIIB", *self.clocks, 0, *self.speeds, len(self.rates))
        limits = struct.pack("<IIIII", 254, 0, 0, self.features, messages.LONGEST)
        return head + rates + limits + struct.pack("<BBHBB", 0xFF, 0xFF, 0, 0, 1)


class Ccid(Device):
    """A reader with one slot."""

    def __init__(self, identity: Identity, abilities: Abilities, card: Card | None) -> None:
        ends = [Endpoint(address=end, kind=Kind.BULK, packet=64) for end in (BULK_OUT, BULK_IN)]
        if abilities.tells:
            ends.append(Endpoint(address=INTERRUPT_IN, kind=Kind.INTERRUPT, packet=8, interval=16))
        face = Interface(
            kind=_SMART_CARD, endpoints=tuple(ends), class_descriptor=abilities.descriptor()
        )
        super().__init__(identity, face, Speed.FULL)
        self._abilities = abilities
        self._slot = Slot(card)
        self._stalled = False
        self._lock = threading.Lock()
        self._epoch = 0
        """Rises with every reset: answers to what was asked before one are not for the host."""
        self._received = bytearray()
        self._outgoing: dict[int, deque[bytes]] = {end.address: deque() for end in ends[1:]}
        self._packets = {end.address: end.packet for end in ends}
        self._commands: queue.SimpleQueue[tuple[int, Message] | None] = queue.SimpleQueue()

    def stall_after(self, answers: int | None) -> None:
        """Hang once that many more commands to the card are answered; None for never.

        On the bus a hung token answers NAK, not STALL: the host's transfer waits until the host
        gives up. Its control endpoint goes on, so a reset finds the device alive and changes
        nothing; a pull and a plug do, until the next command to the card.
        """
        self._slot.answers_left = answers

    @property
    def answered(self) -> int:
        """How many commands its card has answered."""
        return self._slot.answered

    @property
    def stalled(self) -> bool:
        """True once the host waits for an answer that will not come."""
        return self._stalled

    def attach(self, wake: Callable[[], None]) -> None:
        super().attach(wake)
        self._stalled = False
        self._commands = queue.SimpleQueue()
        self._thread = threading.Thread(
            target=self._work, args=(self._commands,), name=self.identity.name, daemon=True
        )
        self._thread.start()

    def detach(self) -> None:
        super().detach()
        self.reset()
        self._commands.put(None)
        self._thread.join(_DEADLINE)

    def reset(self) -> None:
        super().reset()
        with self._lock:
            self._epoch += 1
            self._received.clear()
            for waiting in self._outgoing.values():
                waiting.clear()
        self._slot.power_off()

    def write(self, endpoint: int, data: bytes) -> None:
        if endpoint != BULK_OUT:
            raise Stalled(endpoint)
        self._received += data
        while (message := messages.take(self._received)) is not None:
            self._commands.put((self._epoch, message))

    def read(self, endpoint: int, length: int) -> bytes | None:
        if endpoint not in self._outgoing:
            raise Stalled(endpoint)
        with self._lock:
            return first_packets(self._outgoing[endpoint], length, self._packets[endpoint])

    def class_request(self, setup: Setup, data: bytes) -> bytes:
        if setup.request == _GET_DATA_RATES and self._abilities.rates:
            return b"".join(rate.to_bytes(4, "little") for rate in self._abilities.rates)
        raise Stalled(setup)

    def change_card(self, card: Card | None) -> None:
        """Put a card in or take it out; the reader stays."""
        if self._slot.insert(card) and self._abilities.tells:
            notice = messages.slot_changed(present=card is not None)
            self._send(self._epoch, INTERRUPT_IN, notice)

    def _send(self, epoch: int, endpoint: int, data: bytes) -> None:
        with self._lock:
            if epoch == self._epoch:
                self._outgoing[endpoint].append(data)
        self._wake()

    def _work(self, commands: queue.SimpleQueue[tuple[int, Message] | None]) -> None:
        while (command := commands.get()) is not None:
            try:
                self._answer(*command)
            except Hung:
                self._stalled = True
                return

    def _answer(self, epoch: int, message: Message) -> None:
        asked = time.monotonic()

        def still_working() -> None:
            nonlocal asked
            if epoch != self._epoch:
                raise CardGone
            if time.monotonic() - asked > _MORE_TIME_EVERY:
                asked = time.monotonic()
                self._send(epoch, BULK_IN, messages.more_time(message))

        answer = self._slot.answer(message, still_working)
        self._send(epoch, BULK_IN, answer.to(message))
