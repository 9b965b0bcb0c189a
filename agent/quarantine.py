"""When a module that keeps failing may be asked again. No I/O, no clock."""

from __future__ import annotations

FAILURES = 3
FAILING_S = 10.0
"""So many failures in a row, and over so long, until a module is quarantined: one that crashes at
once fails four times in the second after a plug, where another second might have mended it."""

FIRST_PAUSE_S = 60.0
LONGEST_PAUSE_S = 3600.0


class Quarantine:
    """One module's failures in a row. Times are monotonic."""

    def __init__(self) -> None:
        self.answered()

    def answered(self) -> None:
        """The module could be asked: all is forgotten."""
        self.failures = 0
        self._since = 0.0
        self._pause_s = 0.0
        self._next_at: float | None = None
        self._lifted = False

    @property
    def begun(self) -> bool:
        """Whether the module is quarantined."""
        return self._next_at is not None

    def is_due(self, now: float) -> bool:
        """Whether a quarantined module is to be tried by the clock."""
        return self._next_at is not None and self._next_at <= now

    def allows(self, now: float) -> bool:
        """Whether the module may be asked now."""
        return not self.begun or self.is_due(now)

    def lift(self, now: float) -> None:
        """One try at once: what made it fail may be gone. Failing again, it waits as long as it
        would have."""
        if self.begun:
            self._next_at, self._lifted = now, True

    def failed(self, now: float) -> bool:
        """It could not be asked once more; True where the quarantine begins by that."""
        self.failures += 1
        if self.failures == 1:
            self._since = now
        begins = not self.begun
        if begins and (self.failures < FAILURES or now - self._since < FAILING_S):
            return False
        if not self._lifted:
            self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S) or FIRST_PAUSE_S
        self._next_at, self._lifted = now + self._pause_s, False
        return begins
