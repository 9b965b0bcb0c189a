"""QEMU's control socket (QMP): one command at a time, and the events between them."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Any

from tests.waiting import wait_for


class QmpError(Exception):
    """QEMU refused a command, went silent, or ended."""


class Qmp:
    """A connection to the socket at ``path``, which QEMU must serve within ``deadline_s``."""

    def __init__(self, path: Path, deadline_s: float = 15.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(deadline_s)
        wait_for(lambda: self._connected(path), deadline_s, "QEMU serves its control socket")
        self._lines = self._socket.makefile("rwb")
        self._events: list[dict[str, Any]] = []
        self._read()
        self.execute("qmp_capabilities")

    def execute(self, command: str, deadline_s: float = 30.0, **arguments: Any) -> Any:
        """What the command returns. Underscores in names stand for the protocol's hyphens.

        `QmpError` when QEMU refuses, or does not answer within ``deadline_s``.
        """
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        self._socket.settimeout(deadline_s)
        self._lines.write(json.dumps({"execute": command, "arguments": named}).encode() + b"\n")
        self._lines.flush()
        while "event" in (message := self._read()):
            self._events.append(message)
        if "error" in message:
            raise QmpError(f"{command} {named}: {message['error']['desc']}")
        return message["return"]

    def monitor(self, line: str, deadline_s: float = 60.0) -> None:
        """A command of the human monitor; `QmpError` if it prints anything, as a failure does."""
        said = self.execute("human-monitor-command", deadline_s, command_line=line)
        if said.strip():
            raise QmpError(f"{line}: {said.strip()}")

    def wait_event(self, name: str, device: str, deadline_s: float = 15.0) -> None:
        """Until QEMU has told of the event ``name`` of this device."""
        until = time.monotonic() + deadline_s
        while not any(
            event["event"] == name and event["data"].get("device") == device
            for event in self._events
        ):
            self._socket.settimeout(max(0.01, until - time.monotonic()))
            self._events.append(self._read())

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def _connected(self, path: Path) -> bool:
        try:
            self._socket.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        return True

    def _read(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise QmpError("QEMU does not answer") from None
        if not line:
            raise QmpError("QEMU has ended")
        message: dict[str, Any] = json.loads(line)
        return message
