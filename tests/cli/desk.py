"""A workstation's files in a directory, with what it saw and what the ledger told it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.main import main
from domain.accounting import CarrierEntry, KeyDocument, Standing
from domain.carrier import Carrier, Maker
from domain.events import Event, Identified, Started
from domain.sighting import Evidence, Sighting
from domain.snapshot import Mark, pack
from journal.digest import sha256
from journal.signing import Signer
from journal.writer import Journal

LEDGER = Signer(bytes(range(32)))
IN_ORDER = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="37354ce9")
DIGITS = Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="12345")
STRANGER = Carrier(maker=Maker.JACARTA, model="jacarta lt", serial="0b52000128390049")


class Desk:
    """A workstation's files in a directory, and the command run on them."""

    def __init__(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.state = state
        self._capsys = capsys
        for directory in ("agent/journal", "courier/inbox"):
            (state / directory).mkdir(parents=True)
        (state / "klyuchar.toml").write_text(
            f'[agent]\nstate = "{state}/agent"\nworker_socket = "{state}/worker.sock"\n'
            f'host = "pc-17"\nseat_login = "ivanova"\n'
            f'[courier]\nstate = "{state}/courier"\nledger = "unix:{state}/ledger.sock"\n'
        )

    def happened(self, *events: Event) -> None:
        journal = Journal.open(self.state / "agent" / "journal", host="pc-17", boot="b007")
        journal.append(*events)
        journal.close()

    def enrolled(self, key: bytes = LEDGER.public_key) -> None:
        (self.state / "agent" / "enrolment.json").write_text(
            json.dumps({"ledger_key": key.hex(), "token": "t"})
        )

    def know(self, *entries: CarrierEntry, age: timedelta = timedelta()) -> None:
        made = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        keyed = ((sha256(one.carrier.serial.encode()), one) for one in entries)
        unsigned = pack(Mark(version=7, made_at=made), "pc-17", "salt", keyed)
        signed = unsigned + LEDGER.sign(sha256(unsigned))
        (self.state / "agent" / "snapshot").write_bytes(signed)

    def run(self, *arguments: str, language: str = "ru") -> tuple[int, str]:
        """Run `klyuchar ARGUMENTS`: the exit code and all that was printed."""
        settings = ["--settings", str(self.state / "klyuchar.toml"), "--language", language]
        code = main([*settings, *arguments])
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err

    def explain(self, *arguments: str, language: str = "ru") -> tuple[int, str]:
        return self.run("policy", "explain", *arguments, language=language)


def issued(carrier: Carrier, number: str, **changes: Any) -> CarrierEntry:
    mark = sha256(b"salt|ivanova@pc-17").hex()
    values = {"standing": Standing.ISSUED, "key_not_after": "2999-01-01T00:00:00Z"} | changes
    document = KeyDocument(number=number, logins=(mark,), **values)
    return CarrierEntry(carrier=carrier, retired=False, documents=(document,))


def identified(carrier: Carrier, **changes: Any) -> Identified:
    values: dict[str, Any] = {"label": "", "objects": 0, "certificates": ()} | changes
    sighting = Sighting(carrier=carrier, module="m", slot=0, evidence=Evidence.TOKEN_INFO, **values)
    return Identified(sighting=sighting, port="")


STARTED = Started(version="0", watching=(), modules=())
