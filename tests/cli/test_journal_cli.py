"""`klyuchar journal` as a person and an inspector use it."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
from pathlib import Path

import pytest

from cli import journal as command
from domain.errors import CouldNotAsk, Wrong
from domain.events import Stopped
from journal.segments import segments
from journal.signing import fingerprint
from journal.writer import Journal
from tests.journal.values import OTHER_SIGNER, SIGNER, opened, raw_lines, written


def run(*arguments: object, language: str = "ru", settings: str = "absent.toml") -> int:
    """Run the command as cli.main does."""
    parser = argparse.ArgumentParser()
    parser.set_defaults(language=language, settings=settings)
    command.add(parser.add_subparsers(required=True))
    args = parser.parse_args(["journal", *map(str, arguments)])
    code: int = args.run(args)
    return code


def test_the_records_are_told_in_russian(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal = opened(tmp_path)
    journal.append(Stopped(reason="signal"))
    journal.close()
    assert run("show", "--directory", tmp_path) == 0
    shown = capsys.readouterr().out
    assert shown.strip().startswith("1  24.11.2026")
    assert "Ключарь остановлен" in shown


def test_in_english_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written(tmp_path, rounds=1)
    run("show", "--directory", tmp_path, language="en")
    assert "Klyuchar stopped" in capsys.readouterr().out


@pytest.mark.parametrize("time", ["\\u001b[2J", "9999-99-99", "0001-01-01T00:00:00Z", ""])
def test_a_time_that_is_none_is_shown_as_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], time: str
) -> None:
    written(tmp_path, rounds=1)
    path = segments(tmp_path)[0]
    path.write_bytes(path.read_bytes().replace(b"2026-11-24T03:16:09.000000Z", time.encode()))
    assert run("show", "--directory", tmp_path) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_after_and_limit_choose_records(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raws = [raw.decode() for raw in raw_lines(written(tmp_path))]
    for arguments, expected in [
        ((), raws),
        (("--after", 20), raws[20:]),
        (("--limit", 2), raws[-2:]),
        (("--after", 10, "--limit", 100), raws[10:]),
        (("--limit", 0), []),
    ]:
        run("show", "--json", "--directory", tmp_path, *arguments)
        assert capsys.readouterr().out == "".join(expected)


def test_a_whole_journal_is_confirmed_with_its_fingerprint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path)
    assert run("verify", "--directory", tmp_path) == 0
    shown = capsys.readouterr().out
    assert "Журнал цел: записей 23" in shown
    assert "не электронная подпись" in shown
    assert fingerprint(SIGNER.public_key) in shown


def test_with_a_key_of_his_own_an_inspector_needs_no_fingerprint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path)
    assert run("verify", "--strict", "--directory", tmp_path, "--key", SIGNER.public_key.hex()) == 0
    assert fingerprint(SIGNER.public_key) not in capsys.readouterr().out
    assert run("verify", "--directory", tmp_path, "--key", OTHER_SIGNER.public_key.hex()) == 1
    assert "другим ключом" in capsys.readouterr().out


def test_a_broken_journal_ends_with_1_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path)
    path = segments(tmp_path)[1]
    path.write_bytes(path.read_bytes().replace(b"signal", b"SIGNAL", 1))
    assert run("verify", "--directory", tmp_path) == 1
    shown = capsys.readouterr().out
    assert "ЖУРНАЛ НАРУШЕН" in shown
    assert path.name in shown
    assert run("verify", "--json", "--directory", tmp_path) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["whole"] is False
    assert report["breach"]["file"] == path.name
    assert report["breach"]["what"]["en"]


def test_an_export_is_the_raw_lines_and_their_sha256(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "journal")
    output = tmp_path / "out.jsonl"
    assert run("export", output, "--directory", tmp_path / "journal") == 0
    whole = b"".join(raw_lines(tmp_path / "journal"))
    assert output.read_bytes() == whole
    assert capsys.readouterr().out.endswith(f"{hashlib.sha256(whole).hexdigest()}  {output}\n")
    with pytest.raises(CouldNotAsk, match="the file exists already"):
        run("export", output, "--directory", tmp_path / "journal")
    assert output.read_bytes() == whole


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (("--from", "2026-11-25"), [25, 26]),
        (("--to", "2026-11-24"), [23, 24]),
        (("--from", "2026-11-24", "--to", "2026-11-25"), [24, 25]),
        (("--from", "2027-01-01"), []),
    ],
)
def test_an_export_of_a_period_holds_whole_days(
    tmp_path: Path, period: tuple[str, ...], expected: list[int]
) -> None:
    day = 86_400 * 10**9
    midnight = 1_795_392_000_000_000_000  # 2026-11-23T00:00:00Z
    journal = Journal.open(
        tmp_path / "journal", host="h", boot="b", clock=itertools.count(midnight, day).__next__
    )
    journal.append(*[Stopped(reason=f"day {number}") for number in (23, 24, 25, 26)])
    journal.close()
    run("export", tmp_path / "out", "--directory", tmp_path / "journal", *period)
    days = [json.loads(raw)["time"][8:10] for raw in (tmp_path / "out").read_bytes().splitlines()]
    assert days == [str(number) for number in expected]


def test_the_directory_comes_from_the_settings(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "state" / "journal")
    settings = tmp_path / "klyuchar.toml"
    settings.write_text(
        f'[agent]\nstate = "{tmp_path}/state"\nworker_socket = "w"\n'
        f'[courier]\nstate = "{tmp_path}/courier"\nledger = "unix:/absent"\n'
    )
    assert run("verify", settings=str(settings)) == 0
    assert "записей 23" in capsys.readouterr().out


@pytest.mark.parametrize("part", ["show", "verify"])
def test_where_there_is_no_journal_a_person_is_told(tmp_path: Path, part: str) -> None:
    with pytest.raises(Wrong, match="There is no journal"):
        run(part, "--directory", tmp_path / "absent")


def test_a_file_is_no_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CouldNotAsk, match="Check the path"):
        run("show", "--directory", tmp_path / "file")


@pytest.mark.parametrize("key", ["", "ab", "zz" * 32, "ab" * 33])
def test_a_key_that_is_none_is_a_usage_error(tmp_path: Path, key: str) -> None:
    with pytest.raises(SystemExit):
        run("verify", "--directory", tmp_path, "--key", key)
