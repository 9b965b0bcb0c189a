"""When to look again for what can't be seen and may come back without any message."""

from __future__ import annotations


class Retry:
    """Soon at first, then ever more rarely: a module that keeps failing costs little.

    ``first_s`` and ``longest_s`` are the shortest and the longest time between two tries.
    """

    def __init__(self, first_s: float, longest_s: float) -> None:
        self._first_s = first_s
        self._longest_s = longest_s
        self._pause_s = first_s
        self._next_at: float | None = None

    def is_due(self, needed: bool, now: float) -> bool:
        """Whether to try now; asked at every tick, with whether anything is missing at all."""
        if not needed:
            self._pause_s, self._next_at = self._first_s, None
            return False
        if self._next_at is None:
            self._next_at = now + self._pause_s
        if now < self._next_at:
            return False
        self._pause_s = min(2 * self._pause_s, self._longest_s)
        self._next_at = now + self._pause_s
        return True
