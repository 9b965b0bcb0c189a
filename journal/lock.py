"""One writer at a time: an open file description lock, which a killed writer leaves at once.

Unlike with flock(2), asking whether it is held takes nothing: `is_locked` can't keep a writer out.
"""

from __future__ import annotations

import errno
import fcntl
import os
import struct
from pathlib import Path

from domain.errors import Wrong
from domain.text import Text

_NAME = "lock"
_FLOCK = "hhqqi"
"""struct flock of fcntl(2): type, whence, start, length (0: all), pid."""


class Taken(Wrong):
    """Somebody else holds the lock."""


def acquire(directory: Path) -> int:
    """The descriptor that holds the lock while it is open. Raises Taken where another does."""
    descriptor = os.open(directory / _NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _exclusive())
    except OSError as error:
        os.close(descriptor)
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        raise Taken(
            Text(
                ru=f"В журнал {directory} уже пишет другая программа. Остановите её "
                "(systemctl stop klyuchar-agent или Ctrl-C в её окне), затем повторите.",
                en=f"Another program is writing the journal {directory}. Stop it "
                "(systemctl stop klyuchar-agent, or Ctrl-C in its window), then try again.",
            )
        ) from error
    return descriptor


def is_locked(directory: Path) -> bool:
    """Whether some writer has the journal open just now."""
    try:
        descriptor = os.open(directory / _NAME, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        answer = fcntl.fcntl(descriptor, fcntl.F_OFD_GETLK, _exclusive())
    finally:
        os.close(descriptor)
    return bool(struct.unpack(_FLOCK, answer[: struct.calcsize(_FLOCK)])[0] != fcntl.F_UNLCK)


def _exclusive() -> bytes:
    return struct.pack(f"{_FLOCK}0q", fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
