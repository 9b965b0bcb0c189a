"""Lines that fit the terminal, and are left whole where there is none."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Sequence

_NARROWEST = 40
_SIGNS = ("№ ", "п. ", "No. ", "clause ")


def wrapped(words: str, indent: str = "") -> str:
    """Lines that fit, each after the first behind ``indent``; no sign is torn from its number."""
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    for sign in _SIGNS:
        words = words.replace(sign, sign.replace(" ", "\N{NO-BREAK SPACE}"))
    return textwrap.fill(
        words, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def out(words: str, indent: str = "") -> None:
    """Print ``words``, wrapped where standard output is a terminal."""
    print(wrapped(words, indent) if sys.stdout.isatty() else words)


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under headings; a table too wide for the terminal as a paragraph a row."""
    lines = [headings, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    if sys.stdout.isatty() and sum(widths) + 2 * len(widths) > shutil.get_terminal_size().columns:
        for row in rows:
            named = zip(headings, row, strict=True)
            out("; ".join(f"{heading}: {cell}" for heading, cell in named if cell), indent="    ")
        return
    for line in lines:
        padded = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(padded).rstrip())
