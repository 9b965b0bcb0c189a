"""The manual pages have every command, every option and every setting, and groff likes them."""

from __future__ import annotations

import argparse
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from agent.settings import AgentSettings, CourierSettings
from cli.main import command_line
from ledger.settings import LedgerSettings, MailSettings

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "debian" / "klyuchar.manpages").read_text().split()
NOT_SETTINGS = {"inbox", "journal", "mail", "demo_socket", "demo_tokens"}
"""Members that are no settings of an installed workstation."""


@pytest.fixture(scope="module")
def manual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages as the package has them, made by Debian's own Python as there."""
    directory = tmp_path_factory.mktemp("manual")
    subprocess.run(["/usr/bin/python3", "debian/manual.py", directory], cwd=ROOT, check=True)
    return directory


def text(manual: Path, page: str) -> str:
    """The page as a person reads it, on lines of any length."""
    return " ".join(_man(manual / page, "-P", "cat").stdout.split())


def test_the_package_has_all_of_them(manual: Path) -> None:
    assert sorted(Path(page).name for page in PAGES) == sorted(os.listdir(manual))
    assert {Path(page).parent for page in PAGES} == {Path("debian/manual")}


@pytest.mark.parametrize("page", PAGES)
def test_groff_has_nothing_to_complain_of(manual: Path, page: str) -> None:
    done = _man(manual / Path(page).name, "--warnings", "-E", "UTF-8", "-Tutf8", "-Z")
    assert (done.returncode, done.stderr) == (0, "")


def test_every_command_and_option_is_told(manual: Path) -> None:
    told = text(manual, "klyuchar.1") + text(manual, "klyuchar-ledger.8")
    known = list(_commands(command_line(), "klyuchar"))
    assert len(known) > 30
    for command, parser in known:
        _, found, after = told.partition(f" {command} {_help(command)}"[:60])
        assert found, command
        part = re.split(r" klyuchar [a-z]", after)[0]
        for action in parser._actions:
            for option in action.option_strings[-1:]:
                assert option == "--help" or option in part, (command, option)


def test_the_ledgers_commands_stand_in_its_page_and_no_others(manual: Path) -> None:
    at_work, in_books = text(manual, "klyuchar.1"), text(manual, "klyuchar-ledger.8")
    assert "klyuchar ledger case take" in in_books
    assert "klyuchar ledger case take" not in at_work
    assert "klyuchar journal export" in at_work
    assert "klyuchar journal export" not in in_books


def test_every_setting_is_told_with_its_meaning(manual: Path) -> None:
    page = (manual / "klyuchar.toml.5").read_text()
    tables = re.split(r"^\.SS \[(.+)\]$", page, flags=re.MULTILINE)
    kinds = {
        "agent": AgentSettings,
        "courier": CourierSettings,
        "ledger": LedgerSettings,
        "ledger.mail": MailSettings,
    }
    assert tables[1::2] == list(kinds)
    for name, table in zip(tables[1::2], tables[2::2], strict=True):
        found = re.findall(r"^\.(?:TP|TQ)\n\.B (\w+) = .*\n(?=(.*))", table, re.MULTILINE)
        assert {setting for setting, _ in found} == {
            field.name for field in fields(kinds[name])
        } - NOT_SETTINGS
        for setting, after in found:
            assert after == ".TQ" or re.search("[а-я]{3}", after), setting


def _commands(
    parser: argparse.ArgumentParser, words: str
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    parts = [one for one in parser._actions if isinstance(one, argparse._SubParsersAction)]
    for part in parts:
        for name, inner in part.choices.items():
            yield from _commands(inner, f"{words} {name}")
    if not parts:
        yield words, parser


def _help(command: str) -> str:
    """What the command is for, by its group's own help."""
    parser, purpose = command_line(), ""
    for word in command.split()[1:]:
        (group,) = (a for a in parser._actions if isinstance(a, argparse._SubParsersAction))
        (purpose,) = (one.help or "" for one in group._choices_actions if one.dest == word)
        parser = group.choices[word]
    return " ".join(purpose.split())


def _man(page: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LC_ALL": "C.UTF-8", "MANWIDTH": "1000", "MANOPT": "--nj"}
    return subprocess.run(
        ["man", *options, "-l", str(page)],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
