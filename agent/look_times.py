"""When the slots are read again after something changed. No clock."""

from __future__ import annotations

LOOKS_AFTER_S = (0.2, 0.5, 1.0, 1.5, 2.5, 4.0, 7.0, 12.0)
"""When the slots are read again after a change on the bus, beside at once. The last are for tokens
that wake late on a slow machine."""

ENOUGH_LOOKS_S = 1.0
"""After this long no further look is made unless something is still waited for: pcscd shows and
drops a reader within 0.5 s, some tokens need 1.5 s to wake."""


class LookTimes:
    """The looks that are still to come. Times are monotonic."""

    def __init__(self) -> None:
        self._at: list[float] = []
        self._enough_at = 0.0

    @property
    def next_at(self) -> float | None:
        """When `is_due` wants to be asked."""
        return self._at[0] if self._at else None

    def changed(self, now: float) -> None:
        """Something changed on the bus: begin anew."""
        self._at = [now + after for after in LOOKS_AFTER_S]
        self._enough_at = now + ENOUGH_LOOKS_S

    def once_more(self, at: float) -> None:
        """One more look at that time, unless others are still to come."""
        self._at = self._at or [at]

    def is_due(self, now: float, settled: bool) -> bool:
        """Whether to look now; ``settled``: nothing is waited for, so that no more are needed."""
        if not self._at or self._at[0] > now:
            return False
        needed = now < self._enough_at or not settled
        self._at = [at for at in self._at if at > now] if needed else []
        return needed
