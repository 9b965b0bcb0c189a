"""The ledger's one composition: what every part of its HTTP interface is handed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.signing import Signer, load_or_create
from ledger import dates
from ledger.books import Books
from ledger.carry_out import books_time
from ledger.events import Opened, Origin
from ledger.mail import Mailer
from ledger.noticeboard import Noticeboard
from ledger.projections import record
from ledger.settings import LedgerSettings, rules
from ledger.snapshot import Snapshots
from ledger.store import Reading, SqliteStore, Store, Transaction

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An open ledger. ``threads`` do the storage's work, so that the event loop never waits for
    a disk; snapshots, which take seconds, are built one after another in ``builder``, so that a
    hundred workstations that ask at once keep no officer waiting. ``noticeboard`` tells officers'
    desktops of open cases."""

    settings: LedgerSettings
    store: Store
    signer: Signer
    snapshots: Snapshots
    threads: ThreadPoolExecutor
    builder: ThreadPoolExecutor
    mailer: Mailer | None
    noticeboard: Noticeboard

    async def write(self, work: Callable[[Transaction], T]) -> T:
        """`Store.write` off the event loop."""
        return await self.in_thread(lambda: self._written(work))

    async def read(self, work: Callable[[Reading], T]) -> T:
        """`Store.read` off the event loop."""
        return await self.in_thread(lambda: self.store.read(work))

    async def build(self, work: Callable[[], T]) -> T:
        """Anything to do with snapshots, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.builder, work)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Anything that takes time, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self.threads, work)

    def _written(self, work: Callable[[Transaction], T]) -> T:
        result = self.store.write(work)
        self.store.read(self.noticeboard.refresh)
        return result

    def wake_mailer(self) -> None:
        """The books have changed: other mail may be due."""
        if self.mailer is not None:
            self.mailer.wake()

    def close(self) -> None:
        """Finish what is under way and let go of everything."""
        if self.mailer is not None:
            self.mailer.stop()
        self.builder.shutdown()
        self.threads.shutdown()
        self.store.close()
        self.noticeboard.take_down()


def open_office(settings: LedgerSettings) -> Office:
    """Open the ledger in ``settings.state``, and make it where there is none.

    Raises Wrong where the signing key is not the ledger's own, the database is newer than the
    program or a new ledger has no name; CouldNotAsk where the state is out of reach.
    """
    snapshots = settings.state / "snapshots"
    try:
        settings.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        snapshots.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CouldNotAsk(
            Text(
                ru=f"Каталог учёта {settings.state} недоступен: {error.strerror}. Исправьте state "
                "в [ledger] или права на каталог.",
                en=f"The ledger's directory {settings.state} is out of reach: {error.strerror}. "
                "Mend state in [ledger] or the directory's permissions.",
            )
        ) from error
    signer = load_or_create(settings.key)
    store = SqliteStore(settings.database)
    store.write(lambda transaction: _open_ledger(transaction, settings.organisation, signer))
    noticeboard = Noticeboard(Path(settings.socket).parent)
    store.read(noticeboard.refresh)
    return Office(
        settings=settings,
        store=store,
        signer=signer,
        snapshots=Snapshots(store, signer, snapshots),
        threads=ThreadPoolExecutor(4, thread_name_prefix="ledger"),
        builder=ThreadPoolExecutor(1, thread_name_prefix="snapshots"),
        mailer=_mailer(settings, store, signer),
        noticeboard=noticeboard,
    )


_NAMELESS = Text(
    ru="Журнал учёта ещё не открыт: впишите название организации, [ledger] organisation = "
    '"…". Оно остаётся в журнале навсегда.',
    en='The ledger was never opened: name the organisation, [ledger] organisation = "…". The '
    "name stays in the ledger for good.",
)


def _mailer(settings: LedgerSettings, store: Store, signer: Signer) -> Mailer | None:
    if settings.mail is None:
        return None
    ledger_id = signer.public_key.hex()[:16]
    return Mailer(store, settings.mail, rules(settings, settings.mail), ledger_id)


def _open_ledger(transaction: Transaction, organisation: str, signer: Signer) -> None:
    now = books_time(transaction)
    opening = Books(transaction).opening()
    if opening is None:
        if not organisation:
            raise Wrong(_NAMELESS)
        opened = Opened(
            organisation=organisation,
            salt=os.urandom(16).hex(),
            public_key=signer.public_key.hex(),
        )
        origin = Origin(who="klyuchar", source="ledger", happened=dates.spelled(now))
        record(transaction, origin, [opened])
    elif opening.public_key != signer.public_key.hex():
        raise Wrong(
            Text(
                ru="Ключ подписи — не тот, с которым открыт журнал учёта: рабочие места отвергнут "
                "его снимки. Верните файл ключа из резервной копии.",
                en="The signing key is not the one this ledger was opened with: workstations "
                "would refuse its snapshots. Restore the key file from a backup.",
            )
        )
