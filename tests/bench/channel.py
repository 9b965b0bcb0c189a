"""Commands in the guest, over a virtio serial port: the host's end of guest/…/agent.py."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A guest under load answers late; a deadline in the guest must strike before ours.
GRACE_S = 20.0


class ChannelError(Exception):
    """The guest does not answer, or is gone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a command ended; ``code`` is None when it had to be killed at its deadline."""

    code: int | None
    output: bytes
    errors: bytes

    @property
    def text(self) -> str:
        """What it printed on its standard output, without the last newline."""
        return self.output.decode(errors="replace").removesuffix("\n")

    @property
    def said(self) -> str:
        """All it printed, for a person."""
        return (self.output + self.errors).decode(errors="replace").strip()


class Channel:
    """A connection to the chardev socket at ``path``. Threads may share it, one asks at a time."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._lines = self._socket.makefile("rwb")
        self._lock = threading.Lock()
        self._number = 0

    def run(self, command: Sequence[str], timeout_s: float, stdin: bytes = b"") -> Finished:
        """Run it as root and wait until it has ended.

        `ChannelError` when no answer comes, though the guest was to kill the command long ago.
        """
        with self._lock:
            reply = self._ask(
                {
                    "command": list(command),
                    "timeout_s": timeout_s,
                    "stdin": base64.b64encode(stdin).decode(),
                },
                timeout_s + GRACE_S,
            )
        return Finished(
            code=reply["code"],
            output=base64.b64decode(reply["stdout"]),
            errors=base64.b64decode(reply["stderr"]),
        )

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _ask(self, request: dict[str, Any], deadline_s: float) -> dict[str, Any]:
        self._number += 1
        self._socket.settimeout(deadline_s)
        try:
            self._lines.write(json.dumps(request | {"id": self._number}).encode() + b"\n")
            self._lines.flush()
            while line := self._lines.readline():
                reply: dict[str, Any] = json.loads(line)
                # An answer that came after its question was given up is nobody's.
                if reply["id"] == self._number:
                    return reply
        except TimeoutError:
            raise ChannelError(f"the guest has not answered for {deadline_s:.0f} s") from None
        except OSError as error:
            raise ChannelError(f"the guest is gone: {error}") from None
        raise ChannelError("the guest is gone")
