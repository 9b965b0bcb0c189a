"""The live screen: each record as a person at the computer wants to read it."""

from __future__ import annotations

import sys
from datetime import datetime

from cli.terminal import wrapped
from cli.wording import lines
from domain.events import Checkpoint, Judged, Missed
from domain.text import Text
from domain.verdict import Level
from journal.decode import Record

_COLOURS = {Level.ALLOW: "\033[1;32m", Level.WARN: "\033[1;33m", Level.DENY: "\033[1;31m"}
_PLAIN = "\033[0m"
_INDENT = " " * 10


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
        told = [text.in_language(self._language) for text in lines(record)]
        told[0] = f"{local:%H:%M:%S}  {told[0]}"
        if self._terminal:
            first, *rest = told
            told = [_marked(record, wrapped(first, _INDENT))]
            told += [wrapped(f"{_INDENT}{words}", _INDENT) for words in rest]
        print(*told, sep="\n" if self._terminal else " ", flush=True)

    def say(self, text: Text) -> None:
        """A word of the program itself."""
        words = text.in_language(self._language)
        # A terminal shows ^C where the cursor is: what is said takes its place.
        print(f"\r{wrapped(words)}" if self._terminal else words, flush=True)


def _marked(record: Record, words: str) -> str:
    if isinstance(record.event, Judged):
        return f"{_COLOURS[record.event.verdict.level]}{words}{_PLAIN}"
    return words
