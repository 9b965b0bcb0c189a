"""The only way into a journal: append, durably, or say that it could not be done.

An append is one write(2) and one fdatasync(2), however many events it takes. Bytes of an append
that failed are cut off again before anything else is written.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from domain.errors import CouldNotAsk
from domain.events import Checkpoint, Event, Repaired, SegmentReleased
from domain.text import Text
from journal.checkpoint import signed
from journal.digest import sha256
from journal.lock import acquire, is_locked
from journal.record import GENESIS, Head, Line, link
from journal.resume import prove
from journal.segments import segment_path, segments
from journal.signing import Signer, sync_directory

__all__ = ["SEGMENT_BYTES", "CouldNotRecord", "Journal", "Tampered", "is_locked"]

SEGMENT_BYTES = 16 << 20
"""A segment is closed before it would grow beyond this."""

_EVENT_VERSION = 1
_TORN_KEPT = 512


class CouldNotRecord(CouldNotAsk):
    """The events are not in the journal; nothing that depends on them may be done."""


class Tampered(CouldNotRecord):
    """Somebody changed the journal's file under its writer: only opening it anew can tell how."""


class Journal:
    """An open journal. ``head`` is where it stands: everything up to it is on disk."""

    def __init__(
        self,
        directory: Path,
        *,
        host: str,
        boot: str,
        clock: Callable[[], int],
        segment_bytes: int,
    ) -> None:
        self._directory = directory
        self._host = host
        self._boot = boot
        self._clock = clock
        self._segment_bytes = segment_bytes
        self._path: Path | None = None
        self._descriptor = -1
        self._size = 0
        self._unsure = False
        self._at_checkpoint = False
        self.head: Head = GENESIS
        self._lock = acquire(directory)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        host: str,
        boot: str,
        clock: Callable[[], int] = time.time_ns,
        segment_bytes: int = SEGMENT_BYTES,
    ) -> Self:
        """Open the journal in ``directory`` for writing, made where it is missing.

        A torn last line is cut off and Repaired recorded before this returns. Raises Wrong where
        another writer has it open or its end was changed, CouldNotRecord where it can't be opened.
        """
        try:
            directory.mkdir(mode=0o750, parents=True, exist_ok=True)
            journal = cls(directory, host=host, boot=boot, clock=clock, segment_bytes=segment_bytes)
        except OSError as error:
            raise _could_not_record(directory, error) from error
        try:
            journal._resume()
        except OSError as error:
            journal.close()
            raise _could_not_record(directory, error) from error
        except BaseException:
            journal.close()
            raise
        return journal

    def append(self, *events: Event) -> None:
        """Record ``events`` in this order, all or none, and flush them to disk.

        Raises CouldNotRecord where the disk refuses, TypeError or ValueError for an event that
        canonical JSON does not hold; in both cases the journal is as it was.
        """
        if not events:
            return
        lines = self._linked(events)
        try:
            self._write(b"".join([line.raw for line in lines]), lines[0].seq)
        except OSError as error:
            with suppress(OSError):
                self._roll_back()
            raise _could_not_record(self._directory, error) from error
        self.head = lines[-1].head
        self._at_checkpoint = isinstance(events[-1], Checkpoint)

    def checkpoint(self, signer: Signer) -> None:
        """Sign the present head and record that; nothing where it is a checkpoint already."""
        if self.head.seq > 0 and not self._at_checkpoint:
            self.append(signed(signer, self._host, self.head))

    def release(self, released: SegmentReleased) -> None:
        """Record that the oldest segment is let go, then remove it (`journal.retention`).

        Raises CouldNotRecord where either can't be done. Killed in between, it is there as before.
        """
        self.append(released)
        try:
            os.unlink(self._directory / released.segment)
            sync_directory(self._directory)
        except OSError as error:
            raise _could_not_record(self._directory, error) from error

    def close(self) -> None:
        """Let go of the journal. Nothing is left to flush."""
        for descriptor in (self._descriptor, self._lock):
            if descriptor >= 0:
                os.close(descriptor)
        self._descriptor = self._lock = -1

    def _linked(self, events: tuple[Event, ...]) -> list[Line]:
        head, lines = self.head, []
        for event in events:
            line = link(
                head,
                time_ns=self._clock(),
                boot=self._boot,
                host=self._host,
                name=type(event).__name__,
                version=_EVENT_VERSION,
                body=event,
            )
            lines.append(line)
            head = line.head
        return lines

    def _write(self, data: bytes, first_seq: int) -> None:
        if self._unsure:
            self._roll_back()
        if self._descriptor < 0 or 0 < self._size > self._segment_bytes - len(data):
            self._begin_segment(first_seq)
        self._expect_untouched()
        self._unsure = True
        left = memoryview(data)
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fdatasync(self._descriptor)
        self._unsure = False
        self._size += len(data)

    def _roll_back(self) -> None:
        """Cut off what a failed append left, durably; until that works nothing is appended."""
        if self._unsure:
            os.ftruncate(self._descriptor, self._size)
            os.fdatasync(self._descriptor)
            self._unsure = False

    def _begin_segment(self, first_seq: int) -> None:
        path = segment_path(self._directory, first_seq)
        descriptor = _open_segment(path)
        try:
            sync_directory(self._directory)
        except OSError:
            os.close(descriptor)
            raise
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._path, self._descriptor, self._size = path, descriptor, 0

    def _expect_untouched(self) -> None:
        """Nobody else may shorten, lengthen or delete the file under us: records would be lost."""
        status = os.fstat(self._descriptor)
        if status.st_nlink and status.st_size == self._size:
            return
        raise Tampered(
            Text(
                ru=f"Файл журнала {self._path} удалён или изменён другой программой: запись "
                "остановлена. Проверьте журнал (klyuchar journal verify), выясните, кто это "
                "сделал, затем перезапустите агент.",
                en=f"Another program deleted or changed the journal's file {self._path}: nothing "
                "more is recorded. Verify the journal (klyuchar journal verify), find out who did "
                "this, then restart the agent.",
            )
        )

    def _resume(self) -> None:
        paths = segments(self._directory)
        if not paths:
            return
        proven = prove(paths)
        self._path = paths[-1]
        self._descriptor = _open_segment(paths[-1])
        self.head, self._size = proven.head, proven.size
        self._at_checkpoint = proven.name == Checkpoint.__name__
        if proven.torn:
            os.ftruncate(self._descriptor, proven.size)
            self.append(
                Repaired(
                    segment=paths[-1].name,
                    size=len(proven.torn),
                    sha256=sha256(proven.torn).hex(),
                    torn=proven.torn[:_TORN_KEPT].hex(),
                )
            )


def _open_segment(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)


def _could_not_record(directory: Path, error: OSError) -> CouldNotRecord:
    return CouldNotRecord(
        Text(
            ru=f"Не удалось записать в журнал {directory}: {error.strerror}. Записанное раньше "
            "цело. Освободите место на диске или исправьте права; запись продолжится сама.",
            en=f"Could not write the journal {directory}: {error.strerror}. What was recorded "
            "before is whole. Free some disk space or mend the permissions; recording goes on "
            "by itself.",
        )
    )
