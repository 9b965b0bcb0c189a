"""The first day in a guest: an organisation with two people, their carriers, one workstation.

Runs in the guest with the product's own Python, through the commands that a responsible user and
an administrator would type; nothing here reaches around them.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
from pathlib import Path
from typing import Any

from cli.main import main

SETTINGS = Path("/etc/klyuchar/klyuchar.toml")
PATIENCE = "module_deadline_s = 30"
ORGANISATION = "МБУ «Показательная библиотека»"
HOST = "klyuchar-guest"
PEOPLE = {"ivanova": ("Иванова И. И.", "3a1b2c4d"), "petrov": ("Петров П. П.", "3a1b2c4e")}


def klyuchar(*words: str) -> None:
    """Give a command; end the day where it is refused."""
    if main(list(words)) != 0:
        raise SystemExit(f"refused: klyuchar {' '.join(words)}")


def asked(*words: str) -> Any:
    """What a command of the ledger answers to a program."""
    with contextlib.redirect_stdout(io.StringIO()) as told:
        klyuchar("ledger", *words, "--json")
    return json.loads(told.getvalue())


def open_the_ledger() -> None:
    """Name the organisation and start the service, as docs/administrator.md says."""
    told = SETTINGS.read_text().replace('# organisation = ""', f'organisation = "{ORGANISATION}"')
    # An emulated processor is twenty times slower than those the default is meant for.
    SETTINGS.write_text(told.replace("[agent]\n", f"[agent]\n{PATIENCE}\n", 1))
    subprocess.run(["systemctl", "restart", "klyuchar-agent"], check=True)
    subprocess.run(["systemctl", "enable", "--now", "klyuchar-ledger"], check=True)


def register_people() -> None:
    """Each with a login on this machine, an order, and a carrier with one key on it."""
    for number, (login, (name, serial)) in enumerate(PEOPLE.items(), 1):
        person = ("--person", str(number))
        klyuchar("ledger", "person", "add", "--name", name)
        klyuchar("ledger", "person", "login", *person, "--login", login, "--host", HOST)
        klyuchar("ledger", "person", "admit", *person, "--order", "1", "--date", "2026-01-12")
        carrier = ("--maker", "rutoken", "--model", "Rutoken ECP", "--serial-hex", serial)
        klyuchar("ledger", "carrier", "add", *carrier)
        klyuchar("ledger", "document", "add", "--carrier", str(number), "--name", name)
        issue = ("--document", f"КН-{number:04}", *person, "--receipt", f"№ {number}")
        klyuchar("ledger", "issue", *issue)


def enrol() -> None:
    """The workstation shows its code; the fingerprint is compared with the ledger's own."""
    code = asked("workstation", "add", "--host", HOST)["code"]
    klyuchar("enrol", code, "--fingerprint", asked("fingerprint")["fingerprint"])
    subprocess.run(["systemctl", "start", "klyuchar-courier"], check=True)


if __name__ == "__main__":
    open_the_ledger()
    register_people()
    enrol()
