"""The manual pages as they are installed: what a person can get wrong is not written twice.

    python3 debian/manual.py DIRECTORY

A page in debian/man has marks where its long part goes: the commands come from the parser of the
command line, the settings from the commented settings file.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from cli.main import command_line  # noqa: E402  (from where we are, installed or not)

_MARK = re.compile(r'^\.\\" (COMMANDS|SETTINGS)(.*)\n', re.MULTILINE)
_SETTING = re.compile(r"(?:# )?(\w+ = .*)")
_TABLE = re.compile(r"(?:# )?(\[[\w.]+\])")


def main(directory: Path) -> None:
    """Write every page to ``directory``."""
    directory.mkdir(parents=True, exist_ok=True)
    for page in sorted((ROOT / "debian" / "man").iterdir()):
        (directory / page.name).write_text(_MARK.sub(_part, page.read_text()))


def _part(mark: re.Match[str]) -> str:
    if mark[1] == "SETTINGS":
        return "\n".join(_settings((ROOT / "debian" / "klyuchar.toml").read_text())) + "\n"
    words, *without = mark[2].strip().split(" without ")
    found = _commands(command_line(), "klyuchar")
    return (
        "\n".join(
            line
            for command, lines in found
            if f"{command} ".startswith(f"{words} ")
            if not any(f"{command} ".startswith(f"{other} ") for other in without)
            for line in lines
        )
        + "\n"
    )


def _commands(
    parser: argparse.ArgumentParser, words: str, purpose: str = ""
) -> Iterator[tuple[str, list[str]]]:
    """Each command that does something, with its lines: what it is for and its options."""
    groups = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    for group in groups:
        helps = {one.dest: one.help or "" for one in group._choices_actions}
        for name, part in group.choices.items():
            yield from _commands(part, f"{words} {name}", helps.get(name, ""))
    if not groups:
        yield words, [".TP", f".B {_roff(words)}", _roff(purpose), *_options(parser)]


def _options(parser: argparse.ArgumentParser) -> list[str]:
    lines = [".RS"]
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction) or action.help is argparse.SUPPRESS:
            continue
        name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
        lines += [".TP", f".B {_roff(name)}", _roff((action.help or "") % vars(action))]
    return [*lines, ".RE"] if len(lines) > 1 else []


def _settings(content: str) -> Iterator[str]:
    """Each setting as it stands in the file, with the comment above it."""
    words, examples, settings = list[str](), list[str](), 0
    for line in content.splitlines():
        setting, table = _SETTING.fullmatch(line), _TABLE.fullmatch(line)
        if table:
            yield from (f".SS {_roff(table[1])}", _roff(" ".join(words)))
        elif setting:
            yield from (".TQ" if settings else ".TP", f".B {_roff(setting[1])}")
            settings += 1
            continue
        if settings and not setting:
            yield from _explained(words, examples)
            words, examples, settings = [], [], 0
        if table or not line:
            words, examples = [], []
        elif line.startswith("#   "):
            examples.append(line.removeprefix("#   "))
        else:
            words.append(line.removeprefix("# "))
    yield from _explained(words, examples)


def _explained(words: list[str], examples: list[str]) -> Iterator[str]:
    yield _roff(" ".join(words))
    for example in examples:
        yield from (".br", f".I {_roff(example)}")


def _roff(words: str) -> str:
    """The words as they are, whatever they would command."""
    safe = words.replace("\\", "\\e").replace("-", "\\-").replace('"', "\\(dq")
    return rf"\&{safe}" if safe[:1] in {".", "'", ""} else safe


if __name__ == "__main__":
    main(Path(sys.argv[1]))
