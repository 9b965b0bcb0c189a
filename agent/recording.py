"""The journal as the agent writes it: what the disk refuses is counted, and told when it can.

Nothing that was not recorded is told to anybody: everybody is told by reading the journal. While
the disk refuses, the agent goes on watching and looks afresh once it can record again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from agent.snapshot import now_utc
from domain.events import Event, Unrecorded
from domain.text import Text
from journal.signing import Signer
from journal.writer import CouldNotRecord, Journal, Tampered

QUIET_S = 0.5
"""How long nothing must be recorded before the head is signed and journald told."""

SAID_AGAIN_S = 900.0
"""How often a disk that goes on refusing is complained of."""


class Recorder:
    """Appends to ``journal``. ``failing`` while the disk refuses; then `recover` is to be tried.

    ``quiet_at`` is when nothing will have been recorded for a while, None after `checkpoint`.
    """

    def __init__(self, journal: Journal, signer: Signer) -> None:
        self._journal = journal
        self._signer = signer
        self.quiet_at: float | None = None
        self._missed = 0
        self._since = ""
        self._why = Text(ru="", en="")
        self._said_at = 0.0

    @property
    def failing(self) -> bool:
        return bool(self._since)

    def record(self, *events: Event) -> None:
        """Record ``events``, or count them where the disk refuses. Raises Tampered where somebody
        changed the journal under us: waiting does not mend that."""
        if not events:
            return
        self._try_to_append(events)
        self.quiet_at = time.monotonic() + QUIET_S

    def checkpoint(self) -> None:
        """Sign the head, where the disk takes anything."""
        self.trying(lambda: self._journal.checkpoint(self._signer))
        self.quiet_at = None

    def trying(self, act: Callable[[], None]) -> None:
        """Do what records of itself, where the disk takes anything; else no event is missed."""
        if self.failing:
            return
        try:
            act()
        except Tampered:
            raise
        except CouldNotRecord as error:
            self._refused(error)

    def recover(self) -> bool:
        """Whether there is room again after an outage: then what was missed is on record."""
        missed = Unrecorded(count=self._missed, since=self._since, reason=self._why.ru)
        try:
            self._journal.append(missed)
        except Tampered:
            raise
        except CouldNotRecord:
            if time.monotonic() >= self._said_at + SAID_AGAIN_S:
                self._complain()
            return False
        self._missed, self._since = 0, ""
        _say(
            Text(
                ru=f"Запись в журнал возобновлена. Не записано событий: {missed.count}.",
                en=f"Recording goes on. Events that could not be recorded: {missed.count}.",
            )
        )
        return True

    def _try_to_append(self, events: tuple[Event, ...]) -> None:
        if not self.failing:
            try:
                self._journal.append(*events)
                return
            except Tampered:
                raise
            except CouldNotRecord as error:
                self._refused(error)
        self._missed += len(events)

    def _refused(self, error: CouldNotRecord) -> None:
        self._since = now_utc().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        self._why = error.text
        self._complain()

    def _complain(self) -> None:
        self._said_at = time.monotonic()
        _say(self._why)


def _say(text: Text) -> None:
    """To standard error, which journald keeps: the journal itself is what fails."""
    print(f"{text.ru}\n{text.en}", file=sys.stderr, flush=True)
