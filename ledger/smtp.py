"""Handing one message to a mail server: by TLS or not at all, and with an end to patience."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from domain.errors import Wrong
from domain.text import Text
from ledger.settings import MailSettings

_ANSWERS_S = 30.0
"""How long the server may take to connect, or for one piece of an answer."""
_SESSION_S = 120.0
"""How long it may take for all it has to say, whatever the pieces."""
_LONGEST_SAID = 64 << 10
_MOST_SHOWN = 200
_PERMANENT = range(500, 600)
_TAKEN = range(200, 300)


class NotTaken(smtplib.SMTPResponseException):
    """The server, to which all else was well, did not take this message."""


class AddressRefused(NotTaken):
    """The server will never take anything for this address (a reply of 5xx to it)."""


def send(settings: MailSettings, to: str, told: EmailMessage) -> int:
    """Hand the message for ``to`` to the server; the code it took it with.

    Raises NotTaken where it did not, AddressRefused where it never will, OSError (smtplib's errors
    are such) where it was not reached or could not prove who it is, Wrong where the password can't
    be meant. Nothing is ever sent without TLS to a server with a valid certificate.
    """
    context = ssl.create_default_context(cafile=settings.ca_file or None)
    with _connection(settings, context) as connection:
        if not settings.tls:
            connection.starttls(context=context)
        if settings.username:
            connection.login(settings.username, _password(settings))
        connection.ehlo_or_helo_if_needed()
        return _hand_over(connection, settings.sender, to, told)


def _hand_over(connection: smtplib.SMTP, sender: str, to: str, told: EmailMessage) -> int:
    _expect(connection.mail(sender))
    reply, words = connection.rcpt(to)
    if reply in _PERMANENT:
        raise AddressRefused(reply, words[:_MOST_SHOWN])
    _expect((reply, words))
    try:
        return _expect(connection.data(told.as_bytes(policy=SMTP)))
    except smtplib.SMTPDataError as error:
        raise NotTaken(error.smtp_code, error.smtp_error[:_MOST_SHOWN]) from error


def _expect(said: tuple[int, bytes]) -> int:
    reply, words = said
    if reply not in _TAKEN:
        raise NotTaken(reply, words[:_MOST_SHOWN])
    return reply


class _Patience:
    """What is read of a server's answers: neither more nor longer than anybody has to say.

    Byte by byte, so that the time is looked at between any two of them.
    """

    def __init__(self, connection: socket.socket, until: float) -> None:
        self._connection = connection
        self._until = until
        self._left = _LONGEST_SAID

    def readline(self, limit: int) -> bytes:
        """A line, or ``limit`` bytes of it; b"" at the end. Raises TimeoutError."""
        line = bytearray()
        while len(line) < limit and not line.endswith(b"\n"):
            if time.monotonic() > self._until or not self._left:
                raise TimeoutError("the server talks without end")
            byte = self._connection.recv(1)
            if not byte:
                break
            line += byte
            self._left -= 1
        return bytes(line)

    def close(self) -> None:
        """The connection is closed by whoever opened it."""


class _Patient(smtplib.SMTP):
    """smtplib reads answers as long as they come; this one has a deadline."""

    _until = 0.0

    def getreply(self) -> tuple[int, bytes]:
        self._until = self._until or time.monotonic() + _SESSION_S
        if self.file is None and self.sock is not None:
            self.file = _Patience(self.sock, self._until)
        return super().getreply()


class _PatientTls(_Patient, smtplib.SMTP_SSL):
    """The same, with TLS from the start."""


def _connection(settings: MailSettings, context: ssl.SSLContext) -> smtplib.SMTP:
    host, port = settings.host, settings.port
    if settings.tls:
        return _PatientTls(host, port, timeout=_ANSWERS_S, context=context)
    return _Patient(host, port, timeout=_ANSWERS_S)


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
