"""The slot of a reader: what it answers to each command of the smart card class."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ..cards.card import Card
from .messages import Answer, Error, From, Message, To
from .messages import Slot as State

_T1 = bytes([0x11, 0x10, 0, 0x4D, 0, 0xFE, 0])
"""The protocol's parameters as the class lays them out: T=1, blocks of 254 bytes."""
_IS_T1 = 1


class Hung(Exception):
    """No answer comes, now or ever."""


class CardGone(Exception):
    """The card lost its power while it computed."""


class Slot:
    """One card or none. `insert` and `remove` may be called from any thread, `answer` from one."""

    def __init__(self, card: Card | None) -> None:
        self._card = card
        self._powered = False
        self._lock = threading.Lock()
        self.answers_left: int | None = None
        """How many more commands to the card get an answer; None for all."""
        self.answered = 0
        """How many got one."""

    def insert(self, card: Card | None) -> bool:
        """Put a card in, or None to take it out; false where nothing changed."""
        with self._lock:
            changed = card is not self._card
            self._card, self._powered = card, False
        return changed

    def power_off(self) -> None:
        with self._lock:
            self._powered = False

    def answer(self, message: Message, still_working: Callable[[], None]) -> Answer:
        """The answer to one command, or `Hung`. What ``still_working`` raises comes through."""
        with self._lock:
            card = self._card
        match message.kind:
            case To.POWER_ON:
                return self._power_on(card)
            case To.POWER_OFF:
                self.power_off()
                return self._plain(From.SLOT_STATUS)
            case To.SLOT_STATUS | To.ABORT:
                return self._plain(From.SLOT_STATUS)
            case To.GET_PARAMETERS | To.RESET_PARAMETERS | To.SET_PARAMETERS:
                return self._parameters(card, message.data)
            case To.EXCHANGE:
                return self._exchange(card, message.data, still_working)
            case _:
                return self._plain(From.SLOT_STATUS).failed(Error.NOT_SUPPORTED)

    def _plain(self, kind: From, data: bytes = b"", parameter: int = 0) -> Answer:
        return Answer(kind=kind, slot=self._state(), data=data, parameter=parameter)

    def _state(self) -> State:
        with self._lock:
            if self._card is None:
                return State.EMPTY
            return State.ACTIVE if self._powered else State.INACTIVE

    def _power_on(self, card: Card | None) -> Answer:
        if card is None:
            return self._plain(From.DATA).failed(Error.MUTE)
        card.reset()
        with self._lock:
            self._powered = self._card is card
        return self._plain(From.DATA, card.atr)

    def _parameters(self, card: Card | None, asked: bytes) -> Answer:
        if card is None:
            return self._plain(From.PARAMETERS).failed(Error.MUTE)
        return self._plain(From.PARAMETERS, asked or _T1, _IS_T1)

    def _exchange(
        self, card: Card | None, command: bytes, still_working: Callable[[], None]
    ) -> Answer:
        if card is None or not self._powered:
            return self._plain(From.DATA).failed(Error.MUTE)
        if self.answers_left == 0:
            raise Hung

        def tick() -> None:
            if self._card is not card:
                raise CardGone
            still_working()

        try:
            answer = card.transmit(command, tick)
        except CardGone:
            return self._plain(From.DATA).failed(Error.MUTE)
        self.answered += 1
        if self.answers_left is not None:
            self.answers_left -= 1
        return self._plain(From.DATA, answer)
