"""The last verified ledger snapshot: taken over from the courier's inbox, read in place.

The courier talks to the network and is not trusted with what the agent believes: the agent copies
the file into its own state while hashing it, checks the ledger's signature over the copy and
refuses anything older than what it has.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from agent import durable
from domain.accounting import CarrierEntry
from domain.carrier import Carrier
from domain.errors import Wrong
from domain.snapshot import (
    LARGEST_SNAPSHOT,
    SIGNATURE_SIZE,
    Header,
    Mark,
    entries,
    find,
    read_header,
)
from domain.text import Text
from journal.digest import sha256
from journal.signing import verify
from policies.situation import LedgerView


class SnapshotFile:
    """An opened snapshot whose signature was checked when it was opened."""

    def __init__(self, descriptor: int, header: Header) -> None:
        self._descriptor = descriptor
        self.header = header

    @classmethod
    def open(cls, path: Path, ledger_key: bytes) -> SnapshotFile:
        """Open and verify ``path``.

        Raises Wrong where the file is no snapshot or not signed by ``ledger_key``, and
        FileNotFoundError where there is none.
        """
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            header = _verified(descriptor, ledger_key)
        except BaseException:
            os.close(descriptor)
            raise
        return cls(descriptor, header)

    @property
    def mark(self) -> Mark:
        return self.header.mark

    @property
    def salt(self) -> str:
        """What login marks in this snapshot were made with."""
        return self.header.salt

    def lookup(self, carrier: Carrier, now: datetime) -> LedgerView:
        """What the ledger knows of ``carrier``, as old as the snapshot is at ``now``.

        Entries with the same serial but another maker or model are namesakes, never a match.
        Raises Wrong where the ledger tells of it what this program can't read.
        """
        entry, namesakes = _split(carrier, self.of_serial(carrier.serial))
        return LedgerView(mark=self.mark, age=self.age(now), entry=entry, namesakes=namesakes)

    def of_serial(self, serial: str) -> tuple[CarrierEntry, ...]:
        """Every entry of that canonical serial, of whatever maker. Raises Wrong."""
        try:
            return find(self._read_at, self.header, sha256(serial.encode()))
        except (KeyError, TypeError, ValueError) as error:
            raise Wrong(_unknown_entry(error)) from error

    def entries(self) -> Iterator[CarrierEntry]:
        """Every entry: for a person's search by account number, not for verdicts."""
        return entries(self._read_at, self.header)

    def age(self, now: datetime) -> int:
        """Seconds since the ledger made it; negative where this machine's clock is behind."""
        return age_of(self.mark, now)

    def close(self) -> None:
        os.close(self._descriptor)

    def _read_at(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)


def take_over(
    inbox: Path, own: Path, ledger_key: bytes, *, host: str, last: Mark | None
) -> SnapshotFile:
    """Copy the snapshot in ``inbox`` to ``own`` and open it there.

    Raises Wrong where it is no snapshot, not signed by the ledger, made for another workstation
    than ``host`` or older than ``last``; the one in place stays then.
    """
    copy = own.with_suffix(".new")
    _copy(inbox, copy)
    taken = SnapshotFile.open(copy, ledger_key)
    if refused := _refusal(taken.header, host, last):
        taken.close()
        raise Wrong(refused)
    durable.place(copy, own)
    return taken


def _refusal(offered: Header, host: str, last: Mark | None) -> Text | None:
    if offered.workstation.lower() != host.lower():
        return _of_another(offered.workstation, host)
    if last is not None and offered.mark.order() < last.order():
        return _older(offered.mark, last)
    return None


def age_of(mark: Mark, now: datetime) -> int:
    """Seconds from ``mark`` being made to ``now``."""
    return int((now - datetime.fromisoformat(mark.made_at)).total_seconds())


def now_utc() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)


def _verified(descriptor: int, ledger_key: bytes) -> Header:
    content = os.pread(descriptor, os.fstat(descriptor).st_size, 0)
    signed, signature = content[:-SIGNATURE_SIZE], content[-SIGNATURE_SIZE:]
    if not verify(ledger_key, sha256(signed), signature):
        raise Wrong(
            Text(
                ru="Снимок журнала не подписан вашим журналом учёта: он отвергнут.",
                en="The ledger snapshot is not signed by your ledger: it was refused.",
            )
        )
    try:
        header = read_header(lambda offset, size: os.pread(descriptor, size, offset))
        age_of(header.mark, now_utc())
    except (TypeError, ValueError) as error:
        raise Wrong(
            Text(ru=f"Снимок журнала испорчен: {error}.", en=f"The snapshot is broken: {error}.")
        ) from error
    return header


def _split(
    carrier: Carrier, found: tuple[CarrierEntry, ...]
) -> tuple[CarrierEntry | None, tuple[CarrierEntry, ...]]:
    entry = next((entry for entry in found if entry.carrier == carrier), None)
    same_serial = tuple(
        other for other in found if other is not entry and other.carrier.serial == carrier.serial
    )
    return entry, same_serial


def _copy(source: Path, target: Path) -> None:
    """Raises Wrong where it is larger than any snapshot: the courier could fill disk and memory."""
    with open(source, "rb", buffering=0) as reading, open(target, "wb", buffering=0) as writing:
        if os.fstat(reading.fileno()).st_size > LARGEST_SNAPSHOT:
            raise Wrong(
                Text(
                    ru="Снимок журнала слишком велик: он отвергнут.",
                    en="The ledger snapshot is too large: it was refused.",
                )
            )
        left = LARGEST_SNAPSHOT
        while left and (sent := os.sendfile(writing.fileno(), reading.fileno(), None, left)):
            left -= sent
        os.fsync(writing.fileno())


def _unknown_entry(error: Exception) -> Text:
    return Text(
        ru=f"Запись о носителе в снимке журнала не читается ({error}): журнал учёта новее этой "
        "программы? Обновите Ключарь на рабочем месте.",
        en=f"The snapshot's entry on the carrier can't be read ({error}): is the ledger newer than "
        "this program? Update klyuchar on the workstation.",
    )


def _of_another(workstation: str, host: str) -> Text:
    return Text(
        ru=f"Снимок журнала сделан для другого рабочего места ({workstation}), а это называет себя "
        f"{host}: он отвергнут. Исправьте host в настройках или подключите рабочее место заново: "
        "klyuchar enrol.",
        en=f"The ledger snapshot is made for another workstation ({workstation}), and this one "
        f"calls itself {host}: it was refused. Mend host in the settings or enrol this workstation "
        "again: klyuchar enrol.",
    )


def _older(offered: Mark, last: Mark) -> Text:
    return Text(
        ru=f"Снимок журнала (версия {offered.version}) старше уже полученного "
        f"(версия {last.version}): он отвергнут. Если журнал восстановлен из копии, подключите "
        "рабочее место заново: klyuchar enrol.",
        en=f"The ledger snapshot (version {offered.version}) is older than the one already seen "
        f"(version {last.version}): it was refused. If the ledger was restored from a backup, "
        "enrol this workstation again: klyuchar enrol.",
    )
