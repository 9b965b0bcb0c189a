"""The ledger as the command line reaches it: HTTP over the officer's unix socket."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import httpx

from domain.errors import CouldNotAsk, Wrong
from domain.text import Text

_RETRY_S = 5.0


class LedgerClient:
    """Asks the ledger whose socket is ``path``; a context manager."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._http = httpx.Client(
            transport=httpx.HTTPTransport(uds=path), base_url="http://ledger", timeout=30
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, **query: str | int) -> Any:
        """The JSON at ``path``. Raises Wrong for a refusal, CouldNotAsk for silence."""
        with self._asking():
            return _told(self._http.get(path, params=query))

    def post(self, path: str, content: dict[str, Any]) -> Any:
        """Post JSON, get JSON. Raises as `get` does."""
        with self._asking():
            return _told(self._http.post(path, json=content))

    def command(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Give one command. Raises Wrong where it is refused.

        A connection that breaks on the way leaves open whether the ledger has done it: the same
        command is sent again under the same id, which the ledger never does twice.
        """
        content = {"type": kind, "id": uuid.uuid4().hex} | {
            name: value for name, value in fields.items() if value not in (None, "")
        }
        deadline = time.monotonic() + _RETRY_S
        while True:
            try:
                with self._asking():
                    answer: dict[str, Any] = _told(self._http.post("/v1/commands", json=content))
                    return answer
            except CouldNotAsk as error:
                if isinstance(error.__cause__, httpx.ConnectError) or time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def lines(self, path: str, **query: str | int) -> Iterator[bytes]:
        """The lines at ``path``, each with its line feed, as the ledger keeps them."""
        rest = b""
        with self._asking(), self._http.stream("GET", path, params=query) as answer:
            if not answer.is_success:
                answer.read()
                _told(answer)
            for chunk in answer.iter_bytes():
                *whole, rest = (rest + chunk).split(b"\n")
                yield from (line + b"\n" for line in whole)
        if rest:
            yield rest

    @contextmanager
    def _asking(self) -> Iterator[None]:
        try:
            yield
        except httpx.ConnectError as error:
            raise CouldNotAsk(_silent(self._path, error)) from error
        except (httpx.HTTPError, ValueError) as error:
            raise CouldNotAsk(
                Text(
                    ru=f"Связь с журналом учёта оборвалась ({error}). Повторите.",
                    en=f"The connection to the ledger broke ({error}). Try again.",
                )
            ) from error


def _silent(path: str, error: BaseException) -> Text:
    """Why nobody answers at ``path`` and what to do: the system's own error is at the bottom."""
    while error.__cause__ or error.__context__:
        error = error.__cause__ or error.__context__ or error
    if isinstance(error, PermissionError):
        return Text(
            ru=f"Журнал учёта не отвечает: нет прав на {path}. Ваша учётная запись должна входить "
            "в группу klyuchar-ledger.",
            en=f"The ledger does not answer: no right to use {path}. You have to be in the group "
            "klyuchar-ledger.",
        )
    if isinstance(error, FileNotFoundError | ConnectionRefusedError):
        return Text(
            ru=f"Журнал учёта не отвечает: он не запущен ({path}). Запустите его: systemctl start "
            "klyuchar-ledger, а показ — make run в другом окне.",
            en=f"The ledger does not answer: it is not running ({path}). Start it: systemctl start "
            "klyuchar-ledger, or the demonstration with make run in another window.",
        )
    return Text(
        ru=f"Журнал учёта не отвечает ({path}: {error}).",
        en=f"The ledger does not answer ({path}: {error}).",
    )


def _told(answer: httpx.Response) -> Any:
    try:
        content = answer.json()
        if answer.is_success:
            return content
        text = _refusal(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise not_understood(f"{answer.status_code} {answer.headers.get('server', '')}") from error
    if answer.status_code in {429, 502, 503}:
        raise CouldNotAsk(text)
    raise Wrong(text)


def _refusal(content: Any) -> Text:
    clause = f" (п. {content['clause']})" if content.get("clause") else ""
    return Text(
        ru=f"{content['title']}{clause}: {content['detail']}",
        en=f"Refused{clause.replace('п.', 'clause')}: {content.get('en', content['detail'])}",
    )


def not_understood(what: object) -> Wrong:
    """An answer that is none of a ledger's, or of one of another version."""
    return Wrong(
        Text(
            ru=f"Ответ не понят ({what}): на этом сокете отвечает не журнал учёта или он другой "
            "версии. Проверьте socket в [ledger] и обновите Ключарь.",
            en=f"The answer is not understood ({what}): what answers at this socket is no ledger, "
            "or one of another version. Check socket in [ledger] and update klyuchar.",
        )
    )
