"""The ledger's lists as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cli.dates import here
from cli.ledger_installed import means_of
from cli.ledger_words import (
    MAKERS,
    REASONS,
    RECIPIENTS,
    ROLES,
    SEVERITIES,
    STANDINGS,
    refusal,
)
from cli.wording import printable
from domain.matters import about, matter
from domain.text import Text

HEADINGS: dict[str, tuple[Text, ...]] = {
    "/v1/people": (
        Text(ru="№", en="No"),
        Text(ru="Ф. И. О.", en="Name"),
        Text(ru="Должность", en="Post"),
        Text(ru="Приказ о допуске", en="Admitted by"),
        Text(ru="Учётные записи", en="Logins"),
    ),
    "/v1/workstations": (
        Text(ru="№", en="No"),
        Text(ru="Компьютер", en="Host"),
        Text(ru="Инв. №", en="Inventory"),
        Text(ru="Помещение", en="Place"),
        Text(ru="Принято записей", en="Records received"),
        Text(ru="Криптосредства", en="Cryptographic means"),
        Text(ru="Отпечаток ключа агента", en="Fingerprint of the agent's key"),
    ),
    "/v1/carriers": (
        Text(ru="№", en="No"),
        Text(ru="Изготовитель", en="Maker"),
        Text(ru="Модель", en="Model"),
        Text(ru="Заводской номер", en="Serial"),
        Text(ru="Документов", en="Documents"),
        Text(ru="Состояние", en="State"),
    ),
    "/v1/documents": (
        Text(ru="Учётный №", en="Number"),
        Text(ru="Экз.", en="Copy"),
        Text(ru="Наименование", en="Name"),
        Text(ru="Носитель", en="Carrier"),
        Text(ru="Состояние", en="Standing"),
        Text(ru="У кого", en="Holder"),
        Text(ru="Срок ключа", en="Key ends"),
    ),
    "/v1/cases": (
        Text(ru="Дело №", en="Case"),
        Text(ru="Важность", en="Severity"),
        Text(ru="Что", en="What"),
        Text(ru="Где", en="Where"),
        Text(ru="О чём", en="About"),
        Text(ru="Состояние", en="State"),
        Text(ru="Письма", en="Mail"),
    ),
    "/v1/absences": (
        Text(ru="№", en="No"),
        Text(ru="Кто", en="Who"),
        Text(ru="С", en="From"),
        Text(ru="По", en="To"),
        Text(ru="На месте с", en="Back since"),
        Text(ru="Основание", en="Ground"),
    ),
}


def row_of(path: str, row: Mapping[str, Any], language: str) -> list[str]:
    """The cells of one row of the list at ``path``; workstations tell what cases are about, so
    nothing in a cell commands a terminal."""
    return [printable(cell) for cell in _ROWS[path](row, language)]


def _person(row: Mapping[str, Any], language: str) -> list[str]:
    dated = Text(ru="от", en="of").in_language(language)
    order = f"{row['order']} {dated} {row['order_date']}" if row["order"] else "—"
    logins = ", ".join(f"{one['login']}@{one['realm']}" for one in row["logins"])
    return [str(row["person"]), row["name"], row["post"], order, logins]


def _workstation(row: Mapping[str, Any], language: str) -> list[str]:
    return [
        str(row["workstation"]),
        row["host"],
        row["inventory"],
        row["place"],
        str(row["received"]),
        means_of(row, language),
        row["fingerprint"],
    ]


def _carrier(row: Mapping[str, Any], language: str) -> list[str]:
    state = Text(ru="выбыл", en="retired") if row["retired"] else Text(ru="", en="")
    return [
        str(row["carrier"]),
        MAKERS[row["maker"]].in_language(language),
        row["model"],
        row["spelled"],
        str(row["documents"]),
        state.in_language(language),
    ]


def _document(row: Mapping[str, Any], language: str) -> list[str]:
    standing = STANDINGS[row["standing"]].in_language(language)
    if row["standing"] == "out-of-action":
        standing = f"{standing}: {REASONS[row['reason']].in_language(language)}"
    return [
        row["number"],
        str(row["copy"]),
        row["name"],
        f"№ {row['carrier']} {row['serial']}",
        standing,
        row["holder_name"] or "—",
        row["key_not_after"][:10] or "—",
    ]


def _case(row: Mapping[str, Any], language: str) -> list[str]:
    return [
        str(row["case"]),
        SEVERITIES[row["severity"]].in_language(language),
        matter(row["what"]).in_language(language),
        row["host"],
        about(row["subject"]),
        _state(row, language),
        "; ".join(_mailed(one, language) for one in row["mail"]) or "—",
    ]


def _state(row: Mapping[str, Any], language: str) -> str:
    if not row["open"]:
        return f"{Text(ru='закрыто', en='closed').in_language(language)}: {row['reason']}"
    if row["taken_by"]:
        taken = Text(ru="взято", en="taken").in_language(language)
        return f"{taken}: {row['taken_by']}, {here(row['taken_at'], language)}"
    return Text(ru="открыто", en="open").in_language(language)


def _mailed(one: Mapping[str, Any], language: str) -> str:
    """How far somebody was told, and since when they can't be."""
    words = [RECIPIENTS[one["role"]].in_language(language)]
    if one["count"]:
        words.append(f"{here(one['at'], language)} ({one['count']})")
    if one["failing"]:
        why = refusal(one["reply"], permanent=one["permanent"]).in_language(language)
        since = here(one["failing"], language)
        attempts = one["attempts"]
        failing = Text(
            ru=f"не отправлено с {since}, попыток {attempts}: {why}",
            en=f"not sent since {since}, {attempts} attempts: {why}",
        )
        words.append(failing.in_language(language))
    return " ".join(words)


def _absence(row: Mapping[str, Any], language: str) -> list[str]:
    return [
        str(row["absence"]),
        ROLES[row["role"]].in_language(language),
        row["first"],
        row["last"] or "—",
        row["back"] or "—",
        row["ground"],
    ]


_ROWS: dict[str, Callable[[Mapping[str, Any], str], list[str]]] = {
    "/v1/people": _person,
    "/v1/workstations": _workstation,
    "/v1/carriers": _carrier,
    "/v1/documents": _document,
    "/v1/cases": _case,
    "/v1/absences": _absence,
}
