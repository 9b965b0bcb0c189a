"""What an eye and a worker say to each other: one line of JSON a message, each field checked.

A worker runs a maker's code, or reads what anybody may have written to a flash drive, so nothing
it says is believed before it is parsed here: sizes are bounded, text is printable, serials are
canonical, unknown fields are refused. The other way round the same holds, for the worker's socket
is open to a group.

    to a worker     open    the module and the deadline, first and once
                    look    read all slots but ``skip``; of ``bare`` ones the token info only
    from a worker   ready   it runs and has imported what it needs
                    touching  what it is about to do, so that its death can be attributed
                    seen, unread  one carrier, or one slot without
                    finished  nothing more will come of this look
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from domain import canonical
from domain.carrier import Carrier, Maker, SerialDefect, canonical_model, canonical_serial
from domain.errors import Wrong
from domain.sighting import (
    Certificate,
    Container,
    ContainerKind,
    Evidence,
    Obstacle,
    Sighting,
    Unread,
)
from domain.text import Text

MAX_LINE = 128 << 10
"""Bytes of one message, newline included."""

MAX_SLOTS = 64
"""Slots of one module: pcsc-lite itself allows 16 readers."""

MAX_CERTIFICATES = 16
MAX_CONTAINERS = 32
MAX_FOLDER = 128
MAX_SERIAL = 160
"""A UUID, and a USB serial as long as a descriptor can hold."""

MAX_LABEL = 64
MAX_NAME = 512
MAX_DETAIL = 200
MAX_PATH = 1024
MODULE_WIDE = -1
_Choice = Maker | Evidence | Obstacle | ContainerKind
_LARGEST = 2**53 - 1
_LONGEST_DEADLINE_MS = 600_000


class Nonsense(Wrong):
    """A message that is none of ours. The detail is for an engineer."""

    def __init__(self, detail: str) -> None:
        super().__init__(Text(ru=f"Непонятное сообщение процесса-считывателя: {detail}", en=detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """Which module, and how long one group of its calls may take, in milliseconds."""

    module: str
    path: str
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Look at every slot but ``skip``. Of ``bare`` slots, or of all where ``objects`` is False,
    only the token info is read. ``look`` comes back in every answer. ``pcscd``: where no slot has
    a token, say too whether pcscd refuses."""

    look: int
    skip: tuple[int, ...] = ()
    bare: tuple[int, ...] = ()
    objects: bool = True
    pcscd: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The worker runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Touching:
    """The next thing is ``call`` for ``slot`` (-1: for the whole module)."""

    look: int
    slot: int
    call: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One carrier."""

    look: int
    sighting: Sighting


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRead:
    """One slot, or the module, that could not be read."""

    look: int
    unread: Unread


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The look is complete; the module has ``slots`` slots."""

    look: int
    slots: int


Request = Open | Ask
Reply = Ready | Touching | Seen | NotRead | Finished
_NAMES: dict[type[Request | Reply], str] = {
    Open: "open",
    Ask: "look",
    Ready: "ready",
    Touching: "touching",
    Seen: "seen",
    NotRead: "unread",
    Finished: "finished",
}


def emit(message: Request | Reply) -> bytes:
    """The message as one line."""
    return canonical.encode(canonical.plain(message) | {"type": _NAMES[type(message)]}) + b"\n"


def parse_request(untrusted_line: bytes) -> Request:
    """What an eye asks. Raises Nonsense."""
    fields = _Fields(untrusted_line)
    message: Request
    match fields.kind:
        case "open":
            message = Open(
                module=fields.text("module", MAX_LABEL),
                path=fields.text("path", MAX_PATH),
                deadline_ms=fields.integer("deadline_ms", 1, _LONGEST_DEADLINE_MS),
            )
        case "look":
            message = Ask(
                look=fields.integer("look", 0),
                skip=fields.slots("skip"),
                bare=fields.slots("bare"),
                objects=fields.flag("objects"),
                pcscd=fields.flag("pcscd"),
            )
        case _:
            raise Nonsense("type")
    fields.end()
    return message


def parse_reply(untrusted_line: bytes) -> Reply:
    """What a worker answers. Raises Nonsense."""
    fields = _Fields(untrusted_line)
    message: Reply
    match fields.kind:
        case "ready":
            message = Ready()
        case "touching":
            message = Touching(
                look=fields.integer("look", 0),
                slot=fields.integer("slot", MODULE_WIDE),
                call=fields.text("call", MAX_LABEL),
            )
        case "seen":
            message = Seen(look=fields.integer("look", 0), sighting=fields.sighting())
        case "unread":
            message = NotRead(look=fields.integer("look", 0), unread=fields.unread())
        case "finished":
            message = Finished(
                look=fields.integer("look", 0), slots=fields.integer("slots", 0, MAX_SLOTS)
            )
        case _:
            raise Nonsense("type")
    fields.end()
    return message


