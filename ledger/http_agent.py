"""The ledger's routes for workstations."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from journal.signing import fingerprint
from ledger.exchange import as_json
from ledger.office import Office


def routes(office: Office) -> list[BaseRoute]:
    """What a workstation needs: safe on the TCP listener."""

    async def key(request: Request) -> Response:
        del request
        public = office.signer.public_key
        return as_json({"public_key": public.hex(), "fingerprint": fingerprint(public)})

    return [Route("/v1/key", key)]


def officer_routes(office: Office) -> list[BaseRoute]:
    """What the officer has to say on workstations and cases."""
    del office
    return []
