"""A connection to a message bus on jeepney's low level: bounded in memory, never waiting for ever.

Whatever goes wrong with the bus is `BusLost`. Nothing is mended on a connection: whoever holds one
lets it go and makes another.
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import time
from collections.abc import Iterator
from typing import Any

from jeepney import HeaderFields, Message, MessageFlag, MessageType
from jeepney.bus import get_bus
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import prep_socket
from jeepney.low_level import calc_msg_size

from domain.errors import CouldNotAsk
from domain.text import Text

LARGEST_MESSAGE = 256 << 10
"""Bytes; what is larger is dropped unread. The bus itself passes 32 MiB."""

ANSWER_S = 5.0
"""How long the bus may take to let us in, to answer, and to take what we send."""

_HEAD = 16
_CHUNK = 64 << 10
_NOT_UNDERSTOOD = (ValueError, KeyError, IndexError, AssertionError, struct.error, RecursionError)


class BusLost(CouldNotAsk):
    """The bus is absent, gone or hangs."""


class Refused(Exception):
    """A call was answered with an error; ``name`` is its D-Bus name."""

    def __init__(self, name: str, body: tuple[Any, ...]) -> None:
        super().__init__(f"{name}: {body[0] if body else ''}")
        self.name = name


class Bus:
    """A connection to the bus ``which`` ("SYSTEM", "SESSION" or an address). Raises BusLost."""

    def __init__(self, which: str) -> None:
        try:
            self._socket: socket.socket = prep_socket(get_bus(which), timeout=ANSWER_S)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise _lost(which, error) from error
        self._which = which
        self._socket.settimeout(ANSWER_S)
        self._serials = itertools.count(1)
        self._buffer = bytearray()
        self._to_skip = 0
        self._early: list[Message] = []
        self.name: str = self.call(message_bus.Hello())[0]

    def fileno(self) -> int:
        """Readable when there are messages."""
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def send(self, message: Message) -> int:
        """Send; the serial that a reply will name."""
        serial = next(self._serials)
        try:
            self._socket.sendall(message.serialise(serial=serial))
        except OSError as error:
            raise _lost(self._which, error) from error
        return serial

    def call(self, message: Message, within_s: float = ANSWER_S) -> tuple[Any, ...]:
        """Send, wait for the reply, its body. Raises Refused for an error.

        What else comes meanwhile is kept for `received`.
        """
        serial = self.send(message)
        deadline = time.monotonic() + within_s
        while (left := deadline - time.monotonic()) > 0:
            if not select.select([self._socket], [], [], left)[0]:
                break
            self._early += self._read()
            reply = next((one for one in self._early if reply_serial(one) == serial), None)
            if reply is not None:
                self._early.remove(reply)
                return _body(reply)
        raise _lost(self._which, TimeoutError("no answer"))

    def received(self) -> list[Message]:
        """The messages that are there; call when readable, or after `call`."""
        early = self.received_early()
        if early and not select.select([self._socket], [], [], 0)[0]:
            return early
        return [*early, *self._read()]

    def received_early(self) -> list[Message]:
        """The messages that came while `call` waited for its reply."""
        early, self._early = self._early, []
        return early

    @property
    def has_early(self) -> bool:
        """Whether `received` has something without the socket being readable."""
        return bool(self._early)

    def _read(self) -> list[Message]:
        try:
            chunk = self._socket.recv(_CHUNK)
        except OSError as error:
            raise _lost(self._which, error) from error
        if not chunk:
            raise _lost(self._which, ConnectionResetError("the bus closed the connection"))
        skipped = min(self._to_skip, len(chunk))
        self._to_skip -= skipped
        self._buffer += chunk[skipped:]
        return list(self._complete())

    def _complete(self) -> Iterator[Message]:
        """Whole messages in the buffer. One that jeepney does not understand is passed over."""
        while len(self._buffer) >= _HEAD:
            try:
                size = calc_msg_size(bytes(self._buffer[:_HEAD]))
            except KeyError as error:
                raise _lost(self._which, ValueError("no D-Bus message")) from error
            raw = bytes(self._buffer[:size])
            if size > LARGEST_MESSAGE:
                self._to_skip = size - len(raw)
            elif len(raw) < size:
                return
            del self._buffer[: len(raw)]
            if size > LARGEST_MESSAGE:
                continue
            try:
                yield Message.from_buffer(raw)
            except _NOT_UNDERSTOOD:
                continue


def reply_serial(message: Message) -> int:
    """The serial this is the reply to, 0 where it is none."""
    return int(message.header.fields.get(HeaderFields.reply_serial, 0))


def _body(reply: Message) -> tuple[Any, ...]:
    body: tuple[Any, ...] = reply.body
    if reply.header.message_type is MessageType.error:
        raise Refused(field(reply, HeaderFields.error_name), body)
    return body


def field(message: Message, which: HeaderFields) -> str:
    """A header field that is a string, empty where it is absent."""
    return str(message.header.fields.get(which, ""))


def wants_reply(message: Message) -> bool:
    """Whether the caller waits for an answer."""
    return not message.header.flags & MessageFlag.no_reply_expected


def _lost(which: str, error: BaseException) -> BusLost:
    return BusLost(
        Text(
            ru=f"Шина сообщений D-Bus ({which.lower()}) недоступна: {error}. Проверьте: "
            "systemctl status dbus.",
            en=f"The message bus D-Bus ({which.lower()}) is unavailable: {error}. Check: "
            "systemctl status dbus.",
        )
    )
