"""A workstation that ships: a real journal, real couriers and a real enrolment, no devices."""

from __future__ import annotations

import itertools
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from agent.settings import Settings, load
from domain.carrier import Carrier, Maker
from domain.events import Event, Judged, Stopped
from domain.text import Text
from domain.verdict import Finding, Level, Verdict
from journal.reader import read
from journal.signing import load_or_create
from journal.writer import SEGMENT_BYTES, Journal
from tests.ledger.running import ROOT, Running

_HOSTS = itertools.count(17)


class Outpost:
    """A workstation beside ``ledger``, registered there; `enrol` connects it. Each has a host name
    of its own, so that several tests can share a ledger.

    ``address`` replaces the ledger's TCP listener, ``more`` are lines of the table [courier].
    """

    def __init__(
        self,
        ledger: Running,
        *,
        host: str = "",
        address: str = "",
        more: str = "",
        segment_bytes: int = SEGMENT_BYTES,
    ) -> None:
        self.ledger = ledger
        self.host = host or f"pc-{next(_HOSTS)}"
        self.directory = ledger.directory / self.host
        for state in ("agent/journal", "courier/inbox"):
            (self.directory / state).mkdir(parents=True)
        self.file = self.directory / "klyuchar.toml"
        self.file.write_text(
            f'[agent]\nstate = "{self.directory}/agent"\nworker_socket = "unused"\n'
            f'host = "{self.host}"\n'
            f'[courier]\nstate = "{self.directory}/courier"\n'
            f'ledger = "{address or f"http://127.0.0.1:{ledger.port}"}"\n{more}'
        )
        self.settings: Settings = load(self.file)
        self.signer = load_or_create(self.settings.agent.key)
        self._segment_bytes = segment_bytes
        self._journal: Journal | None = None
        answer = ledger.command("register-workstation", host=self.host)
        self.number: int = answer.json()["events"][0]["fact"]["workstation"]

    @property
    def journal(self) -> Journal:
        """The agent's writer, opened at the first use."""
        if self._journal is None:
            self._journal = Journal.open(
                self.settings.agent.journal,
                host=self.host,
                boot="b",
                segment_bytes=self._segment_bytes,
            )
        return self._journal

    def write(self, *events: Event) -> None:
        """Record ``events``; each a flushed append."""
        for event in events:
            self.journal.append(event)

    def write_many(self, count: int, word: str = "signal") -> None:
        """Record that many events in one append."""
        self.journal.append(*[Stopped(reason=f"{word} {number}") for number in range(count)])

    def close(self) -> None:
        """The agent ends: now its files may be tampered with."""
        if self._journal is not None:
            self._journal.close()
            self._journal = None

    def segments(self) -> list[Path]:
        return sorted(self.settings.agent.journal.glob("*.jsonl"))

    def lines(self) -> list[bytes]:
        """The journal as it stands here."""
        return [line.raw for line in read(self.settings.agent.journal)]

    def code(self) -> str:
        """A new enrolment code from the officer."""
        with self.ledger.officer() as client:
            answer = client.post("/v1/workstations/code", json={"host": self.host})
        return str(answer.json()["code"])

    def fingerprint(self) -> str:
        """What the ledger's own machine shows."""
        with self.ledger.officer() as client:
            return str(client.get("/v1/ledger").json()["fingerprint"])

    def enrol(self, code: str = "", fingerprint: str = "") -> subprocess.CompletedProcess[str]:
        """`klyuchar enrol`, unattended."""
        shown = fingerprint or self.fingerprint()
        arguments = ["--settings", str(self.file), "enrol", code or self.code()]
        return self._run("cli.main", *arguments, "--fingerprint", shown)

    def enrolled(self) -> Outpost:
        """Itself, enrolled."""
        done = self.enrol()
        assert done.returncode == 0, done.stderr
        return self

    def ship(self) -> None:
        """One round of the courier that must go well."""
        done = self.courier()
        assert (done.returncode, done.stderr) == (0, "")

    def courier(self) -> subprocess.CompletedProcess[str]:
        """One round of the courier, however it ends."""
        done = self._run("agent.courier", "--settings", str(self.file))
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def spawn_courier(self) -> subprocess.Popen[bytes]:
        """A courier that is on its way."""
        arguments = [sys.executable, "-m", "agent.courier", "--settings", str(self.file)]
        return subprocess.Popen(arguments, cwd=ROOT, env=_environment(), stderr=subprocess.DEVNULL)

    def acknowledged(self) -> int:
        """How far the courier was told that the ledger has it."""
        path = self.directory / "courier" / "acknowledged"
        return int(path.read_text()) if path.exists() else 0

    def received(self) -> list[list[bytes]]:
        """What the ledger has of this workstation: the lines of each branch, the first one first,
        of one journal after the other."""
        with sqlite3.connect(self.ledger.database) as database:
            rows = database.execute(
                "SELECT j.generation, j.branch, l.line FROM journals j "
                "JOIN workstations w ON w.workstation = j.workstation "
                "LEFT JOIN journal_lines l ON l.workstation = j.workstation "
                "AND l.generation = j.generation AND l.branch = j.branch "
                "WHERE w.host = ? ORDER BY j.rowid, l.seq",
                (self.host,),
            ).fetchall()
        branches: dict[tuple[str, int], list[bytes]] = {}
        for generation, branch, line in rows:
            branches.setdefault((generation, branch), []).extend([line] if line else [])
        return list(branches.values())

    def count_received(self) -> int:
        """How many lines the ledger has of this workstation."""
        with sqlite3.connect(self.ledger.database) as database:
            (count,) = database.execute(
                "SELECT count(*) FROM journal_lines WHERE workstation = ?", (self.number,)
            ).fetchone()
        return int(count)

    def case_rows(self) -> list[dict[str, Any]]:
        """The cases about this workstation as the officer's list has them."""
        with self.ledger.officer() as client:
            return [row for row in client.get("/v1/cases").json() if row["host"] == self.host]

    def cases(self) -> list[tuple[str, bool]]:
        """What each case is about and whether it is open."""
        return [(row["what"], row["open"]) for row in self.case_rows()]

    def ledger_command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`klyuchar ledger WORDS` on the ledger's machine."""
        return self._run("cli.main", "--settings", str(self.ledger.settings), "ledger", *words)

    def close_case(self, row: dict[str, Any]) -> None:
        """The officer has looked into it."""
        answer = self.ledger.command("close-case", case=row["case"], reason="выяснено")
        assert answer.status_code == 200, answer.text

    def events(self, name: str) -> list[dict[str, Any]]:
        """The facts of that kind about this workstation in the ledger's chain."""
        with self.ledger.officer() as client:
            lines = client.get("/v1/events").content.splitlines()
        events = [json.loads(line) for line in lines]
        facts = [event["body"]["fact"] for event in events if event["event"] == name]
        return [fact for fact in facts if fact.get("workstation") == self.number]

    def _run(self, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            env=_environment(),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=100,
        )


def judged(level: Level, rule: str = "unknown-carrier", serial: str = "a1b2") -> Judged:
    """A verdict on a carrier, as the agent records it."""
    finding = Finding(
        rule=rule,
        clause="3.1",
        level=level,
        reason=Text(ru="причина", en="reason"),
        advice=Text(ru="что делать", en="what to do"),
    )
    return Judged(
        carrier=Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial=serial),
        port="/devices/usb1",
        seat="ivanova",
        verdict=Verdict(findings=(finding,), snapshot=None, age=None),
    )


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(ROOT), "KLYUCHAR_LANGUAGE": "ru"}
