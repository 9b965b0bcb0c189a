"""What a workstation asks the ledger and how it understands the answers: nothing is believed.

Answers are bounded in size and time, and one that is no answer is told as such, never as a
traceback.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Self

import httpx

from agent.reach import TookTooLong, connection, deadline, describe, printable
from domain.errors import CouldNotAsk, Wrong
from domain.text import Text

ANSWER_S = 60.0
"""How long any question may take, from connecting to the last byte of its answer."""

SNAPSHOT_S = 600.0
"""The same for a snapshot: tens of megabytes over a line of a megabit a second."""

_LARGEST_ANSWER = 64 << 10
_HASH_DIGITS = 64
_TEMPORARY = frozenset({408, 429, 500, 502, 503, 504})
_TAG = re.compile(r'"([0-9A-Za-z:.+-]{1,100})"')


class Wire:
    """A connection to the ledger at ``address``; a context manager, for the main thread.

    See `reach.connection` for ``address``, ``ca_file`` and ``token``.
    """

    def __init__(self, address: str, ca_file: str = "", token: str = "") -> None:
        self._where = describe(address)
        self._http = connection(address, ca_file, token)

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
        if not isinstance(token, str) or not (token.isascii() and token.isalnum()):
            raise self._nonsense()
        return token, self._hexadecimal(answer, "ledger_key")

    def head(self, generation: str) -> int:
        """The last record of this journal that the ledger has, 0 where none."""
        return self._seq(self._ask("GET", "/v1/agent/head", generation=generation))

    def post_lines(self, generation: str, lines: bytes) -> int:
        """Send whole lines; the last record that the ledger has now."""
        answer = self._ask("POST", "/v1/agent/journal", content=lines, generation=generation)
        return self._seq(answer)

    def report_gap(self, generation: str, seq: int, prev: bytes) -> int:
        """What lies before record ``seq``, which names ``prev``, is gone; where to go on."""
        return self._report(generation, what="gap", seq=seq, prev=prev.hex())

    def report_truncated(self, generation: str, seq: int) -> int:
        """The journal ends at ``seq``, before what was acknowledged; where to go on."""
        return self._report(generation, what="truncated", seq=seq)

    def report_unreadable(self, generation: str, seq: int) -> None:
        """Where record ``seq`` should stand there is something else."""
        self._report(generation, what="unreadable", seq=seq)

    def snapshot(self, tag: str, largest: int, file: BinaryIO) -> str | None:
        """Write the snapshot to ``file``; its tag, or None where ``tag`` is still the current
        one (and nothing was written)."""
        quoted = f'"{tag}"'
        headers = {"if-none-match": quoted} if _TAG.fullmatch(quoted) else {}
        with (
            self._asking(SNAPSHOT_S),
            self._http.stream("GET", "/v1/agent/snapshot", headers=headers) as answer,
        ):
            if headers and answer.status_code == httpx.codes.NOT_MODIFIED:
                return None
            if not answer.is_success:
                raise self._refusal(answer, b"".join(self._chunks(answer, _LARGEST_ANSWER)))
            for untrusted_chunk in self._chunks(answer, largest):
                file.write(untrusted_chunk)
            found = _TAG.fullmatch(answer.headers.get("etag", ""))
        return found[1] if found else ""

    def _report(self, generation: str, **form: str | int) -> int:
        content = json.dumps(form).encode()
        return self._seq(
            self._ask("POST", "/v1/agent/breach", content=content, generation=generation)
        )

    def _ask(
        self, method: str, path: str, content: bytes | None = None, **query: str
    ) -> dict[str, Any]:
        with (
            self._asking(ANSWER_S),
            self._http.stream(method, path, content=content, params=query) as answer,
        ):
            untrusted_content = b"".join(self._chunks(answer, _LARGEST_ANSWER))
        if not answer.is_success:
            raise self._refusal(answer, untrusted_content)
        told = _object(untrusted_content)
        if told is None:
            raise self._nonsense()
        return told

    def _chunks(self, answer: httpx.Response, largest: int) -> Iterator[bytes]:
        size = 0
        for untrusted_chunk in answer.iter_raw():
            size += len(untrusted_chunk)
            if size > largest:
                raise self._nonsense()
            yield untrusted_chunk

    def _refusal(self, answer: httpx.Response, untrusted_content: bytes) -> Wrong | CouldNotAsk:
        problem = _object(untrusted_content) or {}
        detail, english = problem.get("detail"), problem.get("en")
        if answer.status_code in _TEMPORARY:
            return CouldNotAsk(
                Text(
                    ru=f"Журнал учёта ({self._where}) сейчас не отвечает на запросы "
                    f"(код {answer.status_code}). Передача будет повторена.",
                    en=f"The ledger ({self._where}) can't answer now (code {answer.status_code}). "
                    "It will be asked again.",
                )
            )
        if not isinstance(detail, str) or not isinstance(english, str):
            return self._nonsense()
        return Wrong(
            Text(
                ru=f"Журнал учёта ({self._where}) отказал: {printable(detail)}",
                en=f"The ledger ({self._where}) refused: {printable(english)}",
            )
        )

    def _seq(self, answer: dict[str, Any]) -> int:
        value = answer.get("seq")
        if type(value) is not int or not 0 <= value < 1 << 53:
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
        return Wrong(
            Text(
                ru=f"По адресу {self._where} отвечает не журнал учёта, или ответ испорчен. "
                "Проверьте настройку [courier] ledger.",
                en=f"What answers at {self._where} is not a ledger, or the answer is damaged. "
                "Check the setting [courier] ledger.",
            )
        )

    @contextmanager
    def _asking(self, patience_s: float) -> Iterator[None]:
        try:
            with deadline(patience_s):
                yield
        except TookTooLong as error:
            raise self._unreachable(
                Text(ru="ответ тянется слишком долго", en="the answer takes too long")
            ) from error
        except httpx.TransportError as error:
            told = printable(str(error)).rstrip(".") or type(error).__name__
            if isinstance(error, httpx.RemoteProtocolError):
                why = Text(
                    ru=f"связь оборвалась, или там не журнал учёта ({told})",
                    en=f"the connection broke, or no ledger is there ({told})",
                )
                raise self._unreachable(why) from error
            raise self._unreachable(Text(ru=told, en=told)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise self._nonsense() from error

    def _unreachable(self, why: Text) -> CouldNotAsk:
        return CouldNotAsk(
            Text(
                ru=f"Журнал учёта ({self._where}) недоступен: {why.ru}. Записи целы и будут "
                "переданы позже.",
                en=f"The ledger ({self._where}) can't be reached: {why.en}. The records are safe "
                "and will be sent later.",
            )
        )


def _object(untrusted_content: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(untrusted_content)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
