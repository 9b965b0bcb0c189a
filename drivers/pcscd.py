"""What can be told of pcscd without asking it: a question would start it, and keep it awake."""

from __future__ import annotations

import os
from pathlib import Path

SOCKET = "/run/pcscd/pcscd.comm"
_LISTENING = "00010000"
_UNITS = ("etc/systemd/system", "run/systemd/system")
_PROGRAMS = ("usr/sbin/pcscd", "usr/bin/pcscd", "sbin/pcscd")


class PcscdSocket:
    """Whether anybody listens where pcscd is reached, as the kernel's list of sockets says."""

    def __init__(self, sockets: str = "/proc/net/unix") -> None:
        self._sockets = sockets
        self._before: bool | None = None

    def changed(self) -> bool:
        """Whether that is another answer than the last time."""
        before, self._before = self._before, self._listens()
        return self._before != before

    def _listens(self) -> bool | None:
        """None where it can't be told."""
        try:
            with open(self._sockets, encoding="utf-8", errors="replace") as lines:
                return any(_is_listening(line.split()) for line in lines if SOCKET in line)
        except OSError:
            return None


def why_down(root: Path = Path("/")) -> str:
    """What files say of a pcscd that nobody reaches: "not-installed", "masked" or "stopped"."""
    for unit in ("pcscd.socket", "pcscd.service"):
        for directory in _UNITS:
            place = root / directory / unit
            if place.is_symlink() and os.readlink(place) == os.devnull:
                return "masked"
    if not any((root / program).exists() for program in _PROGRAMS):
        return "not-installed"
    return "stopped"


def _is_listening(fields: list[str]) -> bool:
    """A row of /proc/net/unix: address, references, protocol, flags, type, state, inode, path."""
    return len(fields) == 8 and fields[3] == _LISTENING and fields[7] == SOCKET
