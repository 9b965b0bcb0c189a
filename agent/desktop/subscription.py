"""What the agent tells: subscribed to on the system bus, and anew whenever the agent's side is."""

from __future__ import annotations

import time

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, new_method_call
from jeepney.bus_messages import message_bus

from agent.dbus.interface import NAME, PATH, PEER
from agent.dbus.wire import Bus, Refused, field
from agent.desktop.board import Board
from agent.desktop.notices import of_verdict, with_holders
from agent.desktop.taken import programs

FIRST_RETRY_S, LAST_RETRY_S = 2.0, 600.0
STARTING_S = 25.0
"""How long the agent's side may take until it is started and answers: as long as the bus waits."""

KIND = "carrier:"
_AGENT = DBusAddress(PATH, bus_name=NAME, interface=NAME)
_PEER = DBusAddress(PATH, bus_name=NAME, interface=PEER)
_BUS = "org.freedesktop.DBus"
_READING = frozenset({"unreadable", "contents-not-read"})


class Subscription:
    """Shows on ``board`` what is told on the system bus ``bus``."""

    def __init__(self, bus: Bus, board: Board, language: str) -> None:
        self._bus = bus
        self._board = board
        self._language = language
        self._patience = FIRST_RETRY_S
        self.retry_at: float | None = None
        owner = MatchRule(type="signal", sender=_BUS, interface=_BUS, member="NameOwnerChanged")
        owner.add_arg_condition(0, NAME)
        bus.call(message_bus.AddMatch(owner))
        self.subscribe()

    def subscribe(self) -> None:
        """Ask to be told; what stands comes first, and what stands no more is closed.

        Where it is refused (no agent here, or another session is in front of the screen) it is
        asked again later, ever more rarely.
        """
        try:
            self._bus.call(new_method_call(_AGENT, "Subscribe"), STARTING_S)
            self._bus.call(new_method_call(_PEER, "Ping"))
        except Refused:
            self.retry_at = time.monotonic() + self._patience
            self._patience = min(self._patience * 2, LAST_RETRY_S)
            return
        self.retry_at, self._patience = None, FIRST_RETRY_S
        standing = {self._tell(message) for message in self._bus.received_early()}
        self._board.keep_only(KIND, standing)

    def take(self, message: Message) -> None:
        """Deal with one message of the system bus."""
        if field(message, HeaderFields.member) != "NameOwnerChanged":
            self._tell(message)
            return
        name, old, _ = message.body
        if name == NAME and old:
            self.retry_at = time.monotonic() + self._patience

    def _tell(self, message: Message) -> str:
        """Show what a message tells; the matter's key, empty where it is none of the agent's."""
        match field(message, HeaderFields.interface), field(message, HeaderFields.member):
            case told, "Judged" if told == NAME:
                _, key, untrusted_verdict = message.body
                verdict = {name: str(value) for name, (_, value) in untrusted_verdict.items()}
                self._judged(f"{KIND}{key}", verdict)
                return f"{KIND}{key}"
            case told, "Gone" if told == NAME:
                self._board.close(f"{KIND}{message.body[1]}")
        return ""

    def _judged(self, key: str, verdict: dict[str, str]) -> None:
        notice = of_verdict(verdict, self._language)
        if notice is None:
            self._board.close(key)
            return
        if verdict.get("rule") in _READING:
            notice = with_holders(notice, programs(), self._language)
        self._board.show(key, notice)
