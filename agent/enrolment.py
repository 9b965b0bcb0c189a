"""The first trust between a workstation and its ledger, and where it is kept.

The ledger's key comes over the network, so it is worth nothing until a person has compared its
fingerprint with the one the ledger's own machine shows. The agent has the pinned key in its own
state, where the courier, who talks to the network, can't change it; the courier has a copy of the
key and its token in a file of its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from agent import durable
from agent.settings import Settings
from agent.wire import Wire
from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.signing import fingerprint, load_or_create


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
    ledger's. Raises Wrong where it is not, or the ledger refuses the code; CouldNotAsk where the
    ledger or the workstation's own files are out of reach: the code is still good then. The
    snapshot of a ledger that was trusted before is put away: the new one's versions begin afresh.
    """
    agent, courier = settings.agent, settings.courier
    with _own_files(settings), ExitStack() as open_files:
        # Opened first: a code must not be spent on a workstation that can't keep what it gives.
        files = [
            open_files.enter_context(_Draft(path, mode))
            for path, mode in ((agent.enrolment, 0o640), (courier.enrolment, 0o600))
        ]
        with Wire(courier.ledger, courier.ca_file) as wire:
            key = wire.key()
            if not confirm(fingerprint(key)):
                raise Wrong(_DIFFERENT)
            public_key = _agents_key(agent.key)
            token, told_key = wire.enrol(code, agent.host, public_key)
        if told_key != key:
            raise Wrong(_ANOTHER_KEY)
        for old in (agent.snapshot, agent.inbox, courier.state / "tag"):
            old.unlink(missing_ok=True)
        pinned = {"ledger_key": key.hex()}
        for draft, value in zip(files, (pinned, pinned | {"token": token}), strict=True):
            draft.keep(value)


def _agents_key(path: Path) -> bytes:
    """The agent's public key; the agent itself must be able to read the private one."""
    signer = load_or_create(path)
    _give_to_owner(path)
    return signer.public_key


class _Draft:
    """A file that takes its place when it is complete; its directory's owner's, whoever runs this.

    ``mode`` keeps the token from the group that may read the workstation's state."""

    def __init__(self, path: Path, mode: int) -> None:
        self._path = path
        self._new = path.with_name(path.name + ".new")
        # Never through a link that whoever may write in this directory has left here for root.
        self._new.unlink(missing_ok=True)
        self._descriptor = os.open(self._new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)

    def __enter__(self) -> Self:
        _give_to_owner(self._new)
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)
        self._new.unlink(missing_ok=True)

    def keep(self, value: dict[str, str]) -> None:
        """Write ``value`` durably and take the place."""
        os.write(self._descriptor, json.dumps(value).encode())
        os.fsync(self._descriptor)
        durable.place(self._new, self._path)


def _give_to_owner(path: Path) -> None:
    """What root makes belongs to whom its directory belongs to."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


@contextmanager
def _own_files(settings: Settings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CouldNotAsk(
            Text(
                ru=f"Не удалось записать {error.filename or settings.agent.state}: "
                f"{error.strerror}. Запустите команду от имени администратора (root) и проверьте "
                "место на диске.",
                en=f"Could not write {error.filename or settings.agent.state}: {error.strerror}. "
                "Run the command as the administrator (root) and check the disk space.",
            )
        ) from error


_DIFFERENT = Text(
    ru="Отпечатки не совпали: это не ваш журнал учёта или кто-то вмешался в связь. Ничего не "
    "сделано.",
    en="The fingerprints differ: this is not your ledger, or somebody is on the line. Nothing was "
    "done.",
)
_ANOTHER_KEY = Text(
    ru="Журнал учёта назвал другой ключ, чем тот, который вы сверили. Подключение отменено.",
    en="The ledger named another key than the one you compared. Not enrolled.",
)
