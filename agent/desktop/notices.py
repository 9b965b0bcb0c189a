"""What a notification says: what happened, to which carrier, what to do now.

Nothing is said of a carrier that may be used: nobody is to be nagged for working.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from domain.matters import about, matter
from domain.text import Text

LONGEST = 600
"""Characters of a body; more is no sentence of ours."""


class Urgency(IntEnum):
    """Of the Desktop Notifications Specification; a critical one stays until it is closed."""

    LOW = 0
    NORMAL = 1
    CRITICAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Plain text, without markup."""

    summary: str
    body: str
    urgency: Urgency


_HEADS = {
    "deny": (Text(ru="Носителем пользоваться нельзя", en="Do not use this carrier"), 2),
    "warn": (Text(ru="Внимание: ключевой носитель", en="Attention: key carrier"), 1),
}
_CASES = {
    "alarm": (Text(ru="Тревога", en="Alarm"), 2),
    "deny": (Text(ru="Нарушение", en="Violation"), 2),
    "warn": (Text(ru="Внимание", en="Attention"), 1),
}


def of_verdict(verdict: Mapping[str, str], language: str) -> Notice | None:
    """The notice for a verdict as the bus told it; None where nothing is to be said."""
    if (head := _HEADS.get(verdict.get("level", ""))) is None:
        return None
    tongue = "en" if language == "en" else "ru"
    told = (verdict.get(f"{what}_{tongue}", "") for what in ("carrier", "reason", "advice"))
    summary, urgency = head
    return _notice(
        summary.in_language(language),
        " ".join(_sentence(words) for words in told if words),
        urgency,
    )


def of_case(case: Mapping[str, Any], language: str) -> Notice:
    """The notice for an open case of the ledger."""
    number, host = case.get("case", ""), case.get("host", "")
    what = matter(str(case.get("what", ""))).in_language(language)
    severity, urgency = _CASES.get(str(case.get("severity")), _CASES["warn"])
    summary = Text(ru=f"Дело № {number}: {severity.ru}", en=f"Case {number}: {severity.en}")
    where = Text(ru=f"Рабочее место {host}", en=f"Workstation {host}").in_language(language)
    subject = about(str(case.get("subject", "")))
    body = ". ".join(part for part in (_capital(what), where if host else "", subject) if part)
    return _notice(summary.in_language(language), f"{body}.", urgency)


def with_holders(notice: Notice, names: Sequence[str], language: str) -> Notice:
    """The same with the programs that may have taken the reader."""
    if not names:
        return notice
    listed = ", ".join(names[:3])
    more = Text(
        ru=f"Считыватель могла занять программа: {listed}. Закройте её и вставьте носитель снова.",
        en=f"A program may have taken the reader: {listed}. Close it and plug the carrier again.",
    ).in_language(language)
    return _notice(notice.summary, f"{notice.body} {more}", notice.urgency)


def _notice(summary: str, body: str, urgency: int) -> Notice:
    return Notice(summary=_flat(summary), body=_flat(body)[:LONGEST], urgency=Urgency(urgency))


def _sentence(words: str) -> str:
    return words if not words or words.endswith((".", "!", "?", "…")) else f"{words}."


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _flat(words: str) -> str:
    """One line of what can be printed: devices tell their own names."""
    flat = " ".join(words.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
