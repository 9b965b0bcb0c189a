"""The one launcher outside systemd: a worker for every connection, its socket on stdin.

What `klyuchar-worker.socket` with Accept=yes does, for `klyuchar run` and for tests.
"""

from __future__ import annotations

import errno
import os
import socket
import subprocess
from collections.abc import Mapping, Sequence

MAX_WORKERS = 32
"""A module that disarms its alarm and hangs keeps its process: beyond these the oldest goes."""

_REFUSALS = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EMFILE, errno.ENFILE})


class Activation:
    """Listens on ``socket_path`` and starts ``command`` for each connection.

    Never blocks but for starting a process. The caller polls `fileno`, calls `accept` when it is
    readable and `reap` when children may have ended.
    """

    def __init__(
        self, socket_path: str, command: Sequence[str], env: Mapping[str, str] | None = None
    ) -> None:
        self._path = socket_path
        self._command = list(command)
        self._environment = None if env is None else dict(env)
        self._workers: list[subprocess.Popen[bytes]] = []
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        _remove_stale(socket_path)
        mask = os.umask(0o177)
        try:
            self._listener.bind(socket_path)
        finally:
            os.umask(mask)
        self._listener.listen()

    def fileno(self) -> int:
        """Readable when somebody wants a worker."""
        return self._listener.fileno()

    @property
    def pids(self) -> tuple[int, ...]:
        """The workers not yet reaped, oldest first."""
        return tuple(worker.pid for worker in self._workers)

    def accept(self) -> None:
        """Start a worker for one waiting connection; nothing where there is none.

        A worker that can't be started closes its connection, which tells the peer.
        """
        try:
            connection, _ = self._listener.accept()
        except OSError as error:
            if error.errno in _REFUSALS:
                return
            raise
        with connection:
            self._make_room()
            try:
                self._workers.append(self._start(connection))
            except OSError:
                return

    def reap(self) -> None:
        """Forget the workers that ended."""
        self._workers = [worker for worker in self._workers if worker.poll() is None]

    def close(self) -> None:
        """Stop listening and end every worker at once: they hold nothing worth a farewell."""
        self._listener.close()
        _remove_stale(self._path)
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()
        self._workers.clear()

    def _start(self, connection: socket.socket) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command,
            stdin=connection.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=self._environment,
            start_new_session=True,
        )

    def _make_room(self) -> None:
        self.reap()
        while len(self._workers) >= MAX_WORKERS:
            oldest = self._workers.pop(0)
            oldest.kill()
            oldest.wait()


def _remove_stale(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        return
