"""Commands on keys: GENERATE KEY PAIR, MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION.

RSA only. A key pair is two internal files of one name, a private and a public one, created before
the pair is generated in them; numbers are little-endian.
"""

from __future__ import annotations

import secrets

from . import apdu, rsa
from .apdu import Command, Refused, Status
from .file_commands import RSA_PRIVATE
from .files import File, Operation
from .memory import PRIVATE_KEYS, PUBLIC_KEYS, Handlers, Memory

_SIGN, _DECIPHER = 0x9E9A, 0x8086
_SET_FOR_USE = {0x41B6, 0x41B8}
_KEY_REFERENCE = {0x83, 0x84}
_SMALLEST = 48
"""Bytes of a public key file for a modulus of 256 bits, the shortest that OpenSC asks for."""


def _generate(memory: Memory, command: Command) -> bytes:
    private = _key(memory, PRIVATE_KEYS, command.p2)
    public = _key(memory, PUBLIC_KEYS, command.p2)
    for file in (private, public):
        memory.demand(file, Operation.UPDATE)
    if private.properties[0] != RSA_PRIVATE or public.size < _SMALLEST:
        raise Refused(Status.NOT_SUPPORTED)
    # The public file has room for the modulus, two primes long, and an exponent of one.
    key = rsa.generate(public.size // 3, memory.still_working)
    private.content, public.content = key.private_file(), key.public_file()
    return public.content[: 2 * key.size]


def _set_environment(memory: Memory, command: Command) -> bytes:
    if command.parameters not in _SET_FOR_USE:
        raise Refused(Status.WRONG_PARAMETERS)
    for tag, value in apdu.fields(command.data):
        if tag in _KEY_REFERENCE:
            memory.session.key = int.from_bytes(value, "big")
    return b""


def _operate(memory: Memory, command: Command) -> bytes:
    if command.parameters not in (_SIGN, _DECIPHER):
        raise Refused(Status.WRONG_PARAMETERS)
    if memory.session.key is None:
        raise Refused(Status.CONDITIONS)
    private = _key(memory, PRIVATE_KEYS, memory.session.key)
    memory.demand(private, Operation.USE)
    try:
        key = rsa.from_private_file(private.content)
    except ValueError:
        raise Refused(Status.CONDITIONS) from None
    if len(command.data) != 2 * key.size:
        raise Refused(Status.WRONG_LENGTH)
    return key.raw(command.data)


def _challenge(_: Memory, command: Command) -> bytes:
    return secrets.token_bytes(command.expected or 8)


def _key(memory: Memory, drawer: int, name: int) -> File:
    try:
        return memory.drawer(drawer).child(name)
    except Refused:
        raise Refused(Status.OBJECT_NOT_FOUND) from None


HANDLERS: Handlers = {
    (0x00, 0x46): _generate,
    (0x00, 0x22): _set_environment,
    (0x00, 0x2A): _operate,
    (0x00, 0x84): _challenge,
}
