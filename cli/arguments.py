"""The command line's own words in Russian: argparse takes them from gettext, here from a table."""

from __future__ import annotations

import argparse
import sys
from datetime import date
from typing import NoReturn

from cli.dates import in_order

_RUSSIAN = {
    "usage: ": "как вызвать: ",
    "positional arguments": "что указать",
    "options": "ключи",
    "show this help message and exit": "показать эту справку",
    "%(prog)s: error: %(message)s\n": "%(prog)s: %(message)s\n",
    "argument %(argument_name)s: %(message)s": "%(argument_name)s: %(message)s",
    "the following arguments are required: %s": "не хватает: %s",
    "unrecognized arguments: %s": "лишнее или неизвестное: %s",
    "invalid choice: %(value)r (choose from %(choices)s)": "%(value)r нет; есть: %(choices)s",
    "invalid %(type)s value: %(value)r": "%(value)r сюда не подходит",
    "ambiguous option: %(option)s could match %(matches)s": "%(option)s — это %(matches)s?",
    "ignored explicit argument %r": "значение %r здесь не нужно",
    "expected one argument": "нужно одно значение",
    "expected at least one argument": "нужно хотя бы одно значение",
}


class Parser(argparse.ArgumentParser):
    """Shows all there is to choose from where a command lacks its second word."""

    def error(self, message: str) -> NoReturn:
        if self._subparsers is None:
            super().error(message)
        self.print_help(sys.stderr)
        self.exit(2, f"\n{self.prog}: {message}\n")


def speak(language: str) -> None:
    """Let argparse say its own words in ``language``; what it says in English stays its own."""
    words = {} if language == "en" else _RUSSIAN
    vars(argparse)["_"] = lambda message: words.get(message, message)


def whole_number(typed: str) -> int:
    """A whole number from 0 on."""
    if not typed.isdecimal():
        raise argparse.ArgumentTypeError(f"{typed!r} — не целое число (not a whole number)")
    return int(typed)


def day(typed: str) -> date:
    """A date."""
    try:
        return date.fromisoformat(in_order(typed))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{typed!r} — не дата: нужно ГГГГ-ММ-ДД (not a date, YYYY-MM-DD)"
        ) from None


def public_key(typed: str) -> bytes:
    """An Ed25519 public key in hexadecimal."""
    try:
        key = bytes.fromhex(typed)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise argparse.ArgumentTypeError(
            "нужны 64 шестнадцатеричные цифры (64 hexadecimal digits are needed)"
        )
    return key
