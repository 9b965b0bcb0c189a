"""The demonstration: a library with fictitious people and four carriers, each with a story.

The carriers are SoftHSM tokens with real GOST certificates; the organisation is told to the ledger
through the same commands a responsible user gives.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from agent.enrolment import enrol
from agent.settings import load
from cli.demo_certificates import Order, make
from cli.layout import SOFTHSM, Layout
from domain.errors import CouldNotAsk
from domain.text import Text

CARRIERS = {
    "ivanova": Text(
        ru="выдан Ивановой И. И., то есть вам: всё в порядке",
        en="issued to I. Ivanova, that is to you: in order",
    ),
    "petrov": Text(
        ru="выдан Петрову П. П., а за компьютером вы",
        en="issued to P. Petrov, while you sit at the computer",
    ),
    "srok": Text(
        ru="срок закрытого ключа истёк, хотя сертификат ещё действует",
        en="the private key's period has ended though the certificate runs on",
    ),
    "chuzhoy": Text(ru="журналу учёта неизвестен", en="unknown to the ledger"),
}

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    """``key_not_after`` is what the ledger is told; of ``srok`` it knows no end, so that the
    agent's reading of the certificate is what finds it."""

    name: str
    serial: str
    certificate: str
    key_not_after: str


def ledger_answers(socket: Path) -> bool:
    """Whether the ledger can be asked already."""
    try:
        with _client(socket) as client:
            return client.get("/v1/key").is_success
    except httpx.HTTPError:
        return False


def is_wanted(layout: Layout) -> bool:
    """Whether the ledger is still empty."""
    with _asking(layout) as client:
        return not client.get("/v1/carriers").json()


def found(layout: Layout, environment: Mapping[str, str], is_stopping: Callable[[], bool]) -> None:
    """Make the carriers and tell the ledger of the organisation; nothing is told where it
    ``is_stopping`` before all are made, so that the next start begins anew."""
    tokens = []
    for token in _make_tokens(layout, environment):
        tokens.append(token)
        if is_stopping():
            return
    with _asking(layout) as client:
        _tell_ledger(client, layout, {token.name: token for token in tokens})


def connect(layout: Layout) -> None:
    """Enrol this workstation where it is not. Ledger and workstation are one machine and one
    person here: the fingerprint that person would compare is read from the officer's own socket."""
    settings = load(layout.settings)
    if settings.agent.enrolment.exists() and settings.courier.enrolment.exists():
        return
    with _asking(layout) as client:
        own = str(client.get("/v1/ledger").json()["fingerprint"])
        client.post("/v1/commands", json={"type": "register-workstation", "host": layout.host})
        answer = client.post("/v1/workstations/code", json={"host": layout.host})
    enrol(settings, str(answer.json()["code"]), lambda shown: shown == own)


def _client(socket: Path) -> httpx.Client:
    return httpx.Client(
        transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://ledger", timeout=10
    )


@contextmanager
def _asking(layout: Layout) -> Iterator[httpx.Client]:
    """The ledger, asked as the responsible user asks. Raises CouldNotAsk where it is silent."""
    try:
        with _client(layout.ledger) as client:
            yield client
    except httpx.HTTPError as error:
        raise CouldNotAsk(
            Text(
                ru=f"Журнал учёта перестал отвечать ({error}). Начните заново: make run.",
                en=f"The ledger answers no more ({error}). Begin again: make run.",
            )
        ) from error


def _make_tokens(layout: Layout, environment: Mapping[str, str]) -> Iterator[_Token]:
    """One token after the other, each moved to the drawer, so that the free slot is the first.

    The security officer's PIN that PKCS#11 demands is random and forgotten at once; there is no
    user PIN, for nothing private is ever put on these tokens.
    """
    now = datetime.now(UTC)
    for left_by_a_broken_start in (*layout.tokens.iterdir(), *layout.drawer.iterdir()):
        shutil.rmtree(left_by_a_broken_start)
    for name in CARRIERS:
        order = _order(name, now)
        certificate = make(order)
        forgotten = dict(environment) | {"KLYUCHAR_DEMO_SO_PIN": secrets.token_hex(8)}
        so_pin = ["--so-pin", "env:KLYUCHAR_DEMO_SO_PIN"]
        _pkcs11_tool(["--init-token", "--label", name, *so_pin], forgotten)
        with tempfile.NamedTemporaryFile(suffix=".der") as file:
            file.write(certificate)
            file.flush()
            _pkcs11_tool(["--write-object", file.name, "--type", "cert"], dict(environment))
        (folder,) = layout.tokens.iterdir()
        # SoftHSM names a token's folder by a UUID whose end is the serial.
        serial = folder.name.replace("-", "")[-16:]
        folder.rename(layout.drawer / name)
        fingerprint = hashlib.sha256(certificate).hexdigest()
        end = "" if name == "srok" else order.key_not_after.strftime("%Y-%m-%dT%H:%M:%SZ")
        yield _Token(name=name, serial=serial, certificate=fingerprint, key_not_after=end)


def _pkcs11_tool(arguments: list[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(
            ["pkcs11-tool", "--module", SOFTHSM, "--slot-index", "0", *arguments],
            env=environment,
            check=True,
            capture_output=True,
            timeout=30,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise CouldNotAsk(
            Text(
                ru=f"Не удалось сделать носители показа: нужны пакеты softhsm2 и opensc ({error}).",
                en=f"Could not make the demonstration's carriers: the packages softhsm2 and opensc "
                f"are needed ({error}).",
            )
        ) from error


def _order(name: str, now: datetime) -> Order:
    made = now - (500 if name == "srok" else 100) * _DAY
    return Order(
        holder="Показательный ключ",
        not_before=made,
        not_after=made + 5 * 365 * _DAY,
        key_not_after=made + 455 * _DAY,
    )


def _tell_ledger(client: httpx.Client, layout: Layout, tokens: Mapping[str, _Token]) -> None:
    """Two people, their admission, three key documents under receipt; the fourth stays unknown."""

    def command(kind: str, **fields: Any) -> dict[str, Any]:
        answer = client.post("/v1/commands", json={"type": kind, **fields})
        if not answer.is_success:
            raise CouldNotAsk(Text(ru=answer.text, en=answer.text))
        event: dict[str, Any] = answer.json()["events"][0]["fact"]
        return event

    people = {
        login: _admitted(command, name, post, login, layout.host)
        for login, name, post in (
            (layout.login, "Иванова И. И.", "библиотекарь"),
            ("petrov", "Петров П. П.", "бухгалтер"),
        )
    }
    for name, login in (("ivanova", layout.login), ("petrov", "petrov"), ("srok", layout.login)):
        issued = (datetime.now(UTC) - 90 * _DAY).strftime("%Y-%m-%d")
        carrier = command(
            "register-carrier", maker="softhsm", model="SoftHSM v2", serial=tokens[name].serial
        )["carrier"]
        document = command(
            "register-key-document",
            carrier=carrier,
            name="Ключ электронной подписи",
            certificate=tokens[name].certificate,
            key_not_after=tokens[name].key_not_after,
        )["number"]
        command(
            "issue",
            document=document,
            person=people[login],
            receipt=f"расписка {document}",
            happened=issued,
        )


def _admitted(command: Any, name: str, post: str, login: str, host: str) -> int:
    person: int = command("register-person", name=name, post=post)["person"]
    command("add-login", person=person, login=login, host=host)
    command("admit-person", person=person, order_number="1-П", order_date="2026-01-12")
    return person
