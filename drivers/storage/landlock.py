"""The worker renounces reading, writing and executing files, and the kernel holds it to that.

landlock(7): from then on only folders can be listed, and only what lies beneath the named places
can be read. The keys in a container stay closed to this process whatever it is made to do.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The same on every architecture."""

_VERSION = 1
_PATH_BENEATH = 1
_READ_FILE = 1 << 2
_READ_DIR = 1 << 3
_ALL_BY_ABI = ((1, (1 << 13) - 1), (2, 1 << 13), (3, 1 << 14))


class _Ruleset(ctypes.Structure):
    _fields_ = (("handled_access_fs", ctypes.c_uint64),)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def forbid_files_but(readable: Iterable[Path]) -> bool:
    """Whether the kernel forbids from now on to open files but those beneath ``readable``.

    False where it knows no Landlock (before 5.13, or switched off). ``no_new_privs`` must be set.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    abi = libc.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION)
    if abi < 1:
        return False
    handled = sum(accesses for since, accesses in _ALL_BY_ABI if since <= abi) & ~_READ_DIR
    attributes = _Ruleset(handled_access_fs=handled)
    size = ctypes.c_size_t(ctypes.sizeof(attributes))
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(attributes), size, 0)
    if ruleset < 0:
        return False
    try:
        for place in readable:
            _allow_reading(libc, ruleset, place)
        return bool(libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow_reading(libc: ctypes.CDLL, ruleset: int, place: Path) -> None:
    try:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    rule = _PathBeneath(allowed_access=_READ_FILE, parent_fd=descriptor)
    libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(descriptor)
