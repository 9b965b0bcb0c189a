"""How the ledger's address is reached: which lines are private enough, and for how long.

Plain HTTP goes to this machine only; anywhere else the server has to prove who it is.
"""

from __future__ import annotations

import signal
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from domain.errors import Wrong
from domain.loopback import is_this_machine
from domain.text import Text

_SILENCE = httpx.Timeout(30.0, connect=10.0)
_LONGEST_QUOTE = 300


class TookTooLong(Exception):
    """The time for a question is over. No OSError: those have a meaning to the HTTP client."""


def connection(address: str, ca_file: str, token: str) -> httpx.Client:
    """A client for the ledger at ``address``; nothing is connected yet.

    ``address`` is "unix:/path", "http://127.0.0.1:port" or "https://host[:port]"; ``ca_file``
    replaces the system's authorities; ``token`` is the enrolled courier's, empty before. Raises
    Wrong where the settings can't be meant.
    """
    # Compressed, a small answer may hide an endless one.
    headers = {"accept-encoding": "identity"}
    if token:
        headers["authorization"] = f"Bearer {token}"
    if address.startswith("unix:"):
        transport = httpx.HTTPTransport(uds=address.removeprefix("unix:"))
        return httpx.Client(
            base_url="http://ledger", transport=transport, headers=headers, timeout=_SILENCE
        )
    _expect_private_line(address)
    return httpx.Client(
        base_url=address,
        headers=headers,
        timeout=_SILENCE,
        verify=_authorities(ca_file),
        trust_env=False,
    )


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """The kernel's, for the main thread; raises TookTooLong in it.

    A server that sends a byte now and then is never silent, and never done.
    """

    def late(number: int, frame: object) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def describe(address: str) -> str:
    """An address as it may be shown: without what stands before the host."""
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return printable(address.rpartition("@")[2])
    return f"{parts.scheme}:{parts.path}" if not host else parts.netloc.rpartition("@")[2]


def _authorities(ca_file: str) -> ssl.SSLContext:
    """The certificate authorities of ``ca_file``, or the system's own."""
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except OSError as error:
        raise Wrong(
            Text(
                ru=f"Файл удостоверяющих центров {ca_file} не прочитан: {error}. Исправьте "
                "настройку [courier] ca_file.",
                en=f"The file of certificate authorities {ca_file} could not be read: {error}. "
                "Mend the setting [courier] ca_file.",
            )
        ) from error


def _expect_private_line(address: str) -> None:
    """Raises Wrong where somebody on the way could read what goes to ``address``."""
    try:
        url = httpx.URL(address)
        private = url.scheme == "https" or (url.scheme == "http" and is_this_machine(url.host))
        if private and url.host and (url.port is None or 0 < url.port < 1 << 16):
            return
    except httpx.InvalidURL:
        pass
    raise Wrong(
        Text(
            ru=f"Адрес журнала учёта {describe(address)}: нужен https, без шифрования можно "
            "обращаться только к этому же компьютеру. Исправьте настройку [courier] ledger.",
            en=f"The ledger's address {describe(address)}: https is needed, without encryption "
            "only this machine may be spoken to. Mend the setting [courier] ledger.",
        )
    )


def printable(untrusted_text: str) -> str:
    """What a person may be shown of a text from the other side."""
    flat = " ".join(untrusted_text.split())[:_LONGEST_QUOTE]
    return "".join(character for character in flat if character.isprintable())
