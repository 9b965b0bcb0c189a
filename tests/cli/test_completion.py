"""Bash completes `klyuchar`: by the very command that the package is built with, in a real bash."""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import command_line

ROOT = Path(__file__).parents[2]
_COMPLETE = """
offered() {
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
    $(complete -p klyuchar | sed -E 's/.*-F (\\S+) klyuchar/\\1/') 2>/dev/null
    echo "${COMPREPLY[*]}"
}
"""


@pytest.fixture(scope="module")
def completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the package would have."""
    rules = (ROOT / "debian" / "rules").read_text().replace("\\\n", " ")
    (arguments,) = re.findall(r"-m shtab (.*?)\s*>", rules)
    drawn = subprocess.run(
        [sys.executable, "-m", "shtab", *arguments.split()],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout
    file = tmp_path_factory.mktemp("completion") / "klyuchar"
    file.write_bytes(drawn)
    return file


def offered(completion: Path, lines: list[list[str]]) -> list[set[str]]:
    """What a bash that has the completion offers for the last word of each of the ``lines``."""
    asked = "".join(f"offered {' '.join(repr(word) for word in line)}\n" for line in lines)
    done = subprocess.run(
        ["bash", "--norc", "-c", f"source {completion}\n{_COMPLETE}{asked}"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    return [set(line.split()) for line in done.stdout.splitlines()]


def parsers(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ("klyuchar",)
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """The command and all its parts, with the words that lead there."""
    yield words, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, part in action.choices.items():
                yield from parsers(part, (*words, name))


def test_every_command_and_every_option_is_offered(completion: Path) -> None:
    known = list(parsers(command_line()))
    assert len(known) > 40
    options = offered(completion, [[*words, "--"] for words, _ in known])
    for (words, parser), found in zip(known, options, strict=True):
        wanted = {
            one for action in parser._actions for one in action.option_strings if one[:2] == "--"
        }
        assert found == wanted, words
    groups = [(words, parser) for words, parser in known if parser._subparsers]
    commands = offered(completion, [[*words, ""] for words, _ in groups])
    for (words, _), found in zip(groups, commands, strict=True):
        depth = len(words)
        assert found == {more[depth] for more, _ in known if more[:depth] == words != more}, words


def test_what_is_begun_is_gone_on_with(completion: Path) -> None:
    assert offered(
        completion,
        [
            ["klyuchar", "led"],
            ["klyuchar", "ledger", "off"],
            ["klyuchar", "ledger", "officer", "absent", "--gr"],
            ["klyuchar", "--language", ""],
            ["klyuchar", "nonsense"],
        ],
    ) == [{"ledger"}, {"officer"}, {"--ground"}, {"ru", "en"}, set()]
