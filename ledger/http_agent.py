"""The ledger's routes for workstations, and what the officer has to say on them."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar, assert_never

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from domain.text import Text
from journal.signing import fingerprint
from ledger import enrolment, lists
from ledger.books import Enrolled
from ledger.dates import now_utc
from ledger.exchange import as_json, body_of, officer
from ledger.guards import Refusal
from ledger.intake import Intake
from ledger.office import Office
from ledger.problems import Problem
from ledger.tellings import Told, told

T = TypeVar("T")
LARGEST_BATCH = 2 << 20
_LARGEST_FORM = 4096
_HASH_DIGITS = 64


class _Enrol(msgspec.Struct, forbid_unknown_fields=True):
    code: str
    host: str
    public_key: str


class _Code(msgspec.Struct, forbid_unknown_fields=True):
    host: str


class _Breach(msgspec.Struct, forbid_unknown_fields=True):
    """What is wrong with the journal at ``seq``; ``prev`` is what the line after a gap names."""

    what: Literal["gap", "truncated", "unreadable"]
    seq: Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)]
    prev: str = ""


def routes(office: Office) -> list[BaseRoute]:
    """What a workstation needs: safe on the TCP listener."""

    async def key(request: Request) -> Response:
        del request
        public = office.signer.public_key
        return as_json({"public_key": public.hex(), "fingerprint": fingerprint(public)})

    async def enrol(request: Request) -> Response:
        form = await _form(request, _Enrol)
        _hexadecimal(form.public_key)
        given = await office.write(
            lambda transaction: enrolment.enrol(
                transaction, form.code, host=form.host, public_key=form.public_key
            )
        )
        office.wake_mailer()
        admission = _unless_refused(given)
        return as_json(
            {
                "workstation": admission.workstation,
                "token": admission.token,
                "ledger_key": office.signer.public_key.hex(),
            }
        )

    async def head(request: Request) -> Response:
        sender, generation = await _sender(office, request), _generation(request)
        found = await office.read(lambda reading: told(reading, sender.workstation, generation))
        return as_json(_spelled(found))

    async def journal(request: Request) -> Response:
        sender, generation = await _sender(office, request), _generation(request)
        untrusted_lines = await body_of(request, LARGEST_BATCH)
        taken = await office.write(
            lambda transaction: Intake(transaction, sender, generation).take(untrusted_lines)
        )
        office.wake_mailer()
        return as_json(_spelled(taken))

    async def breach(request: Request) -> Response:
        sender, generation = await _sender(office, request), _generation(request)
        form = await _form(request, _Breach)
        if form.what == "gap":
            _hexadecimal(form.prev)
        reported = await office.write(
            lambda transaction: _report(Intake(transaction, sender, generation), form)
        )
        office.wake_mailer()
        return as_json(_spelled(reported))

    async def snapshot(request: Request) -> Response:
        sender = await _sender(office, request)
        asked = request.headers.get("if-none-match", "").strip('"')
        if await office.build(lambda: office.snapshots.tag(sender.host, now_utc())) == asked:
            return Response(status_code=304)
        current = await office.build(lambda: office.snapshots.current(sender.host, now_utc()))
        return Response(
            current.raw,
            media_type="application/octet-stream",
            headers={"etag": f'"{current.tag}"'},
        )

    return [
        Route("/v1/key", key),
        Route("/v1/enrol", enrol, methods=["POST"]),
        Route("/v1/agent/head", head),
        Route("/v1/agent/journal", journal, methods=["POST"]),
        Route("/v1/agent/breach", breach, methods=["POST"]),
        Route("/v1/agent/snapshot", snapshot),
    ]


def officer_routes(office: Office) -> list[BaseRoute]:
    """What the officer has to say on workstations and cases."""

    async def code(request: Request) -> Response:
        form, who = await _form(request, _Code), officer(request)
        made = await office.write(
            lambda transaction: enrolment.make_code(transaction, form.host, who)
        )
        return as_json({"code": _unless_refused(made)})

    async def cases(request: Request) -> Response:
        del request
        return as_json(await office.read(lambda reading: lists.cases(reading, _attempts(office))))

    return [
        Route("/v1/workstations/code", code, methods=["POST"]),
        Route("/v1/cases", cases),
    ]


def _attempts(office: Office) -> lists.Attempts:
    return office.mailer.attempts if office.mailer else lambda case, role: 0


def _report(intake: Intake, form: _Breach) -> Told:
    match form.what:
        case "gap":
            return intake.gap(form.seq, form.prev)
        case "truncated":
            return intake.truncated(form.seq)
        case "unreadable":
            return intake.unreadable(form.seq)
        case _:
            assert_never(form.what)


async def _sender(office: Office, request: Request) -> Enrolled:
    """The workstation whose bearer token the request has; Problem 401 where it has none."""
    scheme, _, untrusted_token = request.headers.get("authorization", "").partition(" ")
    found = None
    if scheme.lower() == "bearer":
        found = await office.read(lambda reading: enrolment.whose(reading, untrusted_token))
    if found is None:
        text = Text(
            ru="Рабочее место не подключено к этому журналу учёта: klyuchar enrol.",
            en="The workstation is not enrolled at this ledger: klyuchar enrol.",
        )
        raise Problem(401, text)
    return found


async def _form(request: Request, kind: type[T]) -> T:
    untrusted_body = await body_of(request, _LARGEST_FORM)
    try:
        return msgspec.json.decode(untrusted_body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        text = Text(ru=f"Запрос записан неверно: {error}.", en=f"Malformed request: {error}.")
        raise Problem(400, text) from error


def _generation(request: Request) -> str:
    return _hexadecimal(request.query_params.get("generation", ""))


def _hexadecimal(untrusted_text: str) -> str:
    if len(untrusted_text) != _HASH_DIGITS or untrusted_text.strip("0123456789abcdef"):
        raise Problem(
            400,
            Text(ru="Ожидались 64 шестнадцатеричные цифры.", en="64 hexadecimal digits expected."),
        )
    return untrusted_text


def _unless_refused(given: T | Refusal) -> T:
    if isinstance(given, Refusal):
        raise Problem(422, given.text, given.clause)
    return given


def _spelled(found: Told) -> dict[str, Any]:
    return {"seq": found.head.seq, "head": found.head.digest.hex()}
