"""One module's worker as the agent holds it: asks, waits with a deadline, never blocks.

The agent polls `Eye.fileno` and calls back; nothing here sleeps or waits. The worker is trusted
with nothing: every message is parsed, everything it can make grow is bounded, and it has a
deadline of its own beside the one the kernel enforces inside it, which a hostile module can
disarm. A worker that breaks any of this is dropped and the look goes on with a fresh one.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterator

from domain.sighting import Obstacle
from drivers.catalogue import Module
from drivers.inquiry import Inquiry, Look
from drivers.messages import (
    MAX_LINE,
    Finished,
    Nonsense,
    Open,
    Ready,
    Reply,
    Touching,
    emit,
    parse_reply,
)

__all__ = ["Eye", "Look"]

STARTING_S = 30.0
"""How long a fresh worker may take to say that it runs: a cold Python on a busy disk."""

LETTING_GO_S = 1.0
"""How long a worker may take to finalise its module before the next look goes to a fresh one."""

LONGEST_LOOK = 12
"""In deadlines: how long one worker may go on announcing calls within one look."""

MAX_LOOK_BYTES = 1 << 20
_CHUNK = 64 << 10


class Eye:
    """The worker of ``module`` behind the socket that starts one for every connection.

    ``deadline_s`` is what one group of PKCS#11 calls may take. `look` asks; the `Look` comes from
    `on_readable` or `on_deadline`, exactly one for each look begun. A look asked for while one is
    under way is done after it, once however often it was asked for.
    """

    def __init__(self, module: Module, socket_path: str, *, deadline_s: float = 5.0) -> None:
        self.module = module
        self._socket_path = socket_path
        self.deadline_s = deadline_s
        self._connection: socket.socket | None = None
        self._buffer = bytearray()
        self._warm = False
        self._ready = False
        self._inquiry: Inquiry | None = None
        self._asked = False
        self._again = False
        self._pcscd = False
        self._number = 0
        self._received = 0
        self._touched_at = 0.0
        self._until = 0.0
        self._failure: Look | None = None
        self._deadline: float | None = None

    @property
    def deadline(self) -> float | None:
        """The monotonic instant at which `on_deadline` wants to be called."""
        return self._deadline

    def fileno(self) -> int | None:
        """The descriptor to be polled for reading; None where no worker is connected."""
        return None if self._connection is None else self._connection.fileno()

    def look(self, now: float, *, pcscd: bool = False) -> None:
        """Ask for the slots to be read; ``pcscd``: and, where they show nothing, whether that is
        because pcscd serves nobody."""
        self._pcscd = pcscd
        if self._inquiry is not None:
            self._again = True
            return
        self._number += 1
        self._inquiry = Inquiry(self.module, self._number, pcscd=pcscd)
        if self._connection is not None and not self._ready:
            self._deadline = now + LETTING_GO_S
        else:
            self._ask(now)

    def on_readable(self, now: float) -> Look | None:
        """Take what the worker said; a look where that completed one."""
        if self._connection is None:
            return None
        try:
            chunk = self._connection.recv(_CHUNK)
        except BlockingIOError:
            return None
        except OSError:
            chunk = b""
        if not chunk:
            return self._worker_ended(now)
        self._buffer += chunk
        self._received += len(chunk)
        return self._take_lines(now)

    def on_deadline(self, now: float) -> Look | None:
        """The worker said nothing in time, or there was none to ask."""
        if self._deadline is None or now < self._deadline or self._inquiry is None:
            return None
        if self._failure is not None:
            return self._conclude(self._failure, now)
        if not self._asked:
            self._start_over(now)
            return None
        if not self._ready:
            return self._no_worker("it did not start", now)
        return self._worker_lost(Obstacle.DEADLINE, "", now)

    def close(self) -> None:
        """Let the worker go; it ends when its socket closes."""
        self._drop()
        self._inquiry = None
        self._again = False
        self._deadline = None

    def _ask(self, now: float) -> None:
        assert self._inquiry is not None
        if self._connection is None and not self._connect(now):
            return
        assert self._connection is not None
        request = emit(self._inquiry.ask())
        if not self._warm:
            request = emit(self._opening()) + request
        self._asked = True
        self._received = 0
        self._touched_at = now
        self._until = now + LONGEST_LOOK * self.deadline_s
        self._deadline = now + (self._patience() if self._ready else STARTING_S)
        try:
            sent = self._connection.send(request)
        except OSError:
            sent = 0
        if sent != len(request) and self._warm:
            # It ended since the last look; what it read then is not wrong.
            self._start_over(now)

    def _opening(self) -> Open:
        return Open(
            module=self.module.name,
            path=self.module.path,
            deadline_ms=max(1, int(self.deadline_s * 1000)),
        )

    def _connect(self, now: float) -> bool:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        try:
            connection.connect(self._socket_path)
        except OSError as error:
            connection.close()
            assert self._inquiry is not None
            name = errno.errorcode.get(error.errno or 0, "")
            detail = f"{name}: {os.strerror(error.errno or 0)}"
            self._failure = self._inquiry.given_up(Obstacle.NO_WORKER, detail)
            self._deadline = now
            return False
        self._connection = connection
        return True

    def _take_lines(self, now: float) -> Look | None:
        look: Look | None = None
        try:
            for line in self._lines():
                reply = parse_reply(line)
                if look is not None and not isinstance(reply, Ready):
                    raise Nonsense("not asked")
                look = self._take(reply, now) or look
        except Nonsense as error:
            if look is None:
                return self._worker_lost(Obstacle.NONSENSE, error.text.en, now)
            self._start_over(now)
        return look

    def _lines(self) -> Iterator[bytes]:
        if self._received > MAX_LOOK_BYTES:
            raise Nonsense("more than a look needs")
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[: end + 1])
            del self._buffer[: end + 1]
            yield line
        if len(self._buffer) > MAX_LINE:
            raise Nonsense("too long")

    def _take(self, reply: Reply, now: float) -> Look | None:
        if isinstance(reply, Ready):
            self._take_ready(now)
            return None
        if self._inquiry is None or not self._asked or not self._ready:
            raise Nonsense("not asked")
        look = self._inquiry.take(reply)
        if isinstance(reply, Touching):
            self._touched_at = now
            self._deadline = min(now + self._patience(), self._until)
        if isinstance(reply, Finished):
            self._warm, self._ready = True, False
        return look and self._conclude(look, now)

    def _take_ready(self, now: float) -> None:
        if self._ready:
            raise Nonsense("ready twice")
        self._ready = True
        if self._inquiry is None:
            return
        if self._asked:
            self._touched_at = now
            self._deadline = now + self._patience()
        else:
            self._ask(now)

    def _patience(self) -> float:
        """Somewhat longer than the worker's own deadline, which is the better one: it kills."""
        return self.deadline_s * 1.2 + 0.3

    def _worker_ended(self, now: float) -> Look | None:
        if self._inquiry is None or not self._asked:
            self._start_over(now)
            return None
        if not self._ready:
            return self._no_worker("it ended before it ran", now)
        late = now - self._touched_at >= 0.9 * self.deadline_s
        return self._worker_lost(Obstacle.DEADLINE if late else Obstacle.MODULE_DIED, "", now)

    def _worker_lost(self, obstacle: Obstacle, detail: str, now: float) -> Look | None:
        warm = self._warm
        self._drop()
        if self._inquiry is None:
            return None
        look = self._inquiry.died(obstacle, detail, warm=warm)
        if look is not None:
            return self._conclude(look, now)
        self._ask(now)
        return None

    def _start_over(self, now: float) -> None:
        """Go on with a fresh worker, or with none where nothing is asked."""
        self._drop()
        if self._inquiry is not None:
            self._ask(now)

    def _no_worker(self, detail: str, now: float) -> Look:
        self._drop()
        assert self._inquiry is not None
        return self._conclude(self._inquiry.given_up(Obstacle.NO_WORKER, detail), now)

    def _conclude(self, look: Look, now: float) -> Look:
        self._inquiry = None
        self._failure = None
        self._asked = False
        self._deadline = None
        if self._again:
            self._again = False
            self.look(now, pcscd=self._pcscd)
        return look

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None
        self._buffer.clear()
        self._warm = False
        self._ready = False
        self._asked = False
