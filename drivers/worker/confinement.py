"""What a worker gives up before it loads foreign code, whoever started it.

The unit file takes away much more; this is what is left where there is none.
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import socket

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_MOST_MEMORY = 512 << 20
"""Bytes of private memory: a module that tells of a terabyte of certificate gets none."""


def confine() -> None:
    """No core dumps, no ptrace by equals, no set-uid programs, bounded memory, no Ctrl-C.

    Ctrl-C is for the program in the foreground: a worker ends when its socket does.
    """
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_DATA, _MOST_MEMORY)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    # An ignored or blocked alarm is inherited from whoever started us, and would protect a hang.
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def take_standard_input() -> socket.socket:
    """The connection on descriptor 0, moved out of reach of modules that read or print."""
    connection = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    return connection


class Deadline:
    """The kernel's: when it passes, SIGALRM with its default action ends the process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def arm(self) -> None:
        """Start again from now."""
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    @staticmethod
    def disarm() -> None:
        """Waiting for the next request may take for ever."""
        signal.setitimer(signal.ITIMER_REAL, 0)


def _limit(which: int, most: int) -> None:
    try:
        _, hard = resource.getrlimit(which)
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (allowed, allowed))
    except (OSError, ValueError):
        # A system call filter may forbid it; then the same limit is in the unit file.
        return
