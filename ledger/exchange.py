"""What every route needs of a request and an answer."""

from __future__ import annotations

import pwd

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from domain.text import Text
from ledger.problems import Problem


def officer(request: Request) -> str:
    """Who is at the other end of the unix socket, as the kernel says; Problem where nobody is."""
    uid: int | None = getattr(request.state, "peer_uid", None)
    if uid is None:
        raise Problem(
            403,
            Text(
                ru="Это доступно только ответственному пользователю, через сокет журнала.",
                en="This is for the responsible user only, by the ledger's socket.",
            ),
        )
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


async def body_of(request: Request, largest: int) -> bytes:
    """The request's whole body; Problem 413 where it has more than ``largest`` bytes."""
    untrusted_body = bytearray()
    async for chunk in request.stream():
        untrusted_body += chunk
        if len(untrusted_body) > largest:
            raise Problem(
                413,
                Text(
                    ru=f"За один раз принимается не больше {largest} байт.",
                    en=f"No more than {largest} bytes are taken at once.",
                ),
            )
    return bytes(untrusted_body)


def whole_number(request: Request, name: str) -> int:
    """A query parameter that counts something, 0 where it is missing; Problem for anything else."""
    untrusted_value = request.query_params.get(name, "0")
    if not (untrusted_value.isascii() and untrusted_value.isdecimal()) or len(untrusted_value) > 15:
        raise Problem(400, Text(ru=f"{name} — целое число.", en=f"{name} is a whole number."))
    return int(untrusted_value)


def as_json(value: object) -> Response:
    """Any of our values as a JSON answer."""
    return Response(msgspec.json.encode(value), media_type="application/json")
