"""What a reader does with a card, whatever the card is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Card(Protocol):
    """A smart card: an answer to reset, then commands one at a time."""

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        ...

    def reset(self) -> None:
        """Power came or was reset: nothing verified, nothing selected."""
        ...

    def transmit(self, command: bytes, still_working: Callable[[], None]) -> bytes:
        """The answer to one command, the status word at its end.

        A long computation calls ``still_working`` now and then, as a card asks its reader for more
        time; what that raises ends the computation and leaves the card as it was.
        """
        ...
