"""Commands on files: SELECT, READ and UPDATE BINARY, CREATE and DELETE FILE."""

from __future__ import annotations

from . import files
from .apdu import Command, Refused, Status
from .files import File, Kind, Operation
from .memory import MASTER, PINS, PRIVATE_KEYS, PUBLIC_KEYS, Handlers, Memory

RSA_PRIVATE, RSA_PUBLIC = 0x23, 0x33
_GOST_PRIVATE, _GOST_PUBLIC = 0x03, 0x13
_PIN = 0x01
_DRAWER = {
    _PIN: PINS,
    _GOST_PRIVATE: PRIVATE_KEYS,
    RSA_PRIVATE: PRIVATE_KEYS,
    _GOST_PUBLIC: PUBLIC_KEYS,
    RSA_PUBLIC: PUBLIC_KEYS,
}


def _select(memory: Memory, command: Command) -> bytes:
    memory.enter(file := _named(memory, command))
    return file.control_information()[: command.expected]


def _named(memory: Memory, command: Command) -> File:
    match command.p1, command.p2, command.data:
        case 0x00, 0x00, b"":
            return memory.here().after(None)
        case 0x00, 0x02, previous:
            return memory.here().after(int.from_bytes(previous, "big"))
        case 0x03, _, b"":
            return memory.here().parent or memory.root()
        case 0x08, _, path:
            names = zip(path[::2], path[1::2], strict=False)
            return memory.root().at([high << 8 | low for high, low in names])
        case 0x00, _, name if int.from_bytes(name, "big") == MASTER:
            return memory.root()
        case 0x00, _, name:
            return memory.here().child(int.from_bytes(name, "big"))
        case _:
            raise Refused(Status.WRONG_PARAMETERS)


def _read(memory: Memory, command: Command) -> bytes:
    file = memory.selected(Kind.EF)
    memory.demand(file, Operation.READ)
    if command.parameters > file.size:
        raise Refused(Status.WRONG_OFFSET)
    return file.content.ljust(file.size, b"\0")[command.parameters :][: command.expected]


def _update(memory: Memory, command: Command) -> bytes:
    file = memory.selected(Kind.EF)
    memory.demand(file, Operation.UPDATE)
    start, end = command.parameters, command.parameters + len(command.data)
    if end > file.size:
        raise Refused(Status.NOT_ENOUGH_ROOM)
    content = file.content.ljust(file.size, b"\0")
    file.content = content[:start] + command.data + content[end:]
    return b""


def _create(memory: Memory, command: Command) -> bytes:
    file = files.parse(command.data)
    if memory.master is None and file.id == MASTER:
        memory.master = file
    elif file.kind is Kind.INTERNAL:
        _drawer_of(memory, file).add(file)
        return b""
    else:
        memory.demand(memory.here(), Operation.CREATE)
        memory.here().add(file)
    memory.enter(file)
    return b""


def _drawer_of(memory: Memory, file: File) -> File:
    """Wherever the host created it, the card keeps a PIN with the PINs and a key with its like."""
    if file.properties[0] not in _DRAWER:
        raise Refused(Status.WRONG_DATA)
    return memory.drawer(_DRAWER[file.properties[0]])


def _delete(memory: Memory, command: Command) -> bytes:
    file = memory.here().child(int.from_bytes(command.data, "big"))
    memory.demand(file, Operation.DELETE)
    memory.here().children.remove(file)
    memory.enter(memory.here())
    return b""


HANDLERS: Handlers = {
    (0x00, 0xA4): _select,
    (0x00, 0xB0): _read,
    (0x00, 0xD6): _update,
    (0x00, 0xE0): _create,
    (0x00, 0xE4): _delete,
}
