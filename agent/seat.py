"""Who sits at this workstation, as far as the machine can tell.

The login manager is asked through libsystemd (sd_seat_get_active(3)), which only reads files; where
there is none, the one login with a local terminal counts. Anything else is "cannot tell".
"""

from __future__ import annotations

import ctypes
import pwd

from agent.settings import AgentSettings
from journal.digest import sha256
from policies.situation import Seat

NOBODY_KNOWN = ""


def seat_of(settings: AgentSettings, salt: str) -> Seat:
    """The login at the seat with its marks, comparable with those made with ``salt``."""
    login = settings.seat_login or _login_by_logind() or NOBODY_KNOWN
    if not login:
        return Seat(login=NOBODY_KNOWN, marks=())
    marks = tuple(
        sha256(f"{salt}|{name.lower()}@{realm.lower()}".encode()).hex()
        for name, realm in _spellings(login, settings)
    )
    return Seat(login=login, marks=marks)


def _spellings(login: str, settings: AgentSettings) -> list[tuple[str, str]]:
    r"""Every (name, realm) a login may mean: DOMAIN\name and name@domain say it themselves, a
    bare name is the host's or, where the machine belongs to one, the domain's."""
    if "\\" in login:
        realm, name = login.split("\\", 1)
        return [(name, realm)]
    if "@" in login:
        name, realm = login.split("@", 1)
        return [(name, realm)]
    return [(login, realm) for realm in (settings.host, settings.domain) if realm]


def _login_by_logind() -> str:
    """The login of the session in front of the screen, empty where that can't be told."""
    try:
        libsystemd = ctypes.CDLL("libsystemd.so.0")
    except OSError:
        return NOBODY_KNOWN
    uid = ctypes.c_uint32()
    if libsystemd.sd_seat_get_active(b"seat0", None, ctypes.byref(uid)) < 0:
        return NOBODY_KNOWN
    try:
        return pwd.getpwuid(uid.value).pw_name
    except KeyError:
        return NOBODY_KNOWN
