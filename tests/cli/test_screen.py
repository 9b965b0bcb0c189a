"""The live screen on a terminal of 80 columns, on a narrow one, and in a file."""

from __future__ import annotations

import os
import re
import sys

import pytest

from cli.screen import Screen
from domain.events import Checkpoint, Event, Identified, Judged, Missed
from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from journal.decode import Record
from tests.cli.desk import IN_ORDER, identified

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
REASON = "Срок действия закрытого ключа истёк: № КН-0003 — 11.10.2026. " + "Долгое слово. " * 9
ADVICE = "Не пользуйтесь этим ключом и сообщите ответственному пользователю криптосредств"


class Terminal:
    """A pseudo-terminal in place of standard output, so many columns wide."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        self._ours, theirs = os.openpty()
        self._file = os.fdopen(theirs, "w", encoding="utf-8")
        monkeypatch.setattr(sys, "stdout", self._file)
        monkeypatch.setenv("COLUMNS", str(columns))

    def shown(self) -> str:
        """All that was printed; the terminal ends with this."""
        self._file.write("\x04end")
        self._file.flush()
        shown = b""
        while not shown.endswith(b"\x04end"):
            shown += os.read(self._ours, 65536)
        self._file.close()
        os.close(self._ours)
        return shown.decode().removesuffix("\x04end").replace("\r\n", "\n")


def record(event: Event) -> Record:
    time, name = "2026-11-24T03:16:09.123456Z", type(event).__name__
    return Record(seq=1, time=time, boot="b", host="h", name=name, event=event)


def judged(level: Level = Level.DENY) -> Record:
    finding = Finding(
        rule="key-ended",
        clause="4.2",
        level=level,
        reason=Text(ru=REASON, en="The key's period ended"),
        advice=Text(ru=ADVICE, en="Do not use it"),
    )
    verdict = Verdict(findings=(finding,), snapshot=None, age=None)
    return record(Judged(carrier=IN_ORDER, port="", seat="ivanova", verdict=verdict))


@pytest.mark.parametrize("columns", [80, 60, 40])
def test_a_verdict_is_read_at_a_glance(monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    terminal = Terminal(monkeypatch, columns)
    Screen("ru").show(judged())
    shown = terminal.shown()
    lines = COLOUR.sub("", shown).replace("\N{NO-BREAK SPACE}", " ").splitlines()
    assert max(map(len, lines)) <= columns
    assert re.match(r"\d\d:\d\d:\d\d  Рутокен № 0926239977: НЕЛЬЗЯ", lines[0])
    assert any(line.startswith("          Срок действия") for line in lines)
    assert any(line.startswith("          Что делать: Не пользуйтесь") for line in lines)
    assert all(line.startswith(" " * 10) for line in lines[1:])


@pytest.mark.parametrize(
    ("level", "colour"), [(Level.ALLOW, "32"), (Level.WARN, "33"), (Level.DENY, "31")]
)
def test_its_first_line_has_its_colour(
    monkeypatch: pytest.MonkeyPatch, level: Level, colour: str
) -> None:
    terminal = Terminal(monkeypatch, 100)
    Screen("ru").show(judged(level))
    coloured, plain = terminal.shown().split("\n", 1)
    assert coloured.startswith(f"\x1b[1;{colour}m")
    assert coloured.endswith("\x1b[0m")
    assert "\x1b" not in plain


def test_a_word_of_the_program_takes_the_place_of_the_key_that_was_pressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal(monkeypatch, 40)
    Screen("ru").say(Text(ru="Останавливаюсь и ещё немало слов подряд до края", en=""))
    shown = terminal.shown()
    assert shown.startswith("\r")
    assert max(map(len, shown.splitlines())) <= 41


def test_what_is_to_be_copied_is_never_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(monkeypatch, 40)
    digest = "5d72a3eb825e98b9" * 4
    Screen("ru").say(Text(ru=f"SHA-256 последней записи № 1: {digest}", en=""))
    assert digest in terminal.shown().splitlines()


def test_in_a_file_a_record_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen("en")
    screen.show(judged())
    screen.say(Text(ru="Останавливаюсь.", en="Stopping."))
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(
        "Rutoken No. 0926239977: NOT ALLOWED (clause 4.2). The key's period ended. "
        "What to do: Do not use it."
    )
    assert second == "Stopping."


def test_what_a_person_does_not_need_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen("ru")
    screen.show(record(Missed(carrier=IN_ORDER)))
    screen.show(record(Checkpoint(seq=1, head="", public_key="", signature="")))
    assert capsys.readouterr().out == ""
    seen = identified(IN_ORDER, label="ivanova\x1b[2J")
    screen.show(record(Identified(sighting=seen.sighting, port="")))
    shown = capsys.readouterr().out
    assert "«ivanova" in shown
    assert "\x1b" not in shown
