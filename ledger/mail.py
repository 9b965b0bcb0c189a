"""Mail about cases to the responsible user and their deputy.

What to send is read from the books each time (`ledger.due`): they are the queue. A ledger killed
between sending and recording sends again, under the same Message-ID. While nothing is due the
thread sleeps until the next instant at which something is.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import TypeVar

from domain.errors import KlyucharError
from domain.text import Text
from ledger import dates
from ledger.books import Books
from ledger.carry_out import books_time
from ledger.due import Letter, Plan, Rules, plan
from ledger.events import MailDelivered, MailFailed, Origin, Role
from ledger.letter import message
from ledger.projections import record
from ledger.settings import MailSettings
from ledger.smtp import AddressRefused, NotTaken, send
from ledger.store import Reading, Store, Transaction

T = TypeVar("T")
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0

_ADDRESSES = {
    Role.OFFICER: Text(ru="ответственного пользователя (to)", en="the responsible user (to)"),
    Role.DEPUTY: Text(ru="заместителя (deputy)", en="the deputy (deputy)"),
}


class Mailer:
    """A thread that sends what is due; woken when more may be."""

    def __init__(
        self,
        store: Store,
        settings: MailSettings,
        rules: Rules,
        ledger_id: str,
        clock: Callable[[], datetime] = dates.now_utc,
    ) -> None:
        self._store = store
        self._settings = settings
        self._rules = rules
        self._ledger_id = ledger_id
        self._clock = clock
        self._began = clock()
        self._attempts: Counter[tuple[int, Role]] = Counter()
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left to be sent."""
        self._thread.start()

    def wake(self) -> None:
        """The books have changed: more may be due, or less."""
        self._wake.set()

    def stop(self) -> None:
        """End without waiting for a server that does not answer."""
        self._ended.set()
        self._wake.set()
        self._thread.join(timeout=0.5)

    def attempts(self, case: int, role: Role) -> int:
        """How often this process has tried in vain to tell whoever has ``role`` of the case."""
        return self._attempts[case, role]

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._ended.is_set():
            self._wake.clear()
            due = self._unless_troubled(self._look)
            if due is None or not self._send_all(due.letters):
                # A server that is down is not asked again just because there is more to say.
                self._ended.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
                continue
            pause = FIRST_PAUSE_S
            if not due.letters:
                self._wake.wait(self._seconds_until(due.again))

    def _seconds_until(self, instant: datetime | None) -> float | None:
        if instant is None:
            return None
        return min(max(0.0, (instant - self._clock()).total_seconds()), threading.TIMEOUT_MAX)

    def _look(self) -> Plan:
        # The time first: what the books say then is never older than it.
        now = self._clock()
        return self._store.read(lambda reading: self._plan(reading, now))

    def _plan(self, reading: Reading, now: datetime) -> Plan:
        books = Books(reading)
        return plan(
            self._rules,
            cases=books.cases_unanswered(),
            letters=books.letters(unanswered=True),
            absences=books.absences(),
            now=now,
            began=self._began,
        )

    def _send_all(self, letters: Sequence[Letter]) -> bool:
        """Send them; False where it has to be tried again. A message or a person that the server
        does not like is no reason to keep the others waiting; a server that is down is."""
        all_gone = True
        for at, letter in enumerate(letters):
            if self._ended.is_set():
                break
            went = self._unless_troubled(partial(self._send, letter, letters[at:]))
            if went is None:
                return False
            all_gone = all_gone and went
        return all_gone

    def _send(self, letter: Letter, rest: Sequence[Letter]) -> bool:
        """Send the first of the ``rest``; False where the server wanted everything but this one.

        Raises OSError, ValueError or KlyucharError where none of the ``rest`` can be sent now.
        """
        to = self._settings.address(letter.role)
        moment = self._clock().astimezone(self._rules.quiet.zone)
        told = message(
            letter,
            sender=self._settings.sender,
            to=to,
            ledger_id=self._ledger_id,
            moment=moment,
        )
        try:
            reply = send(self._settings, to, told)
        except AddressRefused as error:
            self._failed([letter], error.smtp_code, permanent=True)
            self._say_refused(letter.role, error)
            return True
        except NotTaken as error:
            self._failed([letter], error.smtp_code)
            self._say(Text(ru=str(error), en=str(error)))
            return False
        except (OSError, ValueError, KlyucharError) as error:
            self._failed(rest, getattr(error, "smtp_code", 0))
            raise
        self._delivered(letter, told["Message-ID"], reply)
        return True

    def _unless_troubled(self, work: Callable[[], T]) -> T | None:
        """What ``work`` gives; None where it has to be tried again. Nothing ends the thread: a
        storage that is busy or a password file that is garbage may be mended meanwhile."""
        try:
            return work()
        except KlyucharError as error:
            self._say(error.text)
        except (OSError, ValueError) as error:
            self._say(Text(ru=str(error), en=str(error)))
        except Exception:
            if not self._ended.is_set():
                raise
            # The storage was closed between a message and its record: it is sent once more.
        return None

    def _say(self, why: Text) -> None:
        told = Text(
            ru=f"Письма о делах пока не отправлены, попытки продолжаются. Сервер "
            f"{self._settings.host}:{self._settings.port}: {why.ru}",
            en=f"Mail about cases is not sent yet and will be tried again. Server "
            f"{self._settings.host}:{self._settings.port}: {why.en}",
        )
        print(f"{told.ru}\n{told.en}", file=sys.stderr, flush=True)

    def _say_refused(self, role: Role, error: AddressRefused) -> None:
        whose = _ADDRESSES[role]
        told = Text(
            ru=f"Почтовый сервер не принимает адрес {whose.ru}: {error}. Исправьте [ledger.mail] "
            "и перезапустите журнал учёта.",
            en=f"The mail server does not accept the address of {whose.en}: {error}. Mend "
            "[ledger.mail] and restart the ledger.",
        )
        print(f"{told.ru}\n{told.en}", file=sys.stderr, flush=True)

    def _delivered(self, letter: Letter, message_id: str, reply: int) -> None:
        facts = [
            MailDelivered(
                case=entry.case,
                message_id=message_id,
                role=letter.role,
                number=entry.number,
                reply=reply,
                attempts=self._attempts[entry.case, letter.role] + 1,
            )
            for entry in letter.entries
        ]
        self._store.write(lambda transaction: record(transaction, _origin(transaction), facts))
        for entry in letter.entries:
            del self._attempts[entry.case, letter.role]

    def _failed(self, letters: Sequence[Letter], reply: int, *, permanent: bool = False) -> None:
        """Count it; record it where it is the first failure of a message, or a last word."""
        failures = [
            MailFailed(
                case=entry.case,
                role=letter.role,
                number=entry.number,
                reply=reply,
                permanent=permanent,
            )
            for letter in letters
            for entry in letter.entries
        ]
        self._attempts.update((failure.case, failure.role) for failure in failures)

        def work(transaction: Transaction) -> None:
            books = Books(transaction)
            news = [one for one in failures if permanent or not _is_known(books, one)]
            record(transaction, _origin(transaction), news)

        self._store.write(work)


def _is_known(books: Books, failure: MailFailed) -> bool:
    return books.has_failed(failure.case, failure.role, failure.number)


def _origin(transaction: Transaction) -> Origin:
    now = dates.spelled(books_time(transaction))
    return Origin(who="klyuchar", source="mailer", happened=now)
