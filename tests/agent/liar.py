"""Something that answers where a ledger should: byte for byte what a test tells it to."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

Answer = Callable[[socket.socket], None]


class Liar:
    """Listens on this machine, or at the unix socket ``path``; ``asked`` are the first lines of the
    requests it got."""

    def __init__(
        self, answer: Answer, tls: ssl.SSLContext | None = None, path: Path | None = None
    ) -> None:
        self._answer = answer
        self._tls = tls
        if path is None:
            self._listening = socket.create_server(("127.0.0.1", 0))
        else:
            self._listening = socket.socket(socket.AF_UNIX)
            self._listening.bind(str(path))
            self._listening.listen()
        self.port: int = 0 if path else self._listening.getsockname()[1]
        self.asked: list[str] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        # Shut down first: a thread that waits in accept is not woken by closing.
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(10)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            with connection:
                self.asked.append(_request(connection))
                self._answer(connection)


@contextmanager
def liar(
    answer: Answer | bytes, tls: ssl.SSLContext | None = None, path: Path | None = None
) -> Iterator[Liar]:
    """A liar that gives ``answer`` to whoever asks and hangs up."""
    lying = Liar(_says(answer) if isinstance(answer, bytes) else answer, tls, path)
    try:
        yield lying
    finally:
        lying.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """A well-formed answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def dripping(begin: bytes, drop: bytes) -> Answer:
    """Says ``begin``, then ``drop`` a few times a second without end."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(drop)
            time.sleep(0.05)

    return answer


def endless(begin: bytes, piece: bytes) -> Answer:
    """Says ``begin``, then ``piece`` as fast as it is taken."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(begin)
        while True:
            connection.sendall(piece)

    return answer


def _says(content: bytes) -> Answer:
    return lambda connection: connection.sendall(content)


def _request(connection: socket.socket) -> str:
    """The first line of a request, whose head and body are read whole."""
    head, left = b"", 0
    while b"\r\n\r\n" not in head:
        chunk = connection.recv(65536)
        if not chunk:
            return ""
        head += chunk
    head, _, body = head.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            left = int(line.split(b":")[1]) - len(body)
    while left > 0:
        left -= len(connection.recv(min(left, 65536)))
    return head.split(b"\r\n")[0].decode()
