"""A follower of the journal that writes to journald with structured fields.

journalctl KLYUCHAR_LEVEL=deny, KLYUCHAR_CARRIER=…, KLYUCHAR_EVENT=Judged then find records.
The native protocol is one datagram of KEY=value lines (systemd.io/JOURNAL_NATIVE_PROTOCOL).
"""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from domain.canonical import encode
from domain.carrier import Carrier, Maker
from journal.reader import Cursor, Follower
from journal.record import Line

_SOCKET = "/run/systemd/journal/socket"
_PRIORITIES = {"deny": "4", "warn": "5"}
_ALARMS = dict.fromkeys(
    ("Blind", "Unreadable", "SnapshotRefused", "SettingsRefused", "Repaired"), "4"
) | {"Unrecorded": "2"}
_INFORMATION = "6"


class JournaldFollower:
    """Behind the journal by a cursor: what journald has no room for now is sent later."""

    def __init__(self, directory: Path, cursor: Path, address: str = _SOCKET) -> None:
        self._cursor = Cursor(cursor)
        self._follower = Follower(directory, self._cursor.value)
        self._address = address
        self._unsent: list[Line] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def follow(self) -> None:
        """Send all that is new; stops quietly where journald is absent or has no room."""
        while self._unsent or (new := self._follower.new()):
            self._unsent = self._unsent or new
            line = self._unsent[0]
            try:
                self._socket.sendto(_datagram(json.loads(line.raw)), self._address)
                self._cursor.advance(line.seq)
            except OSError:
                return
            del self._unsent[0]


def _datagram(record: dict[str, Any]) -> bytes:
    name, body = record["event"], record["body"]
    fields = {
        "MESSAGE": f"{name} {encode(body).decode()}",
        "PRIORITY": _ALARMS.get(name, _INFORMATION),
        "SYSLOG_IDENTIFIER": "klyuchar",
        "KLYUCHAR_EVENT": name,
        "KLYUCHAR_SEQ": str(record["seq"]),
        "KLYUCHAR_TIME": record["time"],
    }
    if name == "Judged":
        fields |= _verdict_fields(body["verdict"])
    if name == "Inventoried" and body["inventory"]["time_control"]["state"] == "off":
        fields["PRIORITY"] = _PRIORITIES["warn"]
    carrier = body.get("carrier") or body.get("sighting", {}).get("carrier")
    if carrier:
        fields["KLYUCHAR_CARRIER"] = _spelled(carrier)
    # A line feed would begin another field, of the sender's choosing.
    lines = (f"{key}={' '.join(value.split())}\n" for key, value in fields.items())
    return "".join(lines).encode()


def _verdict_fields(verdict: dict[str, Any]) -> dict[str, str]:
    deciding = verdict["findings"][0]
    return {
        "MESSAGE": f"{deciding['reason']['ru']} {deciding['advice']['ru']}".strip(),
        "PRIORITY": _PRIORITIES.get(deciding["level"], _INFORMATION),
        "KLYUCHAR_LEVEL": deciding["level"],
        "KLYUCHAR_RULE": deciding["rule"],
        "KLYUCHAR_CLAUSE": deciding["clause"],
    }


def _spelled(carrier: dict[str, str]) -> str:
    return Carrier(
        maker=Maker(carrier["maker"]), model=carrier["model"], serial=carrier["serial"]
    ).spelled()
