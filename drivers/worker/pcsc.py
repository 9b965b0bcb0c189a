"""Whether pcscd serves the module's process, asked by the very library that the module uses.

Measured with OpenSC 0.23 and pcsc-lite 1.9.9: where pcscd is down, or closes the connection as it
does when polkit denies it, C_GetSlotList returns CKR_OK and no slots.
"""

from __future__ import annotations

import ctypes
import os
import socket

from domain.sighting import Obstacle
from drivers.pcscd import SOCKET, why_down

_LIBRARY = "libpcsclite.so.1"
_SCOPE_SYSTEM = 2
_REFUSALS = {
    0x8010001D: (Obstacle.PCSCD_DOWN, "SCARD_E_NO_SERVICE"),
    0x8010001E: (Obstacle.PCSCD_DOWN, "SCARD_E_SERVICE_STOPPED"),
    0x80100013: (Obstacle.PCSCD_DENIED, "SCARD_F_COMM_ERROR"),
    0x8010006A: (Obstacle.PCSCD_DENIED, "SCARD_W_SECURITY_VIOLATION"),
}


def refusal() -> tuple[Obstacle, str] | None:
    """Why pcscd serves nobody here, with SCardEstablishContext's answer; None where it does, where
    it can't be told, and where the module has not loaded the library, so that it asks none."""
    try:
        library = ctypes.CDLL(_LIBRARY, mode=os.RTLD_NOLOAD)
    except OSError:
        return None
    context = ctypes.c_long()
    code = library.SCardEstablishContext(
        ctypes.c_ulong(_SCOPE_SYSTEM), None, None, ctypes.byref(context)
    )
    if code == 0:
        library.SCardReleaseContext(context)
        return None
    obstacle, name = _REFUSALS.get(code & 0xFFFFFFFF, (None, ""))
    if obstacle is Obstacle.PCSCD_DOWN and _lets_in():
        obstacle = Obstacle.PCSCD_DENIED
    if obstacle is None:
        return None
    state = why_down() if obstacle is Obstacle.PCSCD_DOWN else "refused"
    return obstacle, f"{state}; SCardEstablishContext: {name}"


def _lets_in() -> bool:
    """Whether somebody accepts a connection: denied before it could send anything, a client tells
    of that as of a service that does not run."""
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(SOCKET) == 0
