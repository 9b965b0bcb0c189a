"""The live screen: each record as a person at the computer wants to read it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from datetime import datetime

from cli.wording import lines
from domain.events import Checkpoint, Judged, Missed
from domain.text import Text
from domain.verdict import Level
from journal.decode import Record

_COLOURS = {Level.ALLOW: "\033[1;32m", Level.WARN: "\033[1;33m", Level.DENY: "\033[1;31m"}
_PLAIN = "\033[0m"
_INDENT = " " * 10
_NARROWEST = 40


class Screen:
    """Prints to standard output: on a terminal wrapped, with a verdict's parts on lines of their
    own and its first one coloured; one line a record anywhere else."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._terminal = sys.stdout.isatty()

    def show(self, record: Record) -> None:
        """One record. Checkpoints only follow what was shown, and a carrier that is missed is
        told of when it is clear whether it was pulled."""
        if isinstance(record.event, Checkpoint | Missed):
            return
        local = datetime.fromisoformat(record.time).astimezone()
        first, *rest = [text.in_language(self._language) for text in lines(record)]
        first = f"{local:%H:%M:%S}  {first}"
        if not self._terminal:
            print(" ".join([first, *rest]), flush=True)
            return
        print("\n".join([_marked(record, _wrapped(first)), *map(_indented, rest)]), flush=True)

    def say(self, text: Text) -> None:
        """A word of the program itself."""
        words = text.in_language(self._language)
        print(_wrapped(words, indent="") if self._terminal else words, flush=True)


def _marked(record: Record, words: str) -> str:
    if isinstance(record.event, Judged):
        return f"{_COLOURS[record.event.verdict.level]}{words}{_PLAIN}"
    return words


def _indented(words: str) -> str:
    return _wrapped(f"{_INDENT}{words}")


def _wrapped(words: str, indent: str = _INDENT) -> str:
    """Lines that fit the terminal, with no sign torn from its number."""
    width = max(_NARROWEST, shutil.get_terminal_size().columns)
    kept = words.replace("№ ", "№\N{NO-BREAK SPACE}").replace("п. ", "п.\N{NO-BREAK SPACE}")
    return textwrap.fill(kept, width, subsequent_indent=indent, break_long_words=False)
