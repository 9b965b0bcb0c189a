"""Fetching the snapshot: to the inbox, from where the agent takes it over and verifies it again."""

from __future__ import annotations

import hashlib
import os
from typing import BinaryIO

from agent import durable
from agent.enrolment import Enrolment
from agent.reach import describe
from agent.settings import CourierSettings
from agent.wire import Wire
from domain.errors import Wrong
from domain.snapshot import LARGEST_SNAPSHOT, SIGNATURE_SIZE
from domain.text import Text
from journal.signing import verify

_CHUNK = 1 << 20


def fetch(wire: Wire, settings: CourierSettings, enrolment: Enrolment) -> None:
    """Bring the snapshot to the inbox unless it is the one brought last.

    Raises Wrong where it is not signed with the pinned key: then the inbox stays as it is.
    """
    settings.inbox.mkdir(mode=0o750, exist_ok=True)
    tag_file, inbox = settings.state / "tag", settings.inbox / "snapshot"
    new = inbox.with_name("snapshot.new")
    known = tag_file.read_text("utf-8", "replace") if tag_file.exists() and inbox.exists() else ""
    try:
        with open(new, "w+b") as file:
            tag = wire.snapshot(known, LARGEST_SNAPSHOT, file)
            if tag is None:
                return
            file.flush()
            os.fsync(file.fileno())
            if not _is_signed(file, enrolment.ledger_key):
                raise Wrong(_not_signed(describe(settings.ledger)))
        # The tag last: killed in between, the same snapshot is brought once more.
        durable.place(new, inbox)
    finally:
        new.unlink(missing_ok=True)
    durable.write(tag_file, tag.encode())


def _is_signed(file: BinaryIO, ledger_key: bytes) -> bool:
    left = file.seek(0, os.SEEK_END) - SIGNATURE_SIZE
    file.seek(0)
    digest = hashlib.sha256()
    while left > 0 and (chunk := file.read(min(left, _CHUNK))):
        digest.update(chunk)
        left -= len(chunk)
    return verify(ledger_key, digest.digest(), file.read())


def _not_signed(where: str) -> Text:
    return Text(
        ru=f"Снимок журнала учёта ({where}) подписан не тем ключом, который сверен при "
        "подключении: он отвергнут. Если журнал учёта заведён заново, подключите рабочее место ещё "
        "раз: klyuchar enrol.",
        en=f"The snapshot from the ledger ({where}) is not signed with the key compared at "
        "enrolment: it was refused. If the ledger was made anew, enrol this workstation again: "
        "klyuchar enrol.",
    )
