"""The command line as a whole: its help and its refusals are in the person's language."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli import main as command
from cli.arguments import speak
from tests.cli.desk import STARTED, Desk

ROOT = Path(__file__).parents[2]
ENGLISH = ("usage:", "positional arguments", "options:", "show this help", "error:", "required")


def parsers(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parser, and those of all its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for part in action.choices.values():
                yield from parsers(part)


def klyuchar(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments],
        cwd=ROOT,
        env={**os.environ, "KLYUCHAR_LANGUAGE": "ru", **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )


class TestHelp:
    def test_every_commands_help_is_russian(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(vars(argparse), "_", vars(argparse)["_"])
        speak("ru")
        every = list(parsers(command.command_line()))
        assert len(every) > 40
        for parser in every:
            told = parser.format_help()
            assert not [words for words in ENGLISH if words in told], told
            assert "показать эту справку" in told

    def test_and_english_for_those_who_ask(self) -> None:
        for told in (
            klyuchar("--language", "en", "ledger", "--help"),
            klyuchar("ledger", "--help", KLYUCHAR_LANGUAGE="en"),
        ):
            assert told.returncode == 0
            assert b"show this help message" in told.stdout

    def test_a_command_without_its_second_word_shows_what_there_is(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for arguments, offered in (
            ([], "journal"),
            (["demo"], "insert"),
            (["ledger", "person"], "admit"),
        ):
            with pytest.raises(SystemExit) as ended:
                command.main(arguments)
            told = capsys.readouterr().err
            assert ended.value.code == 2
            assert "не хватает" in told
            assert offered in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("nonsense", "КОМАНДА: 'nonsense' нет; есть: 'run', 'demo'"),
        ("demo insert", "не хватает: ИМЯ"),
        ("status extra", "лишнее или неизвестное: extra"),
        ("status --jsno", "лишнее или неизвестное: --jsno"),
        ("--language fr status", "'fr' нет; есть: 'ru', 'en'"),
        ("journal show --after x", "'x' — не целое число"),
        ("journal show --limit -1", "'-1' — не целое число"),
        ("journal show --limit", "--limit: нужно одно значение"),
        ("journal verify --key zz", "нужны 64 шестнадцатеричные цифры"),
        ("journal export --from вчера x", "не дата: нужно ГГГГ-ММ-ДД"),
        ("policy explain --reading octal", "'octal' нет; есть: 'decimal', 'hexadecimal'"),
        ("status --json=1", "--json: значение '1' здесь не нужно"),
        ("journal verify --s --k 1 --st", "нужны 64"),
        ("ledger destroy --document", "нужно хотя бы одно значение"),
        ("ledger carrier add --serial- 1", "--serial-hex?"),
    ],
)
def test_wrong_input_is_refused_in_words(
    capsys: pytest.CaptureFixture[str], arguments: str, told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(arguments.split())
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert told in said
    assert not [words for words in ENGLISH if words in said], said


def test_dates_by_day_month_and_year_are_dates(desk: Desk) -> None:
    desk.happened(STARTED)
    output = str(desk.state / "out")
    code, told = desk.run("journal", "export", "--from", "1.1.2026", "--to", "31.12.2999", output)
    assert code == 0
    assert "Записей выгружено: 1" in told


@pytest.mark.parametrize("path", ["/proc/klyuchar/var", "/etc/passwd"])
def test_what_the_system_refuses_is_told_with_its_path(
    capsys: pytest.CaptureFixture[str], path: str
) -> None:
    assert command.main(["run", "--state", path]) == 75
    told = capsys.readouterr().err
    assert path.removesuffix("/var") in told
    assert "нет такого файла или папки" in told or "такой файл уже есть" in told


def test_the_demonstrations_settings_are_found_from_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KLYUCHAR_SETTINGS", raising=False)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "clone" / ".venv"))
    monkeypatch.chdir(tmp_path)
    assert command._default_settings() == "/etc/klyuchar/klyuchar.toml"
    beside, here = tmp_path / "clone" / "var", tmp_path / "var"
    for folder, found in ((beside, str(beside / "klyuchar.toml")), (here, "var/klyuchar.toml")):
        folder.mkdir(parents=True)
        (folder / "klyuchar.toml").touch()
        assert command._default_settings() == found
    monkeypatch.setenv("KLYUCHAR_SETTINGS", "/named")
    assert command._default_settings() == "/named"


def test_settings_that_are_not_there_are_told() -> None:
    done = klyuchar("--settings", "/no/such/file", "status")
    assert done.returncode == 1
    assert "/no/such/file" in done.stderr.decode()
    assert b"Traceback" not in done.stderr


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "koi8-r"])
def test_a_terminal_without_our_letters_gets_no_traceback(desk: Desk, encoding: str) -> None:
    settings = str(desk.state / "klyuchar.toml")
    done = klyuchar("--settings", settings, "status", PYTHONIOENCODING=encoding)
    assert done.returncode == 1
    assert done.stderr == b""
    if encoding == "koi8-r":
        assert "Агент не запущен" in done.stdout.decode("koi8-r")


@pytest.mark.parametrize("records", [1, 2000])
def test_a_reader_that_leaves_early_is_no_error(desk: Desk, records: int) -> None:
    desk.happened(*[STARTED] * records)
    settings = str(desk.state / "klyuchar.toml")
    shown = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "--settings", settings, "journal", "show"],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert shown.stdout is not None
    assert shown.stderr is not None
    if records > 1:
        assert shown.stdout.readline()
    shown.stdout.close()
    told = shown.stderr.read()
    shown.stderr.close()
    assert (shown.wait(30), told) == (0, b"")
