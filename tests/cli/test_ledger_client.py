"""`klyuchar ledger` at a socket where something else answers: said in words, never a traceback."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.liar import http, liar
from tests.ledger.running import ROOT

ANSWERS = {
    "no JSON": http("200 OK", b"<html></html>"),
    "bad UTF-8": http("200 OK", b"\xff\xfe"),
    "a number": http("200 OK", b"5"),
    "rows that are none": http("200 OK", b"[1, 2]"),
    "rows of something else": http("200 OK", b'[{"Id": "abc"}]'),
    "an object": http("200 OK", b'{"message": "hello"}'),
    "a refusal without words": http("404 Not Found", b'{"message": "page not found"}'),
    "a refusal that is a list": http("400 Bad Request", b"[]"),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "silence": b"",
}
ASKED = {
    "a list": ["case", "list"],
    "a command": ["person", "add", "--name", "Иванова И. И."],
    "a code": ["workstation", "code", "--host", "pc-17"],
    "a fingerprint": ["fingerprint"],
    "a search": ["issue", "--document", "КН-0001", "--person", "Иванова", "--receipt", "1"],
    "events": ["events"],
    "the chain": ["verify"],
}


@pytest.fixture
def place() -> Iterator[Path]:
    """A socket's path must be short."""
    directory = Path(tempfile.mkdtemp(prefix="kc", dir="/tmp"))
    (directory / "klyuchar.toml").write_text(
        f'[ledger]\nstate = "{directory}"\nsocket = "{directory}/l.sock"\norganisation = "МБУ"\n'
    )
    yield directory
    shutil.rmtree(directory)


def run(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    settings = ["--settings", str(place / "klyuchar.toml")]
    return subprocess.run(
        [sys.executable, "-m", "cli.main", *settings, "ledger", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("words", ASKED.values(), ids=ASKED.keys())
def test_nonsense_is_said_in_words(place: Path, words: list[str]) -> None:
    for name, answer in ANSWERS.items():
        with liar(answer, path=place / "l.sock"):
            done = run(place, *words)
        (place / "l.sock").unlink()
        assert "Traceback" not in done.stderr, (name, done.stderr)
        assert done.returncode in {1, 75}, (name, done.stdout, done.stderr)
        assert done.stderr, name


def test_a_ledger_of_its_kind_would_be_understood(place: Path) -> None:
    """Otherwise all of the above could fail for a reason that is none of theirs."""
    key = json.dumps({"public_key": "ab" * 32, "fingerprint": "abab"}).encode()
    with liar(http("200 OK", key), path=place / "l.sock"):
        done = run(place, "fingerprint")
    assert (done.returncode, done.stdout) == (0, "abab\n")
