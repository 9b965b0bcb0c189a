"""A real SMTP server with TLS that keeps what it takes, and refuses what a test tells it to."""

from __future__ import annotations

import email
import email.policy
import socket
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session

from tests.authority import Authority


class PostOffice:
    """Started by entering it; ``messages`` are those that it took, in order.

    ``starttls`` and ``tls`` are how it speaks; ``login`` is the only one it lets in; ``host`` is
    whom its certificate names. Without TLS it takes what comes in the clear. A reply in ``replies``
    is given once instead of taking a message. ``refusing`` are addresses and what it says to them.
    """

    def __init__(
        self,
        directory: Path,
        *,
        starttls: bool = True,
        tls: bool = False,
        login: tuple[str, str] | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.authority = Authority(directory)
        self.port = _free_port()
        self.messages: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.replies: list[str] = []
        self.refusing: dict[str, str] = {}
        self._tls = tls
        self._context = self.authority.context(host)
        self._options: dict[str, Any] = {}
        if starttls and not tls:
            self._options |= {"tls_context": self._context, "require_starttls": True}
        if login is not None:
            self._options |= {
                "auth_required": True,
                "auth_require_tls": not tls,
                "authenticator": lambda server, session, envelope, mechanism, given: AuthResult(
                    success=given == LoginPassword(*(part.encode() for part in login)),
                    handled=False,
                ),
            }
        self._controller: Controller | None = None

    def settings(self, **changes: object) -> str:
        """The table [ledger.mail] that finds this server."""
        table: dict[str, object] = {
            "to": "responsible@example.org",
            "sender": "klyuchar@example.org",
            "host": "127.0.0.1",
            "port": self.port,
            "ca_file": str(self.authority.ca_file),
        }
        if self._tls:
            table |= {"tls": True, "starttls": False}
        return "".join(f"{name} = {_toml(value)}\n" for name, value in (table | changes).items())

    def open(self) -> None:
        """Begin to listen."""
        self._controller = Controller(
            self, hostname="127.0.0.1", port=self.port, ssl_context=self._ssl(), **self._options
        )
        self._controller.start()

    def close(self) -> None:
        """No more."""
        if self._controller is not None:
            self._controller.stop()
            self._controller = None

    def __enter__(self) -> PostOffice:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def handle_RCPT(  # noqa: N802  (the name is aiosmtpd's)
        self,
        server: object,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """What aiosmtpd calls for each recipient."""
        if address in self.refusing:
            return self.refusing[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 known"

    async def handle_DATA(  # noqa: N802  (the name is aiosmtpd's)
        self, server: object, session: Session, envelope: Envelope
    ) -> str:
        """What aiosmtpd calls for each message."""
        if self.replies:
            return self.replies.pop(0)
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 taken"

    def _ssl(self) -> ssl.SSLContext | None:
        return self._context if self._tls else None


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
