"""From a raw line back to the event of the domain. Not for the agent: msgspec costs memory."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, cast, get_args

import msgspec

from domain import events
from domain.errors import Wrong
from domain.text import Text

_VERSION = 1
_EVENTS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(events.Event)}


class Envelope(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """The members of every line; ``body`` is left as bytes."""

    body: msgspec.Raw
    boot: str
    event: str
    host: str
    prev: str
    seq: int
    time: str
    v: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One line, read. ``time`` is UTC in RFC 3339; ``name`` the event's as it was written.

    ``event`` is None where this program does not know the event or its version.
    """

    seq: int
    time: str
    boot: str
    host: str
    name: str
    event: events.Event | None


ENVELOPE = msgspec.json.Decoder(Envelope)


def decode(raw: bytes) -> Record:
    """The record in ``raw``. Raises Wrong where it is none, or its event's body is not one."""
    try:
        envelope = ENVELOPE.decode(raw)
        return Record(
            seq=envelope.seq,
            time=envelope.time,
            boot=envelope.boot,
            host=envelope.host,
            name=envelope.event,
            event=_event(envelope),
        )
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Wrong(
            Text(
                ru=f"Строка журнала не читается ({error}). Проверьте журнал: "
                "klyuchar journal verify.",
                en=f"A line of the journal can't be read ({error}). Verify the journal: "
                "klyuchar journal verify.",
            )
        ) from error


def _event(envelope: Envelope) -> events.Event | None:
    if envelope.event not in _EVENTS or envelope.v != _VERSION:
        return None
    return cast("events.Event", _decoder(envelope.event).decode(envelope.body))


@cache
def _decoder(name: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_EVENTS[name])
