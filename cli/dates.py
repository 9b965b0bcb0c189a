"""Dates and times as people here type and read them: 12.01.2026 as well as 2026-01-12."""

from __future__ import annotations

import re
from datetime import datetime

from domain.text import Text

_BY_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def in_order(typed: str) -> str:
    """A date typed by day, month, year in the order of ISO 8601; anything else as it is."""
    found = _BY_DAY.fullmatch(typed.strip())
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else typed


def here(time: str, language: str) -> str:
    """A record's time by the clock of this place; as it is written where it is no time."""
    form = "%Y-%m-%d %H:%M:%S" if language == "en" else "%d.%m.%Y %H:%M:%S"
    try:
        return datetime.fromisoformat(time).astimezone().strftime(form)
    except (ValueError, OverflowError):
        return ascii(time)


def ago(seconds: int) -> Text:
    """How long ago; a negative time says that a clock is wrong."""
    if seconds < 0:
        return Text(ru="позже, чем показывают часы", en="later than this clock shows")
    if seconds < _MINUTE:
        return Text(ru="только что", en="just now")
    if seconds < _HOUR:
        return Text(ru=f"{seconds // _MINUTE} мин назад", en=f"{seconds // _MINUTE} min ago")
    if seconds < _DAY:
        return Text(ru=f"{seconds // _HOUR} ч назад", en=f"{seconds // _HOUR} h ago")
    return Text(ru=f"{seconds // _DAY} сут назад", en=f"{seconds // _DAY} d ago")
