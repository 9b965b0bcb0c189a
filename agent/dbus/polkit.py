"""Asking polkit whether a connection may do something, without waiting for the answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from jeepney import DBusAddress, Message, MessageType, new_method_call

from agent.dbus.wire import Bus, reply_serial

WATCH = "ru.klyuchar.agent1.watch"
RESCAN = "ru.klyuchar.agent1.rescan"

MOST_PENDING = 32
_AT_ONCE_S = 10.0
_BY_A_PERSON_S = 120.0
"""How long somebody may take to type a password."""

_AUTHORITY = DBusAddress(
    "/org/freedesktop/PolicyKit1/Authority",
    bus_name="org.freedesktop.PolicyKit1",
    interface="org.freedesktop.PolicyKit1.Authority",
)
_INTERACTION_ALLOWED = 1


class Grant(Enum):
    """What polkit said. ``SILENT``: it could not be asked, which grants nothing either."""

    YES = auto()
    NO = auto()
    SILENT = auto()


Then = Callable[[Grant], None]


@dataclass(slots=True)
class _Pending:
    then: Then
    until: float


class Polkit:
    """The authority behind the bus."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._pending: dict[int, _Pending] = {}

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be asked for now."""
        return len(self._pending) >= MOST_PENDING

    @property
    def next_due(self) -> float | None:
        """When `on_time` wants to be called (monotonic)."""
        return min((one.until for one in self._pending.values()), default=None)

    def ask(self, who: str, action: str, then: Then, *, interactive: bool = False) -> None:
        """Whether the connection ``who`` may do ``action``; ``then`` is called with the answer.

        ``interactive``: somebody may be asked for a password.
        """
        subject = ("system-bus-name", {"name": ("s", who)})
        flags = _INTERACTION_ALLOWED if interactive else 0
        call = new_method_call(
            _AUTHORITY, "CheckAuthorization", "(sa{sv})sa{ss}us", (subject, action, {}, flags, "")
        )
        patience = _BY_A_PERSON_S if interactive else _AT_ONCE_S
        self._pending[self._bus.send(call)] = _Pending(then, time.monotonic() + patience)

    def take(self, message: Message) -> bool:
        """Deal with ``message`` if it answers a question of ours; whether it did."""
        pending = self._pending.pop(reply_serial(message), None)
        if pending is None:
            return False
        pending.then(_granted(message))
        return True

    def on_time(self, now: float) -> None:
        """Give up what was not answered in time."""
        for serial in [serial for serial, one in self._pending.items() if one.until <= now]:
            self._pending.pop(serial).then(Grant.SILENT)


def _granted(message: Message) -> Grant:
    if message.header.message_type is not MessageType.method_return:
        return Grant.SILENT
    (is_authorized, _, _), *_ = message.body
    return Grant.YES if is_authorized is True else Grant.NO
