"""The first trust between a workstation and its ledger, and where it is kept.

The ledger's key comes over the network, so it is worth nothing until a person has compared its
fingerprint with the one the ledger's own machine shows. The pinned key, the courier's token and
nothing else are in the enrolment file, which the agent and the courier read and nobody else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.settings import Settings
from agent.wire import Wire
from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.signing import fingerprint, load_or_create, sync_directory

_HASH_DIGITS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """The ledger's pinned Ed25519 key and the courier's bearer token."""

    ledger_key: bytes
    token: str


def read_enrolment(path: Path) -> Enrolment:
    """What was agreed at enrolment. Raises CouldNotAsk where the workstation is not enrolled yet,
    Wrong where the file is damaged."""
    try:
        value = json.loads(path.read_bytes())
        return Enrolment(ledger_key=bytes.fromhex(value["ledger_key"]), token=str(value["token"]))
    except FileNotFoundError as error:
        raise CouldNotAsk(
            Text(
                ru="Рабочее место ещё не подключено к журналу учёта: klyuchar enrol КОД.",
                en="The workstation is not enrolled at a ledger yet: klyuchar enrol CODE.",
            )
        ) from error
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise Wrong(
            Text(
                ru=f"Файл подключения {path} не прочитан ({error}). Подключите рабочее место "
                "заново: klyuchar enrol КОД.",
                en=f"The enrolment file {path} could not be read ({error}). Enrol this workstation "
                "again: klyuchar enrol CODE.",
            )
        ) from error


def enrol(settings: Settings, code: str, confirm: Callable[[str], bool]) -> None:
    """Enrol this workstation with the one-time ``code``.

    ``confirm`` is shown the fingerprint of the key that answers and says whether it is the
    ledger's. Raises Wrong where it is not, or the ledger refuses the code. The snapshot of a
    ledger that was trusted before is put away: the new one's versions begin afresh.
    """
    courier = settings.courier
    with Wire(courier.ledger, courier.ca_file) as wire:
        key = wire.key()
        if not confirm(fingerprint(key)):
            raise Wrong(
                Text(
                    ru="Отпечатки не совпали: это не ваш журнал учёта или кто-то вмешался в связь. "
                    "Ничего не сделано.",
                    en="The fingerprints differ: this is not your ledger, or somebody is on the "
                    "line. Nothing was done.",
                )
            )
        signer = load_or_create(settings.agent.key)
        token, told_key = wire.enrol(code, settings.agent.host, signer.public_key)
    if told_key != key:
        raise Wrong(
            Text(
                ru="Журнал учёта назвал другой ключ, чем тот, который вы сверили. Подключение "
                "отменено.",
                en="The ledger named another key than the one you compared. Not enrolled.",
            )
        )
    _keep(courier.enrolment, {"ledger_key": key.hex(), "token": token})
    for old in (settings.agent.snapshot, settings.agent.inbox, courier.state / "tag"):
        old.unlink(missing_ok=True)


def _keep(path: Path, value: dict[str, str]) -> None:
    """Readable by its owner and group: the courier's and the agent's."""
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    with open(descriptor, "wb") as file:
        file.write(json.dumps(value).encode())
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync_directory(path.parent)
