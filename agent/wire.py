"""The ledger as a workstation reaches it: HTTP over a unix socket or TCP, nothing believed.

Plain HTTP goes to this machine only; anywhere else the server has to prove who it is. Answers are
bounded in size and time, and one that is no answer is told as such, never as a traceback.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.record import Line

_LARGEST_ANSWER = 64 << 10
_TIMEOUT = httpx.Timeout(30.0, connect=10.0)
_HASH_DIGITS = 64
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})


class Wire:
    """A connection to the ledger at ``address``; a context manager.

    ``address`` is "unix:/path", "http://127.0.0.1:port" or "https://host[:port]"; ``ca_file``
    replaces the system's authorities; ``token`` is the enrolled courier's, empty before.
    """

    def __init__(self, address: str, ca_file: str = "", token: str = "") -> None:
        self._address = address
        headers = {"authorization": f"Bearer {token}"} if token else {}
        if address.startswith("unix:"):
            transport = httpx.HTTPTransport(uds=address.removeprefix("unix:"))
            self._http = httpx.Client(
                transport=transport, base_url="http://ledger", headers=headers, timeout=_TIMEOUT
            )
            return
        _refuse_open_line(address)
        self._http = httpx.Client(
            base_url=address,
            headers=headers,
            timeout=_TIMEOUT,
            verify=_context(ca_file) if ca_file else True,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def key(self) -> bytes:
        """The ledger's public key, as told: a person has to compare its fingerprint."""
        return self._hexadecimal(self._ask("GET", "/v1/key"), "public_key")

    def enrol(self, code: str, host: str, public_key: bytes) -> tuple[str, bytes]:
        """Show the one-time code; the courier's token and the ledger's key."""
        form = {"code": code, "host": host, "public_key": public_key.hex()}
        answer = self._ask("POST", "/v1/enrol", content=json.dumps(form).encode())
        token = answer.get("token")
        if not isinstance(token, str) or not token.isalnum():
            raise self._nonsense()
        return token, self._hexadecimal(answer, "ledger_key")

    def head(self, generation: str) -> tuple[int, bytes]:
        """The last record of this journal that the ledger has, 0 where none."""
        answer = self._ask("GET", "/v1/agent/head", generation=generation)
        return self._whole(answer, "seq"), self._hexadecimal(answer, "head")

    def post_lines(self, generation: str, lines: bytes) -> int:
        """Send whole lines; the last record that the ledger has now."""
        answer = self._ask("POST", "/v1/agent/journal", content=lines, generation=generation)
        return self._whole(answer, "seq")

    def report_missing(self, generation: str, first: Line) -> int:
        """The journal begins only at ``first``; the record before it."""
        prev = json.loads(first.raw)["prev"]
        form = json.dumps({"seq": first.seq, "prev": prev}).encode()
        self._ask("POST", "/v1/agent/breach", content=form, generation=generation)
        return first.seq - 1

    def report_shortened(self, generation: str, last: int) -> None:
        """The journal ends at ``last``, before what was acknowledged."""
        form = json.dumps({"seq": last}).encode()
        self._ask("POST", "/v1/agent/breach", content=form, generation=generation)

    def snapshot(self, tag: str, largest: int) -> tuple[str, bytes] | None:
        """The snapshot with its tag; None where ``tag`` is still the current one."""
        headers = {"if-none-match": f'"{tag}"'} if tag else {}
        with (
            self._asking(),
            self._http.stream("GET", "/v1/agent/snapshot", headers=headers) as answer,
        ):
            if answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            content = self._bounded(answer, largest)
            self._expect_success(answer, content)
            return answer.headers.get("etag", "").strip('"'), content

    def _ask(
        self, method: str, path: str, content: bytes | None = None, **query: str
    ) -> dict[str, Any]:
        with (
            self._asking(),
            self._http.stream(method, path, content=content, params=query) as answer,
        ):
            untrusted_content = self._bounded(answer, _LARGEST_ANSWER)
            if answer.status_code != httpx.codes.CONFLICT:
                self._expect_success(answer, untrusted_content)
        told = _object(untrusted_content)
        if told is None:
            raise self._nonsense()
        return told

    def _bounded(self, answer: httpx.Response, largest: int) -> bytes:
        untrusted_content = bytearray()
        for chunk in answer.iter_bytes():
            untrusted_content += chunk
            if len(untrusted_content) > largest:
                raise self._nonsense()
        return bytes(untrusted_content)

    def _expect_success(self, answer: httpx.Response, untrusted_content: bytes) -> None:
        if answer.is_success:
            return
        problem = _object(untrusted_content) or {}
        detail, english = problem.get("detail"), problem.get("en")
        where = describe(self._address)
        if answer.status_code in _TEMPORARY:
            raise CouldNotAsk(
                Text(
                    ru=f"Журнал учёта ({where}) сейчас не отвечает на запросы "
                    f"(код {answer.status_code}). Передача будет повторена.",
                    en=f"The ledger ({where}) can't answer now (code {answer.status_code}). "
                    "It will be asked again.",
                )
            )
        if not isinstance(detail, str) or not isinstance(english, str):
            raise self._nonsense()
        raise Wrong(
            Text(
                ru=f"Журнал учёта ({where}) отказал: {_printable(detail)}",
                en=f"The ledger ({where}) refused: {_printable(english)}",
            )
        )

    def _whole(self, answer: dict[str, Any], name: str) -> int:
        value = answer.get(name)
        if type(value) is not int or value < 0:
            raise self._nonsense()
        return value

    def _hexadecimal(self, answer: dict[str, Any], name: str) -> bytes:
        value = answer.get(name)
        if not isinstance(value, str) or len(value) != _HASH_DIGITS:
            raise self._nonsense()
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise self._nonsense() from None

    def _nonsense(self) -> Wrong:
        where = describe(self._address)
        return Wrong(
            Text(
                ru=f"По адресу {where} отвечает не журнал учёта, или ответ испорчен. Проверьте "
                "настройку [courier] ledger.",
                en=f"What answers at {where} is not a ledger, or the answer is damaged. Check the "
                "setting [courier] ledger.",
            )
        )

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            where = describe(self._address)
            raise CouldNotAsk(
                Text(
                    ru=f"Журнал учёта ({where}) недоступен: {error}. Записи целы и будут переданы "
                    "позже.",
                    en=f"The ledger ({where}) can't be reached: {error}. The records are safe and "
                    "will be sent later.",
                )
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._nonsense() from error


def describe(address: str) -> str:
    """An address as it may be shown: without what stands before the host."""
    parts = urlsplit(address)
    return f"{parts.scheme}:{parts.path}" if not parts.hostname else parts.netloc.rpartition("@")[2]


def _context(ca_file: str) -> Any:
    import ssl

    return ssl.create_default_context(cafile=ca_file)


def _refuse_open_line(address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme == "https" or (parts.scheme == "http" and _is_this_machine(parts.hostname)):
        return
    raise Wrong(
        Text(
            ru=f"Адрес журнала учёта {describe(address)}: нужен https, без шифрования можно "
            "обращаться только к этому же компьютеру. Исправьте настройку [courier] ledger.",
            en=f"The ledger's address {describe(address)}: https is needed, without encryption "
            "only this machine may be asked. Mend the setting [courier] ledger.",
        )
    )


def _is_this_machine(host: str | None) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False


def _object(untrusted_content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(untrusted_content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _printable(untrusted_text: str) -> str:
    flat = " ".join(untrusted_text.split())[:500]
    return "".join(character for character in flat if character.isprintable())
