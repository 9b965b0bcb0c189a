"""Commands on PINs: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, log out.

A PIN is an internal file named by its reference: 1 the administrator's, 2 the user's. The fourth
byte of its properties holds the tries it has in the high half, those left in the low half.
"""

from __future__ import annotations

import hmac

from . import apdu
from .apdu import Command, Refused, Status
from .files import File, Kind, Operation
from .memory import PINS, Handlers, Memory

_LENGTH, _VALUE = 0x80, 0xA5
_TRIES = 3


def _verify(memory: Memory, command: Command) -> bytes:
    pin = _pin(memory, command.p2)
    left = pin.properties[_TRIES] & 0x0F
    if not left:
        raise Refused(Status.BLOCKED)
    if not command.data:
        raise Refused(Status.TRIES_LEFT | left)
    if not hmac.compare_digest(command.data, pin.content):
        _set_tries(pin, left - 1)
        memory.session.verified.discard(command.p2)
        raise Refused(Status.VERIFICATION_FAILED)
    _refill(pin)
    memory.session.verified.add(command.p2)
    return b""


def _change(memory: Memory, command: Command) -> bytes:
    """A new PIN; reference 0 instead writes the selected internal file, which is a key."""
    content = _content(command.data)
    file = _pin(memory, command.p2) if command.p2 else memory.selected(Kind.INTERNAL)
    memory.demand(file, Operation.UPDATE)
    file.content = content
    if command.p2:
        _refill(file)
    return b""


def _content(data: bytes) -> bytes:
    """The length, then the value in as many pieces as the host needed."""
    (length, *pieces) = apdu.fields(data) or [(0, b"")]
    content = b"".join(value for _, value in pieces)
    tags = {tag for tag, _ in pieces}
    if length != (_LENGTH, len(content).to_bytes(2, "big")) or tags - {_VALUE}:
        raise Refused(Status.WRONG_DATA)
    return content


def _unblock(memory: Memory, command: Command) -> bytes:
    pin = _pin(memory, command.p2)
    memory.demand(pin, Operation.UNBLOCK)
    _refill(pin)
    return b""


def _log_out(memory: Memory, _: Command) -> bytes:
    memory.session.verified.clear()
    return b""


def _pin(memory: Memory, reference: int) -> File:
    try:
        return memory.drawer(PINS).child(reference)
    except Refused:
        raise Refused(Status.OBJECT_NOT_FOUND) from None


def _refill(pin: File) -> None:
    _set_tries(pin, pin.properties[_TRIES] >> 4)


def _set_tries(pin: File, left: int) -> None:
    tries = pin.properties[_TRIES] & 0xF0 | left
    pin.properties = pin.properties[:_TRIES] + bytes([tries]) + pin.properties[_TRIES + 1 :]


HANDLERS: Handlers = {
    (0x00, 0x20): _verify,
    (0x00, 0x24): _change,
    (0x00, 0x2C): _unblock,
    (0x80, 0x40): _log_out,
}
