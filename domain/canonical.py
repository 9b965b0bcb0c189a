"""Canonical JSON: the one byte string that is hashed and signed (RFC 8785).

RFC 8785 is reached by refusing what would make it hard: keys are ASCII, there are no floats and
integers stay within ±(2^53 − 1). Inside those limits sorting keys and the escapes below are all
there is to it; the tests compare with the rfc8785 package. The standard library's string escapes
are RFC 8785's own.

The agent encodes between a flush and the next: what a type's members are is found out once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import encode_basestring
from operator import attrgetter
from typing import Any

_LARGEST = 2**53 - 1


def encode(value: object) -> bytes:
    """The canonical bytes of a JSON value, or of a frozen value of ours as `plain` makes it.

    Raises TypeError for what canonical JSON does not hold (floats, bytes, keys that are not ASCII
    strings) and ValueError for integers beyond ±(2^53 − 1) and lone surrogates.
    """
    return text(value).encode("utf-8")


def text(value: object) -> str:
    """What `encode` encodes, for a line that is put together of canonical parts."""
    kind = type(value)
    return (_WRITERS.get(kind) or _learn(kind))(value)


def plain(value: object) -> Any:
    """A frozen value of ours as JSON: dataclasses become objects, enums their values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _integer(value: int) -> str:
    if not -_LARGEST <= value <= _LARGEST:
        raise ValueError(f"integer beyond 2^53: {value}")
    return int.__repr__(value)


def _object(value: Mapping[Any, object]) -> str:
    members = []
    for key in sorted(value):
        if not isinstance(key, str) or not key.isascii():
            raise TypeError(f"key is not an ASCII string: {key!r}")
        members.append(f"{encode_basestring(key)}:{text(value[key])}")
    return "{" + ",".join(members) + "}"


def _array(value: list[object] | tuple[object, ...]) -> str:
    return "[" + ",".join([text(item) for item in value]) + "]"


_WRITERS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "null",
    bool: lambda value: "true" if value else "false",
    int: _integer,
    str: encode_basestring,
    list: _array,
    tuple: _array,
    dict: _object,
}


def _learn(kind: type) -> Callable[[Any], str]:
    """How values of a type met for the first time are written."""
    writer: Callable[[Any], str]
    if issubclass(kind, Enum):
        writer = {member: text(member.value) for member in kind}.__getitem__
    elif is_dataclass(kind):
        writer = _members_of(kind)
    else:
        bases = (base for base in _WRITERS if issubclass(kind, base))
        base = next(bases, Mapping if issubclass(kind, Mapping) else None)
        if base is None:
            raise TypeError(f"not canonical JSON: {kind.__name__}")
        writer = _WRITERS.get(base, _object)
    _WRITERS[kind] = writer
    return writer


def _members_of(kind: type[Any]) -> Callable[[Any], str]:
    names = sorted(field.name for field in fields(kind))
    if len(names) < 2 or not "".join(names).isascii():
        return lambda value: _object({name: getattr(value, name) for name in names})
    frame = "{" + ",".join(f'"{name}":%s' for name in names) + "}"
    members = attrgetter(*names)
    known = _WRITERS.get
    # As `text` does, without a call of its own for each member: half of all the time goes here.
    return lambda value: (
        frame
        % tuple(
            [(known(type(member)) or _learn(type(member)))(member) for member in members(value)]
        )
    )
