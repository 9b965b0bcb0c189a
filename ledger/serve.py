"""The ledger's process: a unix socket for the officer, a TCP listener for workstations."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import struct
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from ledger.http import agent_app, officer_app
from ledger.notify import keep_watchdog, notify
from ledger.office import Office, open_office
from ledger.settings import LedgerSettings, address

_OFFICERS_ONLY = 0o117
"""The umask that makes a socket readable and writable for owner and group: 0660."""
_UCRED = "3i"
MOST_CONNECTIONS = 400
"""At one socket. The usual limit of a process is 1,024 descriptors."""


def serve(settings: LedgerSettings) -> None:
    """Serve the ledger until SIGTERM or SIGINT.

    Raises Wrong where another ledger holds the socket or the state is not this program's,
    CouldNotAsk where socket, port or state are out of reach.
    """
    listening = listen_unix(settings.socket)
    try:
        office = open_office(settings)
        try:
            if office.mailer is not None:
                office.mailer.start()
            servers = [_server(dated(officer_app(office)), listening)]
            if place := address(settings.listen):
                servers.append(_server(dated(agent_app(office)), _listen_tcp(place), settings))
            asyncio.run(_serve(servers, office))
        finally:
            office.close()
    finally:
        listening.close()
        Path(settings.socket).unlink(missing_ok=True)


def dated(app: ASGIApp) -> ASGIApp:
    """The application with the time in each of its answers (RFC 9110, 6.6.1)."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["date"] = formatdate(usegmt=True)
            await send(message)

        await app(scope, receive, send_dated)

    return answer


class PeerProtocol(H11Protocol):
    """HTTP/1.1 that knows who connected: the kernel's word on the peer's uid, in request state.

    Connections from other machines are few at a time: whoever opens them without end must leave
    descriptors to the officer.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        connection = transport.get_extra_info("socket")
        if connection is not None and connection.family == socket.AF_UNIX:
            credentials = connection.getsockopt(
                socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize(_UCRED)
            )
            _, uid, _ = struct.unpack(_UCRED, credentials)
            self.app_state = {**self.app_state, "peer_uid": uid}


class _Server(uvicorn.Server):
    """One of several servers in a process: signals are dealt with once, for all of them."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self.listening = listening
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Accept nothing more, and end when what was begun is answered."""
        self.should_exit = True
        self._stopping.set()

    async def main_loop(self) -> None:
        """Sleep until `stop`; uvicorn's own wakes up ten times a second to look."""
        await self._stopping.wait()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: ASGIApp, listening: socket.socket, tls: LedgerSettings | None = None) -> _Server:
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        access_log=False,
        log_level="warning",
        server_header=False,
        # Theirs is renewed in the loop that ours does without: `dated` is in its place.
        date_header=False,
        timeout_graceful_shutdown=1,
        # How many connections are accepted before any of them is dealt with.
        backlog=64,
        ssl_certfile=(tls.certificate or None) if tls else None,
        ssl_keyfile=(tls.certificate_key or None) if tls else None,
    )
    try:
        config.load()
    except OSError as error:
        assert tls is not None
        raise Wrong(
            Text(
                ru=f"Сертификат TLS не загружен ({error}): certificate = {tls.certificate}, "
                f"certificate_key = {tls.certificate_key}. Исправьте настройки [ledger] или файлы.",
                en=f"The TLS certificate could not be loaded ({error}): certificate = "
                f"{tls.certificate}, certificate_key = {tls.certificate_key}. Mend the settings "
                "[ledger] or the files.",
            )
        ) from error
    return _Server(config, listening)


async def _serve(servers: list[_Server], office: Office) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, servers)
    running = asyncio.gather(*(server.serve([server.listening]) for server in servers))
    while not all(server.started for server in servers) and not running.done():
        await asyncio.sleep(0.01)
    notify("READY=1")
    watchdog = asyncio.create_task(keep_watchdog(office))
    await running
    watchdog.cancel()


def _stop(servers: list[_Server]) -> None:
    notify("STOPPING=1")
    for server in servers:
        server.stop()


def listen_unix(path: str) -> socket.socket:
    """A listening socket at ``path``, for its owner and group only.

    A socket that a killed ledger left behind is replaced. Raises Wrong where a ledger answers
    there, CouldNotAsk where the socket can't be made.
    """
    if _answers(path):
        raise Wrong(
            Text(
                ru=f"Журнал учёта уже запущен: {path} занят.",
                en=f"The ledger is already running: {path} is taken.",
            )
        )
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    umask = os.umask(_OFFICERS_ONLY)
    try:
        Path(path).unlink(missing_ok=True)
        listening.bind(path)
    except OSError as error:
        listening.close()
        raise CouldNotAsk(_cannot_listen(path, error)) from error
    finally:
        os.umask(umask)
    listening.listen(128)
    return listening


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def _listen_tcp(place: tuple[str, int]) -> socket.socket:
    host, port = place
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise CouldNotAsk(_cannot_listen(f"{host}:{port}", error)) from error
    return listening


def _cannot_listen(place: str, error: OSError) -> Text:
    return Text(
        ru=f"Не могу принимать подключения на {place}: {error.strerror}. Проверьте каталог, права "
        "и то, что адрес не занят.",
        en=f"Cannot listen on {place}: {error.strerror}. Check the directory, the permissions and "
        "that nobody else has the address.",
    )
