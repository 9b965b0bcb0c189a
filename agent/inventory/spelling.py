"""Words of other programs' files, made fit for the inventory: printable, on one line, bounded."""

from __future__ import annotations

from domain.inventory import LONGEST_TEXT


def fit(untrusted_text: str) -> str:
    """The text with what can't be printed replaced, cut to what an inventory may hold."""
    flat = " ".join(untrusted_text.split())[:LONGEST_TEXT]
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)


def why(source: str, error: OSError) -> str:
    """That ``source`` could not be asked, and the reason."""
    return fit(f"{source}: {error.strerror or error}")
