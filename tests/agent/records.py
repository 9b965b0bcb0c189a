"""Login records as login(1) and sshd write them: struct utmp of x86-64."""

from __future__ import annotations

import struct

USER_PROCESS, DEAD_PROCESS = 7, 8


def record(line: str, login: str, host: str, pid: int, kind: int = USER_PROCESS) -> bytes:
    """One record of utmp(5)."""
    texts = (line.encode(), line[-4:].encode(), login.encode(), host.encode())
    return struct.pack(
        "hxxi32s4s32s256shhiii16s20x", kind, pid, *texts, 0, 0, 0, 1764000000, 0, bytes(16)
    )
