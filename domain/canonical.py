"""Canonical JSON: the one byte string that is hashed and signed (RFC 8785).

RFC 8785 is reached by refusing what would make it hard: keys are ASCII, there are no floats and
integers stay within ±(2^53 − 1). Inside those limits sorting keys and the escapes below are all
there is to it; the tests compare with the rfc8785 package. The standard library's string escapes
are RFC 8785's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from json.encoder import encode_basestring
from typing import Any

_LARGEST = 2**53 - 1


def encode(value: object) -> bytes:
    """The canonical bytes of a JSON value.

    Raises TypeError for what canonical JSON does not hold (floats, bytes, keys that are not ASCII
    strings) and ValueError for integers beyond ±(2^53 − 1) and lone surrogates.
    """
    parts: list[str] = []
    _write(value, parts)
    return "".join(parts).encode("utf-8")


def _write(value: object, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(encode_basestring(value))
    elif isinstance(value, int):
        if not -_LARGEST <= value <= _LARGEST:
            raise ValueError(f"integer beyond 2^53: {value}")
        parts.append(str(value))
    elif isinstance(value, Mapping):
        _write_object(value, parts)
    elif isinstance(value, list | tuple):
        _write_array(value, parts)
    else:
        raise TypeError(f"not canonical JSON: {type(value).__name__}")


def _write_object(value: Mapping[Any, object], parts: list[str]) -> None:
    opening = "{"
    for key in sorted(value):
        if not isinstance(key, str) or not key.isascii():
            raise TypeError(f"key is not an ASCII string: {key!r}")
        parts.append(opening)
        parts.append(encode_basestring(key))
        parts.append(":")
        _write(value[key], parts)
        opening = ","
    parts.append("}" if value else "{}")


def _write_array(value: list[object] | tuple[object, ...], parts: list[str]) -> None:
    opening = "["
    for item in value:
        parts.append(opening)
        _write(item, parts)
        opening = ","
    parts.append("]" if value else "[]")


def plain(value: object) -> Any:
    """A frozen value of ours as JSON: dataclasses become objects, enums their values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value
