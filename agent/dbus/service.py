"""Answers calls on ru.klyuchar.Agent1, and tells subscribers what the journal has to tell.

Everything that comes by the bus is another's: methods take no arguments of ours, so there is
nothing to parse but names, and who calls is the bus's word. What is answered later (polkit, the
status command) is bounded in number and in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ClassVar

from jeepney import (
    HeaderFields,
    MatchRule,
    Message,
    MessageType,
    new_error,
    new_method_return,
)
from jeepney.bus_messages import message_bus

from agent.dbus import interface as told
from agent.dbus.polkit import RESCAN, WATCH, Grant, Polkit
from agent.dbus.report import Report
from agent.dbus.subscribers import MOST, Subscribers
from agent.dbus.tidings import Tidings, Word
from agent.dbus.wire import Bus, field, wants_reply
from domain.errors import CouldNotAsk
from drivers.rescan import ask

_BUS = "org.freedesktop.DBus"
_ALREADY_OWNER, _OWNER = 4, 1


class Service:
    """The object at `interface.PATH`."""

    def __init__(self, bus: Bus, tidings: Tidings, report: Report, rescan_socket: str) -> None:
        self._bus = bus
        self._tidings = tidings
        self._report = report
        self._rescan_socket = rescan_socket
        self.polkit = Polkit(bus)
        self._subscribers = Subscribers(bus, self.polkit, tidings)
        self._told = self._values()
        self.called_at = time.monotonic()

    @property
    def is_idle(self) -> bool:
        """Whether nobody is to be told and nothing is under way."""
        return not (len(self._subscribers) or self.polkit.next_due or self._report.next_due)

    def tell(self, words: list[Word]) -> None:
        """Tell subscribers, and everybody what the properties are now."""
        self._subscribers.tell(words)
        values = self._values()
        if fresh := {name: value for name, value in values.items() if value != self._told[name]}:
            self._told = values
            self._bus.send(told.changed(fresh))

    def take(self, message: Message) -> None:
        """Deal with one message."""
        kind = message.header.message_type
        if kind is MessageType.method_call:
            self.called_at = time.monotonic()
            self._called(message)
        elif kind is MessageType.signal:
            self._left(message)
        else:
            self.polkit.take(message)

    def _left(self, message: Message) -> None:
        """A subscriber's connection is gone, by the bus's own word."""
        member = field(message, HeaderFields.member)
        if told.sender(message) == _BUS and member == "NameOwnerChanged":
            name, _, new = message.body
            if name in self._subscribers and not new:
                self._forget(name)

    def _called(self, call: Message) -> None:
        path, interface, member = (
            field(call, which)
            for which in (HeaderFields.path, HeaderFields.interface, HeaderFields.member)
        )
        if interface == told.INTROSPECTABLE and member == "Introspect":
            self._describe(call, path)
        elif interface == told.PEER and member == "Ping":
            self._answer(call)
        elif path != told.PATH:
            self._refuse(call, told.UNKNOWN_OBJECT, f"no such object: {told.PATH} is")
        elif interface == told.PROPERTIES:
            self._property(call, member)
        elif interface in (told.NAME, "") and member in self._methods:
            self._methods[member](self, call)
        else:
            self._refuse(call, told.UNKNOWN_METHOD, "no such method: see Introspect")

    def _describe(self, call: Message, path: str) -> None:
        description = told.description(path)
        if description is None:
            self._refuse(call, told.UNKNOWN_OBJECT, f"no such object: {told.PATH} is")
        else:
            self._answer(call, "s", description)

    def _property(self, call: Message, member: str) -> None:
        values = self._values()
        match member, call.body:
            case "GetAll", (told.NAME | "",):
                self._answer(call, "a{sv}", values)
            case "Get", (told.NAME | "", str(name)) if name in values:
                self._answer(call, "v", values[name])
            case (("Get" | "GetAll"), (str(), *_)):
                self._refuse(call, told.UNKNOWN_PROPERTY, "no such property: see Introspect")
            case "Set", _:
                self._refuse(call, told.READ_ONLY, "all properties are read only")
            case (("Get" | "GetAll"), _):
                self._refuse(call, told.INVALID_ARGUMENTS, "the arguments are no names")
            case _:
                self._refuse(call, told.UNKNOWN_METHOD, "no such method: see Introspect")

    def _status(self, call: Message) -> None:
        def reply(report: str) -> None:
            if report:
                self._answer(call, "s", report)
            else:
                self._refuse(call, told.COULD_NOT_ASK, "klyuchar status --json told nothing")

        self._if_granted(call, WATCH, lambda: self._report.ask(reply))

    def _rescan(self, call: Message) -> None:
        def rescan() -> None:
            try:
                ask(self._rescan_socket)
            except CouldNotAsk as error:
                self._refuse(call, told.COULD_NOT_ASK, f"{error.text.ru} {error.text.en}")
            else:
                self._answer(call)

        self._if_granted(call, RESCAN, rescan)

    def _subscribe(self, call: Message) -> None:
        name = told.sender(call)

        def subscribe() -> None:
            if len(self._subscribers) >= MOST and name not in self._subscribers:
                self._refuse(call, told.LIMITS_EXCEEDED, "too many subscribers")
                return
            self._answer(call)
            self._bus.send(message_bus.AddMatch(_leaving(name)))
            self._subscribers.add(name)

        self._if_granted(call, WATCH, subscribe)

    def _unsubscribe(self, call: Message) -> None:
        if told.sender(call) in self._subscribers:
            self._forget(told.sender(call))
        self._answer(call)

    def _forget(self, name: str) -> None:
        self._subscribers.remove(name)
        self._bus.send(message_bus.RemoveMatch(_leaving(name)))

    def _if_granted(self, call: Message, action: str, do: Callable[[], None]) -> None:
        """``do`` once polkit has granted ``action`` to the caller; else the caller is told why."""
        if self.polkit.is_full:
            self._refuse(call, told.LIMITS_EXCEEDED, "too many questions at once, try again")
            return

        def then(grant: Grant) -> None:
            match grant:
                case Grant.YES:
                    do()
                case Grant.NO:
                    self._refuse(call, told.ACCESS_DENIED, f"polkit does not grant {action}")
                case Grant.SILENT:
                    self._refuse(call, told.COULD_NOT_ASK, f"polkit does not answer: {action}")

        interactive = bool(call.header.flags & call.header.flags.allow_interactive_authorization)
        self.polkit.ask(told.sender(call), action, then, interactive=interactive)

    def _values(self) -> told.Values:
        return {
            "Version": ("s", self._tidings.version),
            "Carriers": ("u", len(self._tidings.standing)),
            "Level": ("s", self._tidings.level),
            "Blind": ("as", sorted(self._tidings.blind)),
        }

    def _answer(self, call: Message, signature: str | None = None, *body: Any) -> None:
        self._reply(call, new_method_return(call, signature, body))

    def _refuse(self, call: Message, error: str, words: str) -> None:
        self._reply(call, new_error(call, error, "s", (words,)))

    def _reply(self, call: Message, reply: Message) -> None:
        if wants_reply(call):
            self._bus.send(reply)

    _methods: ClassVar[dict[str, Callable[[Service, Message], None]]] = {
        "Status": _status,
        "Rescan": _rescan,
        "Subscribe": _subscribe,
        "Unsubscribe": _unsubscribe,
    }


def take_name(bus: Bus) -> bool:
    """Become ru.klyuchar.Agent1; whether we are."""
    do_not_queue = 4
    (code,) = bus.call(message_bus.RequestName(told.NAME, do_not_queue))
    return code in (_OWNER, _ALREADY_OWNER)


def _leaving(name: str) -> MatchRule:
    rule = MatchRule(type="signal", sender=_BUS, interface=_BUS, member="NameOwnerChanged")
    rule.add_arg_condition(0, name)
    return rule
