"""Questions at the terminal, for what a command still lacks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from domain.errors import Wrong
from domain.text import Text


def ask(question: Text, language: str, *, missing: str, required: bool = True) -> str:
    """One line from the person at the terminal; asked again while it is empty but required.

    Raises Wrong where nobody is there to ask: ``missing`` names the argument to give instead.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        if not required:
            return ""
        raise Wrong(Text(ru=f"Не хватает: {missing} ({question.ru}).", en=f"Missing: {missing}."))
    while True:
        print(question.in_language(language), end=": ", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise Wrong(
                Text(
                    ru="Ввод прерван, ничего не записано.", en="Input ended, nothing was recorded."
                )
            )
        if answer := line.strip():
            return answer
        if not required:
            return ""


def choose(question: Text, choices: Sequence[Text], language: str, *, missing: str) -> int:
    """Which of ``choices``, from 0 on, by its number. Raises Wrong as `ask` does."""
    lines = [question.in_language(language)]
    lines += [f"  {n}. {c.in_language(language)}" for n, c in enumerate(choices, start=1)]
    which = Text(ru=f"Выберите, 1–{len(choices)}", en=f"Choose, 1–{len(choices)}")
    prompt = "\n".join([*lines, which.in_language(language)])
    while True:
        answer = ask(Text(ru=prompt, en=prompt), language, missing=missing)
        if answer.isdecimal() and 1 <= int(answer) <= len(choices):
            return int(answer) - 1


def pick(question: Text, choices: Mapping[str, Text], language: str, *, missing: str) -> str:
    """Which key of ``choices``. Raises Wrong as `ask` does."""
    chosen = choose(question, list(choices.values()), language, missing=missing)
    return list(choices)[chosen]
