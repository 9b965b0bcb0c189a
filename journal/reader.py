"""Reading behind the writer: complete lines only, in order, without a lock.

A reader looks at a record's number and nothing else; whether the chain holds is `journal.verify`'s
question.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from domain.errors import Wrong
from domain.text import Text
from journal.digest import sha256
from journal.record import Line, seq_of
from journal.segments import segment_path, segments

_CHUNK = 256 * 1024


class Damaged(Wrong):
    """What stands in the journal's files is no journal."""


def read(directory: Path, after: int = 0) -> Iterator[Line]:
    """Every complete line beyond record ``after``; nothing where there is no journal.

    Raises Damaged at a line that is no record.
    """
    for path in segments(directory, after):
        with open(path, "rb", buffering=_CHUNK) as file:
            for raw in file:
                if not raw.endswith(b"\n"):
                    return
                if (line := _line(raw, path, after)) is not None:
                    yield line


def _line(raw: bytes, path: Path, after: int) -> Line | None:
    try:
        seq = seq_of(raw)
    except ValueError as error:
        raise _broken(path) from error
    return Line(seq=seq, digest=sha256(raw), raw=raw) if seq > after else None


def _broken(path: Path) -> Damaged:
    return Damaged(
        Text(
            ru=f"Журнал {path} повреждён. Узнайте, где и что именно: klyuchar journal verify.",
            en=f"The journal {path} is broken. See where and how: klyuchar journal verify.",
        )
    )


class Follower:
    """Reads on from record ``after`` as the journal grows, over new segments too.

    With ``durable`` a line is flushed to disk before it is handed out: who passes lines on to
    another machine must not pass on what a power cut may still take back.
    """

    def __init__(self, directory: Path, after: int, *, durable: bool = False) -> None:
        self._directory = directory
        self._seq = after
        self._durable = durable
        self._path: Path | None = None
        self._descriptor = -1
        self._offset = 0

    def new(self) -> list[Line]:
        """The lines that came since the last call, at most about 256 KiB of them at once.

        Call again until it is empty. Cheap where nothing is new. Raises Damaged where the journal
        is not a continuation of what was read before.
        """
        while True:
            raws = self._complete()
            if not raws and not self._next_segment():
                return []
            lines = [line for raw in raws if (line := self._taken(raw)) is not None]
            if lines:
                return lines

    def close(self) -> None:
        """Close the file that is kept open; `new` opens it again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._path, self._descriptor, self._offset = None, -1, 0

    def _taken(self, raw: bytes) -> Line | None:
        assert self._path is not None
        line = _line(raw, self._path, self._seq)
        if line is not None:
            self._seq = line.seq
        return line

    def _complete(self) -> list[bytes]:
        """The next complete lines of the open segment. A torn one is read again next time."""
        if self._descriptor < 0:
            return []
        size = _CHUNK
        data = os.pread(self._descriptor, size, self._offset)
        while len(data) == size and b"\n" not in data:
            size *= 4
            data = os.pread(self._descriptor, size, self._offset)
        if not data and os.fstat(self._descriptor).st_size < self._offset:
            assert self._path is not None
            raise _broken(self._path)
        end = data.rfind(b"\n") + 1
        if end and self._durable:
            os.fdatasync(self._descriptor)
        self._offset += end
        return [raw + b"\n" for raw in data[:end].split(b"\n")[:-1]]

    def _next_segment(self) -> bool:
        if self._path is None:
            paths = segments(self._directory, self._seq)
            path = paths[0] if paths else None
        elif os.fstat(self._descriptor).st_nlink:
            path = segment_path(self._directory, self._seq + 1)
        else:  # let go, and perhaps those after it
            path = next(iter(segments(self._directory, self._seq)), None)
        if path is None or path == self._path:
            return False
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        self.close()
        self._path, self._descriptor = path, descriptor
        return True


class Cursor:
    """How far a follower has come, in a file of 21 bytes.

    Not flushed: after a power cut it may stand further back, so followers do things that may be
    done twice. A missing or damaged file reads as 0, the beginning.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = -1
        try:
            text = path.read_bytes().strip()
        except FileNotFoundError:
            text = b""
        self.value: int = int(text) if text.isdigit() else 0

    def advance(self, seq: int) -> None:
        """Remember that record ``seq`` is dealt with."""
        if self._descriptor < 0:
            flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o640)
        os.pwrite(self._descriptor, b"%020d\n" % seq, 0)
        self.value = seq
