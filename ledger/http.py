"""The ledger over HTTP, version 1.

Two applications: the officer's has everything, that of workstations only what an agent needs.
Which one answers is decided by the socket a connection came in by, so no route can forget to ask.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from domain.carrier import Maker
from domain.errors import CouldNotAsk, KlyucharError
from domain.text import Text
from ledger import http_agent, lists
from ledger.carry_out import Clash, Done, Outcome, carry_out
from ledger.events import lines_after
from ledger.exchange import as_json, body_of, officer, whole_number
from ledger.guards import Refusal
from ledger.intentions import Command
from ledger.office import Office
from ledger.problems import Problem
from ledger.store import Reading

_COMMAND = msgspec.json.Decoder(Command)
_LARGEST_COMMAND = 1 << 20


def officer_app(office: Office) -> Starlette:
    """Everything, for the responsible user's unix socket."""
    routes = [*_officer_routes(office), *http_agent.officer_routes(office)]
    return _app([*routes, *http_agent.routes(office)])


def agent_app(office: Office) -> Starlette:
    """What workstations need, for the TCP listener."""
    return _app(http_agent.routes(office))


def _app(routes: list[BaseRoute]) -> Starlette:
    return Starlette(
        routes=routes,
        exception_handlers={
            Problem: _problem,
            HTTPException: _http_error,
            KlyucharError: _our_error,
            Exception: _bug,
        },
    )


def _officer_routes(office: Office) -> list[BaseRoute]:
    def listing(path: str, read: Callable[[Reading, Request], object]) -> Route:
        async def answer(request: Request) -> Response:
            return as_json(await office.read(lambda reading: read(reading, request)))

        return Route(path, answer)

    async def commands(request: Request) -> Response:
        return await _command(office, request)

    async def events(request: Request) -> Response:
        return StreamingResponse(
            _events(office, whole_number(request, "after")), media_type="application/x-ndjson"
        )

    return [
        Route("/v1/commands", commands, methods=["POST"]),
        Route("/v1/events", events),
        listing("/v1/ledger", lambda reading, _: lists.ledger(reading, office.signer)),
        listing("/v1/people", lambda reading, _: lists.people(reading)),
        listing("/v1/workstations", lambda reading, _: lists.workstations(reading)),
        listing("/v1/workstation", _workstation),
        listing("/v1/carriers", _carriers),
        listing("/v1/documents", lambda reading, _: lists.documents(reading)),
        listing("/v1/absences", lambda reading, _: lists.absences(reading)),
    ]


async def _command(office: Office, request: Request) -> Response:
    untrusted_body = await body_of(request, _LARGEST_COMMAND)
    try:
        command = _COMMAND.decode(untrusted_body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem(
            400,
            Text(
                ru=f"Команда записана неверно: {error}. Команды: klyuchar ledger --help.",
                en=f"The command is malformed: {error}. See: klyuchar ledger --help.",
            ),
        ) from error
    who = officer(request)
    outcome = await office.write(
        lambda transaction: carry_out(
            transaction, command, who=who, source="officer", number=office.settings.number
        )
    )
    office.wake_mailer()
    return _answer(outcome)


def _answer(outcome: Outcome) -> Response:
    match outcome:
        case Done():
            events = [
                {"seq": e.seq, "event": e.name, "recorded": e.recorded, "fact": e.fact}
                for e in outcome.events
            ]
            return as_json({"seq": outcome.seq, "again": outcome.again, "events": events})
        case Refusal():
            raise Problem(422, outcome.text, outcome.clause)
        case Clash():
            raise Problem(409, outcome.text)


def _workstation(reading: Reading, request: Request) -> object:
    host = request.query_params.get("host", "")
    found = lists.workstation(reading, host)
    if found is None:
        raise Problem(
            404,
            Text(
                ru=f"Рабочего места {host} в журнале нет: klyuchar ledger workstation list.",
                en=f"There is no workstation {host}: klyuchar ledger workstation list.",
            ),
        )
    return found


def _carriers(reading: Reading, request: Request) -> object:
    query = request.query_params
    if "serial" not in query:
        return lists.carriers(reading)
    try:
        makers = [Maker(query["maker"])] if "maker" in query else list(Maker)
    except ValueError as error:
        raise Problem(
            400,
            Text(
                ru=f"Нет такого изготовителя: {query['maker']}.",
                en=f"No such maker: {query['maker']}.",
            ),
        ) from error
    return lists.carriers_meant(reading, makers, query["serial"])


async def _events(office: Office, after: int) -> AsyncIterator[bytes]:
    """The chain's own lines, byte for byte, so that anybody can verify them."""
    while lines := await office.read(partial(lines_after, after=after)):
        yield b"".join(raw for _, raw in lines)
        after = lines[-1][0]


async def _problem(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, Problem)
    return error.response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    text = Text(
        ru=f"{request.method} {request.url.path}: так к журналу не обращаются.",
        en=f"{request.method} {request.url.path}: {error.detail}.",
    )
    return Problem(error.status_code, text).response()


async def _our_error(request: Request, error: Exception) -> Response:
    del request
    assert isinstance(error, KlyucharError)
    return Problem(503 if isinstance(error, CouldNotAsk) else 422, error.text).response()


async def _bug(request: Request, error: Exception) -> Response:
    del request
    text = Text(
        ru="Сбой в программе, ничего не записано. Подробности — в системном журнале "
        "(journalctl -u klyuchar-ledger).",
        en="A fault in the program, nothing was recorded. The system log has the details "
        "(journalctl -u klyuchar-ledger).",
    )
    return Problem(500, text, kind=type(error).__name__).response()
