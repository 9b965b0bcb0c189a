"""What an eye asks, taken from the connection line by line."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from drivers.messages import MAX_LINE, Ask, Nonsense, Open, parse_request

_CHUNK = 4096


def requests_of(connection: socket.socket) -> Iterator[Open | Ask]:
    """Every request until the peer closes. Raises Nonsense."""
    buffer = b""
    while True:
        line, newline, rest = buffer.partition(b"\n")
        if newline:
            buffer = rest
            yield parse_request(line)
        elif len(buffer) > MAX_LINE:
            raise Nonsense("too long")
        elif chunk := connection.recv(_CHUNK):
            buffer += chunk
        else:
            return
