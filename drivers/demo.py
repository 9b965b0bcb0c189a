"""The demonstration's driver kind: carriers played by hand, read through a real PKCS#11 module.

`klyuchar demo insert NAME` moves a SoftHSM token from the drawer into the token directory and sends
this watch a datagram, as a plug would make the kernel do; everything after that is the road of a
real carrier. Packaged configuration knows no demonstration.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from domain.carrier import Maker
from domain.errors import CouldNotAsk, Wrong
from domain.sighting import Device
from domain.text import Text
from drivers.watch import Change, Plugged, Unplugged

_LONGEST_NAME = 64
_NOT_OUT = Text(
    ru="вставить нельзя: такого носителя нет или он уже вставлен. Можно вставить",
    en="can't be inserted: there is none or it is inserted already. These can be",
)
_NOT_IN = Text(ru="не вставлен. Вставлены", en="is not inserted. These are")


class DemoWatch:
    """Listens where the demonstration plugs and pulls."""

    name = "demonstration"

    def __init__(self, socket_path: str, tokens: Path) -> None:
        Path(socket_path).unlink(missing_ok=True)
        self._tokens = tokens
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)
        self._socket.bind(socket_path)
        os.chmod(socket_path, 0o600)

    def fileno(self) -> int:
        return self._socket.fileno()

    def present(self) -> list[Device]:
        """The tokens that lie in the token directory now."""
        return [_device(path.name) for path in sorted(self._tokens.iterdir())]

    def check(self, now: float) -> list[Change]:
        """Nothing: who moves a token also says so."""
        del now
        return []

    def changes(self) -> list[Change]:
        """What was plugged and pulled since the last call."""
        changes: list[Change] = []
        while True:
            try:
                untrusted_message = self._socket.recv(_LONGEST_NAME + 1)
            except BlockingIOError:
                return changes
            sign, name = untrusted_message[:1], untrusted_message[1:].decode("utf-8", "replace")
            changes.append(
                Plugged(device=_device(name)) if sign == b"+" else Unplugged(device=_device(name))
            )


def insert(name: str, drawer: Path, tokens: Path, socket_path: str) -> None:
    """Plug the token ``name``. Raises Wrong where there is no such token in the drawer,
    CouldNotAsk where it is plugged and no agent listens."""
    _move(name, drawer, tokens, _NOT_OUT)
    _send(b"+" + name.encode(), socket_path)


def remove(name: str, drawer: Path, tokens: Path, socket_path: str) -> None:
    """Pull the token ``name``. Raises Wrong where it is not plugged, CouldNotAsk as `insert`."""
    _move(name, tokens, drawer, _NOT_IN)
    _send(b"-" + name.encode(), socket_path)


def _device(name: str) -> Device:
    return Device(port=f"demo:{name}", usb_id="", maker=Maker.SOFTHSM, model=name)


def _move(name: str, source: Path, target: Path, absent: Text) -> None:
    here = sorted(path.name for path in source.iterdir())
    if name not in here:
        there = ", ".join(here) or "—"
        raise Wrong(
            Text(ru=f"«{name}» {absent.ru}: {there}.", en=f'"{name}" {absent.en}: {there}.')
        )
    os.rename(source / name, target / name)


def _send(message: bytes, socket_path: str) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        try:
            sending.sendto(message, socket_path)
        except OSError as error:
            raise CouldNotAsk(
                Text(
                    ru="Сделано, но агент не запущен: он увидит это, когда запустится (в другом "
                    "окне: make run).",
                    en="Done, but the agent is not running: it will see this when it starts (in "
                    "another window: make run).",
                )
            ) from error
