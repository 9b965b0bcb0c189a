"""Who is logged in, and whether in front of the screen or from elsewhere.

The login manager is asked through libsystemd (sd-login(3)), which only reads files. Where there is
none, the login records (utmp(5)) tell as much as `who` does: they are read here, since psutil,
which reads the same, would cost the agent 4 MiB for good.
"""

from __future__ import annotations

import ctypes
import errno
import os
import pwd
import struct
from dataclasses import dataclass

_SEAT = b"seat0"
_GRAPHICAL = frozenset({"x11", "wayland", "mir"})
_LOGGED_IN = frozenset({"active", "online"})
_RECORD = struct.Struct("hxxi32s4x32s256s52x")
"""One struct utmp of x86-64: type, pid, line, user, host."""
_USER_PROCESS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """``login`` is the person's in front of the screen, empty where nobody is there or it can't
    be told; ``remote`` are those who are in from elsewhere while nobody is."""

    login: str = ""
    remote: tuple[str, ...] = ()


def sitting(utmp: str = "/run/utmp") -> Sitting:
    """Who sits here now. A login screen is nobody, and so is who came by network."""
    try:
        logind = _Logind()
    except OSError:
        return _by_records(utmp)
    return logind.sitting() or _by_records(utmp)


class _Logind:
    """The part of sd-login(3) that is needed. Raises OSError where there is no libsystemd."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libsystemd.so.0")
        self._free = ctypes.CDLL(None).free
        self._free.argtypes = [ctypes.c_void_p]

    def sitting(self) -> Sitting | None:
        """What the login manager knows, None where none runs."""
        pointer = ctypes.c_void_p()
        found = self._library.sd_seat_get_active(_SEAT, ctypes.byref(pointer), None)
        if found == -errno.ENXIO:
            return None
        if found >= 0:
            session = self._taken(pointer)
            if self._word("class", session) == "user" and not self._is_remote(session):
                return Sitting(login=self._login(session))
        remote = {self._login(session) for session in self._sessions() if self._is_in(session)}
        return Sitting(remote=tuple(sorted(remote - {""})))

    def _sessions(self) -> list[bytes]:
        array = ctypes.POINTER(ctypes.c_void_p)()
        count = self._library.sd_get_sessions(ctypes.byref(array))
        if count < 0 or not array:
            return []
        sessions = [self._taken(ctypes.c_void_p(array[at])) for at in range(count)]
        self._free(array)
        return sessions

    def _is_in(self, session: bytes) -> bool:
        """Whether somebody is in from elsewhere: a remote desktop may have no network address,
        but it has a screen and no seat."""
        if self._word("class", session) != "user":
            return False
        if self._word("state", session) not in _LOGGED_IN:
            return False
        drawn = self._word("type", session) in _GRAPHICAL and not self._word("seat", session)
        return drawn or self._is_remote(session)

    def _is_remote(self, session: bytes) -> bool:
        return bool(self._library.sd_session_is_remote(session) > 0)

    def _login(self, session: bytes) -> str:
        uid = ctypes.c_uint32()
        if self._library.sd_session_get_uid(session, ctypes.byref(uid)) < 0:
            return ""
        try:
            return pwd.getpwuid(uid.value).pw_name
        except KeyError:
            return ""

    def _word(self, what: str, session: bytes) -> str:
        pointer = ctypes.c_void_p()
        ask = getattr(self._library, f"sd_session_get_{what}")
        return "" if ask(session, ctypes.byref(pointer)) < 0 else self._taken(pointer).decode()

    def _taken(self, pointer: ctypes.c_void_p) -> bytes:
        """The string there, which is ours to free."""
        string = ctypes.string_at(pointer)
        self._free(pointer)
        return string


def _by_records(utmp: str) -> Sitting:
    """The one login with a terminal of this machine; two of them can't be told apart."""
    try:
        with open(utmp, "rb") as file:
            untrusted_records = file.read(1 << 20)
    except OSError:
        return Sitting()
    whole = len(untrusted_records) // _RECORD.size * _RECORD.size
    local, remote = set[str](), set[str]()
    for kind, pid, *texts in _RECORD.iter_unpack(untrusted_records[:whole]):
        line, login, host = (text.split(b"\0")[0].decode("utf-8", "replace") for text in texts)
        if kind != _USER_PROCESS or not login or not _is_alive(pid):
            continue
        if host and not host.startswith(":"):
            remote.add(login)
        elif line.startswith(("tty", ":")):
            local.add(login)
    if local:
        return Sitting(login=local.pop() if len(local) == 1 else "")
    return Sitting(remote=tuple(sorted(remote)))


def _is_alive(pid: int) -> bool:
    """Whether the login's process runs: records outlive a crash."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return pid > 0
