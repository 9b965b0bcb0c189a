"""pyudev without the way it looks for libudev, which has had one name since systemd 183.

`ctypes.util` finds a library by running ldconfig, or a compiler, and imports tempfile, shutil and
the compressions that knows: 0.7 MiB and a child process in a daemon that starts no programs.
"""

from __future__ import annotations

import sys
from types import ModuleType

LIBRARY = "libudev.so.1"


class _Named(ModuleType):
    """Stands where pyudev imports `ctypes.util` from, and nowhere else."""

    @staticmethod
    def find_library(name: str) -> str | None:
        return LIBRARY if name == "udev" else None


_found = sys.modules.get("ctypes.util")
sys.modules["ctypes.util"] = _Named("ctypes.util")
try:
    import pyudev
finally:
    del sys.modules["ctypes.util"]
    if _found is not None:
        sys.modules["ctypes.util"] = _found

__all__ = ["pyudev"]
