"""The command `klyuchar`: thin, each command's room is imported only when it runs."""

from __future__ import annotations

import argparse
import importlib
import os
import sys

from domain.errors import CouldNotAsk, KlyucharError

_COMMANDS = ("run", "demo", "status", "policy", "journal", "ledger", "enrol")
_COULD_NOT_ASK = 75
"""Exit code of "could not be asked, try later" (EX_TEMPFAIL of sysexits.h)."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = _parser().parse_args(arguments)
    try:
        code: int = args.run(args)
    except KlyucharError as error:
        print(error.text.in_language(args.language), file=sys.stderr)
        return _COULD_NOT_ASK if isinstance(error, CouldNotAsk) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="klyuchar",
        description="Ключарь: учёт ключевых носителей на рабочем месте и в журнале "
        "(accounting of key carriers).",
    )
    parser.add_argument(
        "--settings",
        metavar="ФАЙЛ",
        default=_default_settings(),
        help="файл настроек (settings file), сейчас: %(default)s",
    )
    parser.add_argument(
        "--language", choices=("ru", "en"), default=_language(), help="язык сообщений (language)"
    )
    commands = parser.add_subparsers(required=True, metavar="КОМАНДА")
    for name in _COMMANDS:
        importlib.import_module(f"cli.{name}").add(commands)
    return parser


def _default_settings() -> str:
    """The settings named by the environment, those of `make run` here, or the installed ones."""
    named = os.environ.get("KLYUCHAR_SETTINGS")
    here = "var/klyuchar.toml"
    return named or (here if os.path.exists(here) else "/etc/klyuchar/klyuchar.toml")


def _language() -> str:
    return "en" if os.environ.get("KLYUCHAR_LANGUAGE") == "en" else "ru"


if __name__ == "__main__":
    sys.exit(main())
