"""The small tree of errors.

Two roots, because the difference decides what a person does next: the other side is *wrong*
(refuse, and say why), or it *could not be asked* (keep what we know, and try again).
"""

from __future__ import annotations

from domain.text import Text


class KlyucharError(Exception):
    """Anything klyuchar tells a person about: what happened and what to do now."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


class Wrong(KlyucharError):
    """The input, file or peer is wrong: asking again gives the same answer."""


class CouldNotAsk(KlyucharError):
    """Nothing is known: unreachable, unreadable, out of time. Never to be read as "no"."""
