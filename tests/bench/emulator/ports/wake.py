"""One thread telling another, which waits in a selector, that there is something to do."""

from __future__ import annotations

import contextlib
import os
import threading


class Wake:
    """Readable from `__call__` until `clear`; any thread may call it, also after `close`."""

    def __init__(self) -> None:
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._closed = False
        self._lock = threading.Lock()

    def __call__(self) -> None:
        with self._lock:
            if not self._closed:
                os.eventfd_write(self._fd, 1)

    def clear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self._fd)

    def fileno(self) -> int:
        return self._fd

    def close(self) -> None:
        with self._lock:
            self._closed = True
            os.close(self._fd)
