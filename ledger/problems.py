"""Refusals and errors as RFC 9457 problem details: Russian first, English beside it."""

from __future__ import annotations

import msgspec
from starlette.responses import Response

from domain.text import Text

_TITLES = {
    400: "Запрос не понят",
    401: "Доступ не подтверждён",
    403: "Нет доступа",
    404: "Не найдено",
    405: "Так обратиться нельзя",
    409: "Противоречит уже записанному",
    413: "Слишком большой запрос",
    422: "Отказано",
    500: "Ошибка программы",
    503: "Сейчас недоступно",
}


class Problem(Exception):
    """Raised anywhere below a route: becomes the answer."""

    def __init__(self, status: int, text: Text, clause: str = "", **members: object) -> None:
        super().__init__(text.en)
        self.status = status
        self.text = text
        self.clause = clause
        self.members = members

    def response(self) -> Response:
        """The problem as an answer. ``clause`` is left out where none applies."""
        content: dict[str, object] = {
            "title": _TITLES.get(self.status, "Ошибка"),
            "status": self.status,
            "detail": self.text.ru,
            "en": self.text.en,
        }
        if self.clause:
            content["clause"] = self.clause
        return Response(
            msgspec.json.encode(content | self.members),
            status_code=self.status,
            media_type="application/problem+json",
        )
