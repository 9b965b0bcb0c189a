"""The live screen: each record as a person at the computer wants to read it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from datetime import datetime

from cli.wording import line as wording
from domain.events import Checkpoint, Judged, Missed
from domain.verdict import Level
from journal.decode import Record

_COLOURS = {Level.ALLOW: "\033[32m", Level.WARN: "\033[33m", Level.DENY: "\033[31m"}
_PLAIN = "\033[0m"
_INDENT = " " * 10


class Screen:
    """Prints records to standard output, coloured and wrapped where that is a terminal."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._terminal = sys.stdout.isatty()

    def show(self, record: Record) -> None:
        """One record. Checkpoints only follow what was shown, and a carrier that is missed is
        told of when it is clear whether it was pulled."""
        if isinstance(record.event, Checkpoint | Missed):
            return
        local = datetime.fromisoformat(record.time).astimezone()
        text = f"{local:%H:%M:%S}  {wording(record).in_language(self._language)}"
        if self._terminal:
            text = self._for_terminal(record, text)
        print(text, flush=True)

    def _for_terminal(self, record: Record, text: str) -> str:
        width = max(40, shutil.get_terminal_size().columns)
        text = text.replace("№ ", "№\N{NO-BREAK SPACE}").replace("п. ", "п.\N{NO-BREAK SPACE}")
        wrapped = textwrap.fill(text, width, subsequent_indent=_INDENT, break_long_words=False)
        if isinstance(record.event, Judged):
            return f"{_COLOURS[record.event.verdict.level]}{wrapped}{_PLAIN}"
        return wrapped
