"""The notifications that stand on the desktop: one a matter, replaced, and closed when it is over.

What was shown is remembered in a file of the session, so that nothing is told twice, whoever is
started anew. A server that is absent gets everything when it comes.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, new_method_call
from jeepney.bus_messages import message_bus

from agent.dbus.wire import Bus, Refused, field
from agent.desktop.notices import Notice, Urgency

NAME = "org.freedesktop.Notifications"
_SERVER = DBusAddress("/org/freedesktop/Notifications", bus_name=NAME, interface=NAME)
_BUS = "org.freedesktop.DBus"
_ICONS = {Urgency.CRITICAL: "dialog-error", Urgency.NORMAL: "dialog-warning"}
_NEVER_SHOWN = 0
_BY_ITSELF = -1


@dataclass(slots=True)
class _Shown:
    """``number`` is the server's, 0 where it shows it no more; ``notice`` what was said."""

    number: int
    said: list[Any]


class Board:
    """Shows on the session bus ``bus``; ``memory`` is the file, of this session only."""

    def __init__(self, bus: Bus, memory: Path) -> None:
        self._bus = bus
        self._memory = memory
        self._shown = _remembered(memory)
        self._waiting: dict[str, Notice] = {}
        owner = MatchRule(type="signal", sender=_BUS, interface=_BUS, member="NameOwnerChanged")
        owner.add_arg_condition(0, NAME)
        closed = MatchRule(type="signal", interface=NAME, member="NotificationClosed")
        for rule in (owner, closed):
            bus.call(message_bus.AddMatch(rule))

    def show(self, key: str, notice: Notice) -> None:
        """Say this of ``key``; nothing where just this was said already."""
        shown = self._shown.get(key)
        if shown is not None and shown.said == _said(notice):
            return
        self._waiting[key] = notice
        self._show_waiting()

    def close(self, key: str) -> None:
        """The matter is over."""
        self._waiting.pop(key, None)
        shown = self._shown.pop(key, None)
        if shown is None:
            return
        if shown.number != _NEVER_SHOWN:
            with suppress(Refused):
                call = new_method_call(_SERVER, "CloseNotification", "u", (shown.number,))
                self._bus.call(call)
        self._remember()

    def keep_only(self, kind: str, keys: set[str]) -> None:
        """Close every matter whose key begins with ``kind`` and is not among ``keys``."""
        ours = {key for key in (*self._shown, *self._waiting) if key.startswith(kind)}
        for key in sorted(ours - keys):
            self.close(key)

    def take(self, message: Message) -> None:
        """Deal with one message of the session bus."""
        match field(message, HeaderFields.member), message.body:
            case "NotificationClosed", (int(number), *_):
                for shown in self._shown.values():
                    if shown.number == number:
                        shown.number = _NEVER_SHOWN
                self._remember()
            case "NameOwnerChanged", (str(name), _, str(new)) if name == NAME:
                # Numbers are the server's own: a fresh one gives them to others.
                for shown in self._shown.values():
                    shown.number = _NEVER_SHOWN
                self._remember()
                if new:
                    self._show_waiting()

    def _show_waiting(self) -> None:
        for key, notice in list(self._waiting.items()):
            before = self._shown.get(key)
            try:
                number = self._notify(notice, before.number if before else _NEVER_SHOWN)
            except Refused:
                return  # nobody shows notifications here now
            del self._waiting[key]
            self._shown[key] = _Shown(number=number, said=_said(notice))
            self._remember()

    def _notify(self, notice: Notice, replaces: int) -> int:
        (capabilities,) = self._bus.call(new_method_call(_SERVER, "GetCapabilities"))
        body = _escaped(notice.body) if "body-markup" in capabilities else notice.body
        hints = {
            "urgency": ("y", int(notice.urgency)),
            "category": ("s", "device"),
            "desktop-entry": ("s", "klyuchar-notify"),
        }
        icon = _ICONS.get(notice.urgency, "dialog-information")
        content: tuple[Any, ...] = (
            "Ключарь",
            replaces,
            icon,
            notice.summary,
            body,
            [],
            hints,
            _BY_ITSELF,
        )
        (number,) = self._bus.call(new_method_call(_SERVER, "Notify", "susssasa{sv}i", content))
        return int(number)

    def _remember(self) -> None:
        content = {key: [shown.number, shown.said] for key, shown in self._shown.items()}
        new = self._memory.with_name(f"{self._memory.name}.new")
        with suppress(OSError):
            new.write_text(json.dumps(content))
            os.replace(new, self._memory)


def _remembered(memory: Path) -> dict[str, _Shown]:
    try:
        content = json.loads(memory.read_bytes())
        return {
            str(key): _Shown(int(number), list(said)) for key, (number, said) in content.items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _said(notice: Notice) -> list[Any]:
    return [notice.summary, notice.body, int(notice.urgency)]


def _escaped(words: str) -> str:
    """The specification's markup is a little of HTML."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
