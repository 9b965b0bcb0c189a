"""The command `klyuchar`: thin, each command's room is imported only when it runs."""

from __future__ import annotations

import argparse
import importlib
import io
import os
import sys

from cli.arguments import Parser, speak
from domain.because import because
from domain.errors import CouldNotAsk, KlyucharError
from domain.text import Text

_COMMANDS = ("run", "demo", "status", "policy", "journal", "ledger", "enrol", "config", "doctor")
_OF_MAKE_RUN = "var/klyuchar.toml"
_COULD_NOT_ASK = 75
"""Exit code of "could not be asked, try later" (EX_TEMPFAIL of sysexits.h)."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code."""
    _print_in_any_locale()
    args = _parsed(sys.argv[1:] if arguments is None else arguments)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except KlyucharError as error:
        print(error.text.in_language(args.language), file=sys.stderr)
        return _COULD_NOT_ASK if isinstance(error, CouldNotAsk) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        print(_refused(error).in_language(args.language), file=sys.stderr)
        return _COULD_NOT_ASK
    return code


def _print_in_any_locale() -> None:
    """A terminal without our letters gets "?" for them, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _parsed(arguments: list[str]) -> argparse.Namespace:
    first = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    first.add_argument("--language", nargs="?")
    language = first.parse_known_args(arguments)[0].language or _language()
    speak(language)
    return command_line().parse_args(arguments)


def command_line() -> argparse.ArgumentParser:
    """The parser of every command: manual pages and completion are drawn from it too."""
    parser = Parser(
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
    """The settings named by the environment, those of `make run` here or beside the virtual
    environment that this command is in, or the installed ones."""
    if named := os.environ.get("KLYUCHAR_SETTINGS"):
        return named
    beside = os.path.join(os.path.dirname(sys.prefix), _OF_MAKE_RUN)
    found = [path for path in (_OF_MAKE_RUN, beside) if os.path.exists(path)]
    return found[0] if found else "/etc/klyuchar/klyuchar.toml"


def _language() -> str:
    return "en" if os.environ.get("KLYUCHAR_LANGUAGE") == "en" else "ru"


def _refused(error: OSError) -> Text:
    """What no command expected of the system, with the file it is about."""
    why, what = because(error), error.filename or ""
    return Text(
        ru=f"Не получилось: {what} — {why.ru}. Проверьте путь, место на диске и права: состояние "
        "рабочего места читают администратор и группа klyuchar.",
        en=f"It failed: {what} — {why.en}. Check the path, the disk and your rights: root and the "
        "group klyuchar read the workstation's state.",
    )


if __name__ == "__main__":
    sys.exit(main())
