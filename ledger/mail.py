"""One message a case to the responsible user, through a real SMTP server with TLS.

A message names the case and its severity and nothing else (clause 3.14): who may read mail on its
way learns no name, no number and no place. Cases not yet taken by the server are the queue; a
ledger killed between sending and recording sends again, under the same Message-ID.
"""

from __future__ import annotations

import smtplib
import ssl
import sys
import threading
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

from domain.errors import KlyucharError, Wrong
from domain.text import Text
from ledger import dates
from ledger.books import Books, CaseRow
from ledger.carry_out import books_time
from ledger.events import MailDelivered, Origin, Severity
from ledger.projections import record
from ledger.settings import MailSettings
from ledger.store import Store, Transaction

FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 900.0
_SERVER_ANSWERS_S = 30.0

_SEVERITIES = {
    Severity.WARN: ("предупреждение", "warning"),
    Severity.DENY: ("запрет", "denied"),
    Severity.ALARM: ("тревога", "alarm"),
}


def message(settings: MailSettings, case: CaseRow, ledger_id: str) -> EmailMessage:
    """The message about a case. ``ledger_id`` makes its Message-ID this ledger's own."""
    ru, en = _SEVERITIES[case.severity]
    told = EmailMessage()
    told["From"], told["To"] = settings.sender, settings.to
    told["Subject"] = f"Ключарь: дело № {case.case}, {ru}"
    told["Message-ID"] = f"<case-{case.case}.{ledger_id}@klyuchar.invalid>"
    told["Date"] = formatdate(localtime=True)
    told["Auto-Submitted"] = "auto-generated"
    told.set_content(
        f"Дело № {case.case}, важность: {ru}.\n"
        "Подробности — в журнале учёта: klyuchar ledger case list.\n\n"
        f"Case {case.case}, severity: {en}. See the ledger: klyuchar ledger case list.\n"
    )
    return told


def send(settings: MailSettings, told: EmailMessage) -> None:
    """Hand the message to the server.

    Raises OSError (smtplib's errors are such) where it did not take it, was not reached, or could
    not prove who it is, Wrong where the password can't be meant. Nothing is ever sent without TLS
    to a server with a valid certificate.
    """
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    connection: smtplib.SMTP
    if settings.tls:
        connection = smtplib.SMTP_SSL(
            settings.host, settings.port, timeout=_SERVER_ANSWERS_S, context=context
        )
    else:
        connection = smtplib.SMTP(settings.host, settings.port, timeout=_SERVER_ANSWERS_S)
    with connection:
        if not settings.tls:
            connection.starttls(context=context)
        if settings.username:
            connection.login(settings.username, _password(settings))
        connection.send_message(told)


def _password(settings: MailSettings) -> str:
    password = Path(settings.password_file).read_bytes().strip()
    if not password or not password.isascii():
        raise Wrong(
            Text(
                ru=f"в файле {settings.password_file} нет пароля из латинских букв, цифр и знаков",
                en=f"{settings.password_file} holds no password of ASCII characters",
            )
        )
    return password.decode()


class Mailer:
    """A thread that empties the queue; woken when there may be something in it."""

    def __init__(self, store: Store, settings: MailSettings, ledger_id: str) -> None:
        self._store = store
        self._settings = settings
        self._ledger_id = ledger_id
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="mailer", daemon=True)

    def start(self) -> None:
        """Begin with what an earlier process left in the queue."""
        self._thread.start()

    def wake(self) -> None:
        """There may be a new case."""
        self._wake.set()

    def stop(self) -> None:
        """End without waiting for a server that does not answer."""
        self._ended.set()
        self._wake.set()
        self._thread.join(timeout=0.5)

    def _run(self) -> None:
        pause = FIRST_PAUSE_S
        while not self._ended.is_set():
            if self._empty_queue():
                pause = FIRST_PAUSE_S
                self._wake.wait()
            else:
                # A server that is down is not asked again just because there is more to say.
                self._ended.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_S)
            self._wake.clear()

    def _empty_queue(self) -> bool:
        """Send all there is; False where it has to be tried again. Nothing ends the thread: a
        storage that is busy or a password file that is garbage may be mended meanwhile."""
        try:
            for case in self._store.read(lambda reading: Books(reading).cases_to_mail()):
                if self._ended.is_set():
                    return True
                told = message(self._settings, case, self._ledger_id)
                send(self._settings, told)
                self._delivered(case.case, told["Message-ID"])
        except KlyucharError as error:
            self._say(error.text)
            return False
        except (OSError, ValueError) as error:
            self._say(Text(ru=str(error), en=str(error)))
            return False
        except Exception:
            if not self._ended.is_set():
                raise
            # The storage was closed between a message and its record: it is sent once more.
        return True

    def _say(self, why: Text) -> None:
        told = Text(
            ru=f"Письма о делах пока не отправлены, попытки продолжаются. Сервер "
            f"{self._settings.host}:{self._settings.port}: {why.ru}",
            en=f"Mail about cases is not sent yet and will be tried again. Server "
            f"{self._settings.host}:{self._settings.port}: {why.en}",
        )
        print(f"{told.ru}\n{told.en}", file=sys.stderr, flush=True)

    def _delivered(self, case: int, message_id: str) -> None:
        def work(transaction: Transaction) -> None:
            origin = Origin(
                who="klyuchar", source="mailer", happened=dates.spelled(books_time(transaction))
            )
            record(transaction, origin, [MailDelivered(case=case, message_id=message_id)])

        self._store.write(work)
