"""Verifying the chain of events: by hashing the raw lines, trusting nothing that they say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from domain.text import Text
from journal.digest import sha256
from journal.record import GENESIS, Head


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What verifying found: ``head`` is the last good event; ``broken`` says what is wrong with
    the one after it, None where all is well."""

    head: Head
    broken: Text | None


class _Links(msgspec.Struct):
    seq: int
    prev: str


_LINKS = msgspec.json.Decoder(_Links)


def verify(lines: Iterable[bytes]) -> Report:
    """Follow the chain from its first line on and stop at the first that is wrong."""
    head = GENESIS
    for raw in lines:
        if broken := _broken(head, raw):
            return Report(head=head, broken=broken)
        head = Head(seq=head.seq + 1, digest=sha256(raw))
    return Report(head=head, broken=None)


def _broken(head: Head, untrusted_raw: bytes) -> Text | None:
    seq = head.seq + 1
    try:
        links = _LINKS.decode(untrusted_raw)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Text(
            ru=f"Событие {seq} не читается: {error}.", en=f"Event {seq} can't be read: {error}."
        )
    if links.seq != seq:
        return Text(
            ru=f"На месте события {seq} стоит событие {links.seq}: пропуск или вставка.",
            en=f"Event {links.seq} stands where event {seq} should: something is missing or added.",
        )
    if links.prev != head.digest.hex():
        return Text(
            ru=f"Событие {seq} не продолжает событие {head.seq}: одно из них изменено.",
            en=f"Event {seq} does not follow event {head.seq}: one of them was changed.",
        )
    return None
