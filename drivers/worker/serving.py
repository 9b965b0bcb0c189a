"""The worker's loop: a request, a look, and again, until the peer closes."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

from domain.sighting import Obstacle, Unread
from drivers.messages import (
    MAX_DETAIL,
    MODULE_WIDE,
    Ask,
    Finished,
    Nonsense,
    NotRead,
    Open,
    Ready,
    Reply,
    Touching,
    emit,
)
from drivers.worker.confinement import Deadline
from drivers.worker.cryptoki import CannotLoad, Lied, Refused
from drivers.worker.decoding import bounded
from drivers.worker.library import Library
from drivers.worker.looking import Looking
from drivers.worker.requests import requests_of


def serve(connection: socket.socket) -> None:
    """Answer one peer. Returns when it closed, broke the protocol or ran into an error of ours."""
    try:
        connection.sendall(emit(Ready()))
        requests = requests_of(connection)
        opening = next(requests, None)
        if isinstance(opening, Open):
            _Worker(connection, opening).run(requests)
    except (OSError, Nonsense):
        return


class _Worker:
    def __init__(self, connection: socket.socket, opening: Open) -> None:
        self._connection = connection
        self._opening = opening
        self._deadline = Deadline(opening.deadline_ms / 1000)
        self._library: Library | None = None

    def run(self, requests: Iterator[Open | Ask]) -> None:
        for request in requests:
            if not isinstance(request, Ask) or not self._look(request):
                return

    def _look(self, ask: Ask) -> bool:
        """One look, and let the module go; False where a fresh process should take over."""
        try:
            library = self._loaded(ask)
            Looking(self._opening.module, library, ask, self._say).run()
        except (CannotLoad, Refused, Lied) as error:
            self._failed(ask, Obstacle.MODULE_ABSENT, str(error))
            return False
        except OSError:
            raise
        except Exception as error:
            # An error of our own: told like any other, never a traceback on a terminal.
            self._failed(ask, Obstacle.NONSENSE, f"worker: {type(error).__name__} {error}")
            return False
        return self._let_go(library)

    def _loaded(self, ask: Ask) -> Library:
        if self._library is None:
            self._say(Touching(look=ask.look, slot=MODULE_WIDE, call="dlopen"))
            if not os.path.exists(self._opening.path):
                raise CannotLoad(f"no such file: {self._opening.path}")
            self._library = Library(self._opening.path)
        return self._library

    def _let_go(self, library: Library) -> bool:
        """After the answer was given: a module that hangs here delays nobody."""
        self._deadline.arm()
        try:
            library.cryptoki.finalise()
        except (Refused, Lied):
            return False
        self._say(Ready())
        self._deadline.disarm()
        return True

    def _failed(self, ask: Ask, obstacle: Obstacle, detail: str) -> None:
        unread = Unread(
            module=self._opening.module,
            slot=MODULE_WIDE,
            obstacle=obstacle,
            detail=bounded(detail, MAX_DETAIL),
        )
        self._say(NotRead(look=ask.look, unread=unread))
        self._say(Finished(look=ask.look, slots=0))

    def _say(self, reply: Reply) -> None:
        """Every word restarts the deadline: it bounds what comes until the next one."""
        self._deadline.arm()
        self._connection.sendall(emit(reply))
