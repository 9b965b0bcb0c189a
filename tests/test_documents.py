"""What the documents name is there: files, commands, options, targets, settings."""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

import domain.events
import ledger.events
from agent.settings import AgentSettings, CourierSettings
from cli.ledger_actions import RUN
from cli.main import command_line
from ledger.settings import LedgerSettings, MailSettings

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
CODE = re.compile(r"```sh\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"^(?:\S*/)?klyuchar (\S.*)$")


def documents() -> list[Path]:
    """Every Markdown file of ours."""
    rooms = (ROOT / room for room in ("docs", "benchmarks", "systemd", "tests"))
    return [*ROOT.glob("*.md"), *(path for room in rooms for path in sorted(room.rglob("*.md")))]


def anchors(path: Path) -> set[str]:
    """How headings are linked to: lower case, spaces as hyphens, no punctuation."""
    words = (
        re.sub(r"[^\w\s-]", "", heading.lower()) for heading in HEADING.findall(path.read_text())
    )
    return {word.strip().replace(" ", "-") for word in words}


def commands(path: Path) -> Iterator[list[str]]:
    """The `klyuchar` commands a document shows in full, without their comments."""
    for block, span in CODE.findall(path.read_text()):
        for line in (block or span).replace("\\\n", " ").splitlines():
            found = COMMAND.match(line.strip())
            if found and "…" not in found[1]:
                yield shlex.split(found[1].replace("ДЕНЬ", "2026-11-24"), comments=True)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(path: Path) -> None:
    for link in LINK.findall(path.read_text()):
        target, _, anchor = link.partition("#")
        if "://" in link:
            continue
        there = path if not target else path.parent / target
        assert there.exists(), link
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), link


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_command_shown_is_one(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(vars(argparse), "_", lambda message: message)
    for words in commands(path):
        assert parses(words) or "required" in capsys.readouterr().err, words


def parses(words: list[str]) -> bool:
    """Whether the command line takes ``words``; asking for help is taken too."""
    try:
        command_line().parse_args(words)
    except SystemExit as ended:
        return ended.code == 0
    return True


def test_commands_are_found_where_there_are_some() -> None:
    assert len(list(commands(ROOT / "README.md"))) > 12
    assert len(list(commands(ROOT / "docs" / "administrator.md"))) > 4


def test_the_responsible_users_guide_has_every_action() -> None:
    guide = (ROOT / "docs" / "ledger.md").read_text()
    for_the_administrator = {"init", "serve", "rebuild"}
    for action in set(RUN) - for_the_administrator:
        assert f"`{action}`" in guide or f"ledger {action}" in guide, action


def test_the_guide_names_every_option_it_promises() -> None:
    known = set()
    for parser in _every(command_line()):
        known |= {option for action in parser._actions for option in action.option_strings}
    for name in ("README.md", "docs/ledger.md"):
        for option in re.findall(r"`(--[a-z-]+)", (ROOT / name).read_text()):
            assert option in known, (name, option)


@pytest.mark.parametrize(
    ("heading", "kinds"),
    [
        ("Журнал рабочего места", get_args(domain.events.Event)),
        ("Журнал учёта", get_args(ledger.events.Fact)),
    ],
)
def test_every_event_is_explained(heading: str, kinds: tuple[type, ...]) -> None:
    """Each with its meaning and what to do; and none that is no event."""
    guide = (ROOT / "docs" / "events.md").read_text()
    _, _, part = guide.partition(f"## {heading}\n")
    rows = re.findall(r"^\| (`.+?) \| (.+) \| (.+) \|$", part.partition("\n## ")[0], re.MULTILINE)
    assert all(meaning.strip() and todo.strip() for _, meaning, todo in rows)
    named = [name for names, _, _ in rows for name in re.findall(r"`(\w+)`", names)]
    assert sorted(named) == sorted(kind.__name__ for kind in kinds)


def test_every_target_named_is_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for path in documents():
        for target in re.findall(r"`(?:[A-Z_]+=\S+ )?make ([a-z-]+)", path.read_text()):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), (path.name, target)


def test_the_administrators_settings_are_settings() -> None:
    """Those that are commented out too."""
    guide = (ROOT / "docs" / "administrator.md").read_text()
    (block,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    tables = re.split(r"^\[(.+)\]$", block, flags=re.MULTILINE)
    kinds = {
        "agent": AgentSettings,
        "courier": CourierSettings,
        "ledger": LedgerSettings,
        "ledger.mail": MailSettings,
    }
    assert tables[1::2] == list(kinds)
    for name, table in zip(tables[1::2], tables[2::2], strict=True):
        named = set(re.findall(r"^(?:# )?(\w+) = ", table, re.MULTILINE))
        assert named
        assert named <= {field.name for field in fields(kinds[name])}, name


def _every(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                yield from _every(part)
