"""What the ledger tells a workstation about one carrier: no names, only what rules need."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from domain.carrier import Carrier, Maker


class Standing(StrEnum):
    """Where a key document (ключевой документ) is in its life."""

    REGISTERED = "registered"
    ISSUED = "issued"
    OUT_OF_ACTION = "out-of-action"
    DESTROYED = "destroyed"


class OutOfAction(StrEnum):
    """Why a key document was put out of action (вывод из действия)."""

    EXPIRED = "expired"
    REPLACED = "replaced"
    COMPROMISED = "compromised"
    DISMISSED = "dismissed"
    INOPERABLE = "inoperable"
    UNUSED = "unused"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDocument:
    """One key on one carrier, the unit of account (clause 3.3), as a workstation may know it.

    ``number`` is the account number. ``logins`` are the holder's login marks that mean something
    at this workstation; ``shared_logins`` those of them that other people have too.
    ``key_not_after`` is the private key's end as the ledger holds it (RFC 3339, empty: not
    known); ``made_on`` the date of making (YYYY-MM-DD, empty: not known), from which an end is
    only estimated.
    """

    number: str
    standing: Standing
    reason: OutOfAction | None = None
    logins: tuple[str, ...] = ()
    shared_logins: tuple[str, ...] = ()
    certificate: str = ""
    key_not_after: str = ""
    made_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierEntry:
    """One carrier of the ledger with every key document ever written to it.

    ``retired``: physically destroyed (clause 6.4), must never be seen again.
    """

    carrier: Carrier
    retired: bool
    documents: tuple[KeyDocument, ...]


def entry_from_json(value: Any) -> CarrierEntry:
    """The entry a ledger wrote with `domain.canonical.plain`.

    Raises KeyError, TypeError or ValueError where the value is not such an entry.
    """
    carrier = value["carrier"]
    return CarrierEntry(
        carrier=Carrier(
            maker=Maker(carrier["maker"]), model=carrier["model"], serial=carrier["serial"]
        ),
        retired=value["retired"],
        documents=tuple(_document_from_json(document) for document in value["documents"]),
    )


def _document_from_json(value: Any) -> KeyDocument:
    return KeyDocument(
        number=value["number"],
        standing=Standing(value["standing"]),
        reason=OutOfAction(value["reason"]) if value["reason"] else None,
        logins=tuple(value["logins"]),
        shared_logins=tuple(value["shared_logins"]),
        certificate=value["certificate"],
        key_not_after=value["key_not_after"],
        made_on=value["made_on"],
    )
