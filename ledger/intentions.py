"""What a person may ask of the ledger: one small value a command, as it comes over HTTP.

Every one may carry ``id``, its sender's own: the same command sent again under the same id gets
the same answer and is not done twice. ``happened`` is when it took place (YYYY-MM-DD or RFC 3339;
empty: now), ``ground`` the order, letter or act it stands on.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from domain.accounting import OutOfAction
from domain.carrier import Maker
from ledger.events import Method, Role
from ledger.serials import SerialReading

Words = Annotated[str, msgspec.Meta(max_length=500)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]


class Intention(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True
):
    """What every command may say besides its own fields."""

    id: Annotated[str, msgspec.Meta(max_length=100)] = ""
    happened: Annotated[str, msgspec.Meta(max_length=40)] = ""
    ground: Words = ""


class RegisterPerson(Intention, frozen=True, kw_only=True, tag="register-person"):
    """Enter a person (учёт пользователей, clause 2.1)."""

    name: Words
    post: Words = ""
    unit: Words = ""


class AddLogin(Intention, frozen=True, kw_only=True, tag="add-login"):
    """Say which login a person uses: on one ``host``, or in a ``domain``.

    The same login given to a second person is a shared one: at the seat it tells nobody."""

    person: Number
    login: Words
    host: Words = ""
    domain: Words = ""


class AdmitPerson(Intention, frozen=True, kw_only=True, tag="admit-person"):
    """Admit a person to work with crypto means by an order (clause 2.2)."""

    person: Number
    order_number: Words
    order_date: Words


class RegisterWorkstation(Intention, frozen=True, kw_only=True, tag="register-workstation"):
    """Enter a workstation (ПЭВМ)."""

    host: Words
    inventory: Words = ""
    place: Words = ""


class RegisterCarrier(Intention, frozen=True, kw_only=True, tag="register-carrier"):
    """Enter a carrier. ``serial`` is what a person typed; ``reading`` says how it is meant where
    the digits could be either decimal or hexadecimal."""

    maker: Maker
    model: Words
    serial: Words
    reading: SerialReading = SerialReading.UNSAID


class RegisterKeyDocument(Intention, frozen=True, kw_only=True, tag="register-key-document"):
    """Enter one writing of a key on a carrier (clause 3.3); it gets the next account number
    (clause 3.4) and, where ``copy`` is not given, the carrier's next copy number."""

    carrier: Number
    name: Words = ""
    copy: Number | None = None
    certificate: Words = ""
    key_not_after: Words = ""
    made_on: Words = ""


class Issue(Intention, frozen=True, kw_only=True, tag="issue"):
    """Issue a key document to a person; ``receipt`` refers to the signed paper (clause 3.5)."""

    document: Words
    person: Number
    receipt: Words


class Return(Intention, frozen=True, kw_only=True, tag="return"):
    """Take a key document back from its holder (clause 6.1): open whatever else is wrong."""

    document: Words
    receipt: Words = ""


class PutOutOfAction(Intention, frozen=True, kw_only=True, tag="put-out-of-action"):
    """Put a key document out of action (вывод из действия)."""

    document: Words
    reason: OutOfAction


class RecordDestruction(Intention, frozen=True, kw_only=True, tag="record-destruction"):
    """Enter a destruction that took place (clauses 6.3, 6.4). Physical destruction ends every
    key on the carrier and the carrier itself, so all its documents are named."""

    documents: Annotated[tuple[Words, ...], msgspec.Meta(min_length=1, max_length=1000)]
    method: Method


class TakeCase(Intention, frozen=True, kw_only=True, tag="take-case"):
    """Say that one has the case before oneself: nobody is reminded of it any more."""

    case: Number


class CloseCase(Intention, frozen=True, kw_only=True, tag="close-case"):
    """Close a case that was looked into; ``reason`` says what was found and done."""

    case: Number
    reason: Words


class RecordAbsence(Intention, frozen=True, kw_only=True, tag="record-absence"):
    """The responsible user or their deputy is away, both days included; ``last`` is empty where
    nobody knows until when (clause 2.3)."""

    role: Role = Role.OFFICER
    first: Words
    last: Words = ""


class RecordPresence(Intention, frozen=True, kw_only=True, tag="record-presence"):
    """They are back since the day ``since``, whatever was said before."""

    role: Role = Role.OFFICER
    since: Words


Command = (
    RegisterPerson
    | AddLogin
    | AdmitPerson
    | RegisterWorkstation
    | RegisterCarrier
    | RegisterKeyDocument
    | Issue
    | Return
    | PutOutOfAction
    | RecordDestruction
    | TakeCase
    | CloseCase
    | RecordAbsence
    | RecordPresence
)


def tidy(command: Command) -> Command:
    """The command with its words as they are kept: single blanks, none at the ends, and nothing
    that could command a terminal."""
    changes = {
        name: _tidied(value)
        for name in command.__struct_fields__
        if type(value := getattr(command, name)) in (str, tuple)
    }
    return msgspec.structs.replace(command, **changes)


def _tidied(value: str | tuple[str, ...]) -> str | tuple[str, ...]:
    if isinstance(value, tuple):
        return tuple(_words(one) for one in value)
    return _words(value)


def _words(text: str) -> str:
    return "".join(one for one in " ".join(text.split()) if one.isprintable())
