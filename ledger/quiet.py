"""Quiet times: when people are not to be disturbed by mail.

They are times of the wall clock where the organisation is, and wall clocks are put forward and
back: so an instant is asked what the clock shows, and never the other way round.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Days of the week as settings name them, in the order of `datetime.weekday`."""
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuietTimes:
    """Quiet from ``begin`` to ``end`` of the clock in ``zone``, over midnight where the end is the
    earlier one, not at all where they are equal; and on whole ``days`` (0 is Monday)."""

    zone: tzinfo
    begin: time = time.min
    end: time = time.min
    days: frozenset[int] = frozenset()

    def holds(self, now: datetime) -> bool:
        """Whether it is quiet at the aware instant ``now``."""
        local = now.astimezone(self.zone)
        clock = local.time()
        if local.weekday() in self.days:
            return True
        if self.begin <= self.end:
            return self.begin <= clock < self.end
        return clock >= self.begin or clock < self.end

    def over(self, now: datetime) -> datetime:
        """The first instant from ``now`` on that is not quiet, in UTC: a whole minute, or ``now``.

        Raises ValueError where every instant is quiet; settings don't allow that.
        """
        if not self.holds(now):
            return now
        # Minute by minute: the clock's jumps need no arithmetic then. A week at most.
        instant = now.astimezone(UTC).replace(second=0, microsecond=0)
        for _ in range(8 * 24 * 60):
            instant += _MINUTE
            if not self.holds(instant):
                return instant
        raise ValueError("it is never over")


def hours(text: str) -> tuple[time, time] | None:
    """Begin and end of "20:00-08:00"; None where the text is no such thing."""
    found = _HOURS.fullmatch(text)
    if found is None:
        return None
    begin, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    return None if begin == end else (begin, end)
