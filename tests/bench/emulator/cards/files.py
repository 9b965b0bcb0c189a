"""The files of a card: a tree of directories, as it is kept in JSON.

A file's security attributes are fifteen bytes: a mask of the operations that are defined, then a
condition for each. A condition is 0 (always), FF (never) or the PINs that open it, as bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from . import apdu
from .apdu import Refused, Status

SECURITY_SIZE = 15
PROPERTIES_SIZE = 6
"""Of internal files: what they are, then what belongs to that."""
_NEVER = 0xFF


class Kind(IntEnum):
    """The first byte of a file's descriptor."""

    EF = 0x01
    INTERNAL = 0x10
    DF = 0x38


class Operation(IntEnum):
    """The bit of an operation in the security attributes; one bit means more than one thing."""

    READ = 0
    CREATE = 0
    UNBLOCK = 0
    UPDATE = 1
    USE = 2
    DELETE = 6


@dataclass(slots=True, kw_only=True, eq=False)
class File:
    """A directory, an elementary file, or an internal one: a PIN or a key."""

    kind: Kind
    id: int
    size: int = 0
    properties: bytes = b""
    security: bytes = bytes(SECURITY_SIZE)
    content: bytes = b""
    parent: File | None = None
    children: list[File] = field(default_factory=list)

    def child(self, file_id: int) -> File:
        """The child of that name, or `Refused`."""
        for child in self.children:
            if child.id == file_id:
                return child
        raise Refused(Status.FILE_NOT_FOUND)

    def at(self, path: Sequence[int]) -> File:
        """The file at a path of names below this one, or `Refused`."""
        found = self
        for file_id in path:
            found = found.child(file_id)
        return found

    def after(self, file_id: int | None) -> File:
        """The child that follows the named one; the first for None; `Refused` after the last."""
        ids = [child.id for child in self.children]
        position = 0 if file_id is None else ids.index(file_id) + 1 if file_id in ids else len(ids)
        if position >= len(ids):
            raise Refused(Status.FILE_NOT_FOUND)
        return self.children[position]

    def add(self, child: File) -> None:
        """Put a new file here, or `Refused` where one has its name."""
        if any(child.id == other.id for other in self.children):
            raise Refused(Status.FILE_EXISTS)
        child.parent = self
        self.children.append(child)

    def demand(self, operation: Operation, verified: set[int]) -> None:
        """`Refused` unless the PINs verified open this operation."""
        if not self.security[0] >> operation & 1:
            raise Refused(Status.NOT_ALLOWED_YET)
        condition = self.security[1 + operation]
        if condition and (condition == _NEVER or not any(condition & pin for pin in verified)):
            raise Refused(Status.NOT_ALLOWED_YET)

    def control_information(self) -> bytes:
        """What SELECT answers with: the FCI template."""
        inner = apdu.field(0x80, self.size.to_bytes(2, "big"))
        inner += apdu.field(0x82, bytes([self.kind, 0]))
        inner += apdu.field(0x83, self.id.to_bytes(2, "big"))
        if self.properties:
            inner += apdu.field(0x85, self.properties)
        return apdu.field(0x6F, inner + apdu.field(0x86, self.security))


def parse(template: bytes) -> File:
    """The file that an FCI template asks to create, or `Refused`."""
    inner = {
        tag: value for _, content in apdu.fields(template) for tag, value in apdu.fields(content)
    }
    try:
        kind, file_id = Kind(inner[0x82][0]), int.from_bytes(inner[0x83], "big")
        security = inner[0x86]
    except (KeyError, IndexError, ValueError):
        raise Refused(Status.WRONG_DATA) from None
    properties = inner.get(0x85, b"")
    if len(security) != SECURITY_SIZE:
        raise Refused(Status.WRONG_DATA)
    if kind is Kind.INTERNAL and len(properties) != PROPERTIES_SIZE:
        raise Refused(Status.WRONG_DATA)
    size = int.from_bytes(inner.get(0x80, b""), "big")
    return File(kind=kind, id=file_id, size=size, properties=properties, security=security)


def to_json(file: File) -> dict[str, Any]:
    """A file and all below it; zeros at the end of an elementary file are left out."""
    form: dict[str, Any] = {"id": f"{file.id:04x}", "kind": file.kind.name, "size": file.size}
    for name in ("properties", "security"):
        form[name] = getattr(file, name).hex()
    if file.content:
        form["content"] = (
            file.content.rstrip(b"\0") if file.kind is Kind.EF else file.content
        ).hex()
    if file.children:
        form["children"] = [to_json(child) for child in file.children]
    return form


def from_json(form: dict[str, Any]) -> File:
    """The inverse of `to_json`."""
    file = File(
        kind=Kind[form["kind"]],
        id=int(form["id"], 16),
        size=form["size"],
        properties=bytes.fromhex(form["properties"]),
        security=bytes.fromhex(form["security"]),
        content=bytes.fromhex(form.get("content", "")),
    )
    for child in form.get("children", ()):
        file.add(from_json(child))
    return file
