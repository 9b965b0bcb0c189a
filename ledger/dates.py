"""Dates as people and devices write them, brought to the form the ledger keeps."""

from __future__ import annotations

from datetime import UTC, date, datetime


def day(untrusted_text: str) -> str | None:
    """YYYY-MM-DD, None where the text is no such date."""
    try:
        return date.fromisoformat(untrusted_text).isoformat()
    except ValueError:
        return None


def instant(untrusted_text: str) -> str | None:
    """An RFC 3339 instant in UTC with whole seconds, None where the text is none.

    An instant without an offset is none: nobody knows whose clock it was.
    """
    try:
        moment = datetime.fromisoformat(untrusted_text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return spelled(moment)


def happened(untrusted_text: str, now: datetime) -> str | None:
    """When something happened: a day, an instant, or ``now`` where nothing was said."""
    if not untrusted_text:
        return spelled(now)
    if len(untrusted_text) == len("2026-11-24"):
        return day(untrusted_text)
    return instant(untrusted_text)


def spelled(moment: datetime) -> str:
    """An aware instant as the ledger keeps it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def now_utc() -> datetime:
    """This machine's clock."""
    return datetime.now(UTC)
