"""/proc/self/mountinfo: what is mounted where, see proc(5)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_ESCAPED = re.compile(rb"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mount. ``device`` is (major, minor), ``root`` which folder of the file system is mounted
    at ``point``, ``source`` usually the device's node. Paths are bytes: any name may be in them."""

    device: tuple[int, int]
    root: bytes
    point: bytes
    source: bytes


def parse(untrusted_mountinfo: bytes) -> Iterator[Mount]:
    """Every mount that can be understood, in the kernel's order."""
    for line in untrusted_mountinfo.splitlines():
        before, separator, after = line.partition(b" - ")
        fields, source = before.split(b" "), after.split(b" ")
        if not separator or len(fields) < 6 or len(source) < 2:
            continue
        major, colon, minor = fields[2].partition(b":")
        if colon and major.isdigit() and minor.isdigit():
            yield Mount(
                device=(int(major), int(minor)),
                root=_unescaped(fields[3]),
                point=_unescaped(fields[4]),
                source=_unescaped(source[1]),
            )


def _unescaped(field: bytes) -> bytes:
    """Blanks, tabs, newlines and backslashes are written in octal."""
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 8) & 0xFF,)), field)
