"""The storage worker's loop: a request, a look, and again, until the peer closes."""

from __future__ import annotations

import socket
from pathlib import Path

from domain.sighting import Obstacle, Unread
from drivers.catalogue import STORAGE
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
    emit,
)
from drivers.storage.looking import Looking, Machine
from drivers.worker.confinement import Deadline
from drivers.worker.decoding import bounded
from drivers.worker.requests import requests_of


def serve(connection: socket.socket, root: Path, mountinfo: int, serial: str) -> None:
    """Answer one peer. Returns when it closed, broke the protocol or ran into an error of ours."""
    try:
        connection.sendall(emit(Ready()))
        requests = requests_of(connection)
        opening = next(requests, None)
        if not isinstance(opening, Open):
            return
        machine = Machine(
            root=root,
            mountinfo=mountinfo,
            serial=serial,
            directories=tuple(path for path in opening.path.split(":") if path.startswith("/")),
        )
        deadline = Deadline(opening.deadline_ms / 1000)
        for request in requests:
            if not isinstance(request, Ask):
                return
            _look(connection, deadline, machine, request)
    except (OSError, Nonsense):
        return


def _look(connection: socket.socket, deadline: Deadline, machine: Machine, ask: Ask) -> None:
    def say(reply: Reply) -> None:
        """Every word restarts the deadline: it bounds what comes until the next one."""
        deadline.arm()
        connection.sendall(emit(reply))

    try:
        Looking(machine, ask, say).run()
    except OSError:
        raise
    except Exception as error:
        # An error of our own: told like any other, never a traceback on a terminal.
        detail = bounded(f"worker: {type(error).__name__} {error}", MAX_DETAIL)
        unread = Unread(module=STORAGE, slot=MODULE_WIDE, obstacle=Obstacle.NONSENSE, detail=detail)
        say(NotRead(look=ask.look, unread=unread))
        say(Finished(look=ask.look, slots=0))
    say(Ready())
    deadline.disarm()