class _Fields:
    """One untrusted JSON object, of which each field must be taken exactly once."""

    def __init__(self, untrusted: bytes | dict[str, Any]) -> None:
        self._rest = _object(untrusted) if isinstance(untrusted, bytes) else dict(untrusted)
        self.kind = self.text("type", MAX_LABEL) if isinstance(untrusted, bytes) else ""

    def end(self) -> None:
        if self._rest:
            raise Nonsense("unknown field")

    def text(self, name: str, longest: int) -> str:
        value = self._take(name)
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            raise Nonsense(name)
        return value

    def integer(self, name: str, least: int, most: int = _LARGEST) -> int:
        value = self._take(name)
        if type(value) is not int or not least <= value <= most:
            raise Nonsense(name)
        return value

    def flag(self, name: str) -> bool:
        value = self._take(name)
        if not isinstance(value, bool):
            raise Nonsense(name)
        return value

    def slots(self, name: str) -> tuple[int, ...]:
        values = self._list(name, MAX_SLOTS)
        if not all(type(value) is int and 0 <= value <= _LARGEST for value in values):
            raise Nonsense(name)
        return tuple(values)

    def sighting(self) -> Sighting:
        fields = self._inner("sighting")
        sighting = Sighting(
            carrier=fields.carrier(),
            label=fields.text("label", MAX_LABEL),
            module=fields.text("module", MAX_LABEL),
            slot=fields.integer("slot", 0),
            evidence=Evidence(fields._choice("evidence", Evidence)),
            objects=fields.integer("objects", -1),
            certificates=tuple(
                fields.certificate(each) for each in fields._list("certificates", MAX_CERTIFICATES)
            ),
            unparsed_certificates=fields.integer("unparsed_certificates", 0),
            pin_locked=fields.flag("pin_locked"),
            containers=tuple(
                fields.container(each) for each in fields._list("containers", MAX_CONTAINERS)
            ),
        )
        fields.end()
        return sighting

    def carrier(self) -> Carrier:
        fields = self._inner("carrier")
        maker = Maker(fields._choice("maker", Maker))
        model, serial = fields.text("model", MAX_LABEL), fields.text("serial", MAX_SERIAL)
        fields.end()
        if canonical_model(model) != model or canonical_serial(maker, serial) != serial:
            raise Nonsense("carrier")
        return Carrier(maker=maker, model=model, serial=serial)

    @staticmethod
    def certificate(untrusted: object) -> Certificate:
        if not isinstance(untrusted, dict):
            raise Nonsense("certificate")
        fields = _Fields(untrusted)
        certificate = Certificate(
            sha256=fields._hexadecimal("sha256", 64),
            serial=fields.text("serial", MAX_LABEL),
            subject=fields.text("subject", MAX_NAME),
            issuer=fields.text("issuer", MAX_NAME),
            not_before=fields._instant("not_before"),
            not_after=fields._instant("not_after"),
            key_not_after=fields._instant("key_not_after", may_be_empty=True),
        )
        fields.end()
        return certificate

    @staticmethod
    def container(untrusted: object) -> Container:
        if not isinstance(untrusted, dict):
            raise Nonsense("container")
        fields = _Fields(untrusted)
        container = Container(
            folder=fields.text("folder", MAX_FOLDER),
            kind=ContainerKind(fields._choice("kind", ContainerKind)),
        )
        fields.end()
        return container

    def unread(self) -> Unread:
        fields = self._inner("unread")
        defect = fields._take("defect")
        unread = Unread(
            module=fields.text("module", MAX_LABEL),
            slot=fields.integer("slot", MODULE_WIDE),
            obstacle=Obstacle(fields._choice("obstacle", Obstacle)),
            detail=fields.text("detail", MAX_DETAIL),
            label=fields.text("label", MAX_LABEL),
            defect=None if defect is None else _defect(defect),
            maker=fields._maker_or_none(),
        )
        fields.end()
        return unread

    def _take(self, name: str) -> Any:
        try:
            return self._rest.pop(name)
        except KeyError:
            raise Nonsense(name) from None

    def _inner(self, name: str) -> _Fields:
        value = self._take(name)
        if not isinstance(value, dict):
            raise Nonsense(name)
        return _Fields(value)

    def _list(self, name: str, longest: int) -> list[Any]:
        value = self._take(name)
        if not isinstance(value, list) or len(value) > longest:
            raise Nonsense(name)
        return value

    def _maker_or_none(self) -> Maker | None:
        if self._rest.get("maker", "") is None:
            self._take("maker")
            return None
        return Maker(self._choice("maker", Maker))

    def _choice(self, name: str, choices: type[_Choice]) -> str:
        value = self.text(name, MAX_LABEL)
        if value not in {choice.value for choice in choices}:
            raise Nonsense(name)
        return value

    def _hexadecimal(self, name: str, length: int) -> str:
        value = self.text(name, length)
        if len(value) != length or value.strip("0123456789abcdef"):
            raise Nonsense(name)
        return value

    def _instant(self, name: str, *, may_be_empty: bool = False) -> str:
        """YYYY-MM-DDTHH:MM:SSZ"""
        value = self.text(name, 20)
        shape = "".join("0" if "0" <= character <= "9" else character for character in value)
        if shape != "0000-00-00T00:00:00Z" and not (may_be_empty and not value):
            raise Nonsense(name)
        return value


def _object(untrusted_line: bytes) -> dict[str, Any]:
    if len(untrusted_line) > MAX_LINE:
        raise Nonsense("too long")
    try:
        value = json.loads(untrusted_line)
    except (ValueError, RecursionError):
        raise Nonsense("not JSON") from None
    if not isinstance(value, dict):
        raise Nonsense("not an object")
    return value


def _defect(untrusted: object) -> SerialDefect:
    for defect in SerialDefect:
        if untrusted == defect.value:
            return defect
    raise Nonsense("defect")
