"""Something that speaks where a mail server should, and never comes to an end."""

from __future__ import annotations

import socketserver
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

RAMBLINGS = {
    "a greeting of endless lines": (b"", b"220-still here\r\n" * 100, 0.0),
    "a line without an end": (b"220 ", b"a" * 1000, 0.0),
    "a greeting in drops": (b"220 ", b"a", 0.01),
    "lines in drops": (b"", b"220-a\r\n", 0.01),
    "an endless list of what it can do": (b"220 here\r\n", b"250-STARTTLS\r\n" * 100, 0.0),
}
"""What it says first, what it says from then on, and how many seconds it rests between."""


@contextmanager
def rambling(begin: bytes, piece: bytes, rest: float) -> Iterator[int]:
    """Its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                self.request.sendall(begin)
                while True:
                    self.request.sendall(piece)
                    time.sleep(rest)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
