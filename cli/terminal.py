"""Lines that fit the terminal, and are left whole where there is none."""

from __future__ import annotations

import shutil
import sys
import textwrap

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
