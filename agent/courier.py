"""The courier: ships the workstation's journal to the ledger and fetches the snapshot. One round.

`python -m agent.courier --settings FILE`, started when the journal grew and now and then. It uses
the network and no devices. What the ledger acknowledged is known from the ledger itself, so a
courier that is killed anywhere loses and doubles nothing.

Exit codes: 0 done; 75 the ledger could not be asked, nothing is lost; 1 refused, said why.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from agent.enrolment import Enrolment, read_enrolment
from agent.settings import DEFAULT_PATH, CourierSettings, load
from agent.wire import Wire, describe
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.snapshot import SIGNATURE_SIZE
from domain.text import Text
from journal.digest import sha256
from journal.lock import acquire
from journal.reader import Cursor, Follower, read
from journal.record import Line
from journal.signing import sync_directory, verify

BATCH_BYTES = 1 << 20
_COULD_NOT_ASK = 75
_LARGEST_SNAPSHOT = 1 << 30
_FARTHEST = 64
"""How often in one round the ledger may send us back: each time is a broken journal."""


def main(arguments: list[str] | None = None) -> int:
    """One round; the exit code."""
    parser = argparse.ArgumentParser(prog="klyuchar-courier")
    parser.add_argument("--settings", default=DEFAULT_PATH)
    try:
        one_round(load(parser.parse_args(arguments).settings).courier)
    except KlyucharError as error:
        print(f"{error.text.ru}\n{error.text.en}", file=sys.stderr)
        return _COULD_NOT_ASK if isinstance(error, CouldNotAsk) else 1
    return 0


def one_round(settings: CourierSettings) -> None:
    """Ship what is new, then fetch the snapshot. One courier at a time.

    Raises CouldNotAsk where the ledger was not reached, Wrong where it refused or talks nonsense.
    """
    lock = acquire(settings.state)
    try:
        enrolment = read_enrolment(settings.enrolment)
        with Wire(settings.ledger, settings.ca_file, enrolment.token) as wire:
            ship(wire, settings)
            fetch(wire, settings, enrolment)
    finally:
        os.close(lock)


def ship(wire: Wire, settings: CourierSettings) -> None:
    """Send the ledger every line it does not have, the last acknowledged one as proof."""
    first = next(read(settings.journal), None)
    if first is None:
        return
    generation = first.digest.hex()
    acknowledged = Cursor(settings.state / "acknowledged")
    seq = _where_to_go_on(wire, settings.journal, generation, first)
    for _ in range(_FARTHEST):
        follower = Follower(settings.journal, max(0, seq - 1), durable=True)
        sent_back = False
        while batch := _batch(follower):
            told = wire.post_lines(generation, b"".join(line.raw for line in batch))
            sent_back = told < batch[-1].seq
            seq = told
            acknowledged.advance(seq)
            if sent_back:
                break
        follower.close()
        if not sent_back:
            return
    raise Wrong(
        Text(
            ru="Журнал учёта снова и снова не принимает записи этого рабочего места. Сообщите "
            "ответственному пользователю криптосредств.",
            en="The ledger refuses this workstation's records again and again. Tell the "
            "responsible user.",
        )
    )


def fetch(wire: Wire, settings: CourierSettings, enrolment: Enrolment) -> None:
    """Bring the snapshot to the inbox unless it is the one brought last.

    Raises Wrong where it is not signed with the pinned key: then the inbox stays as it is.
    """
    tag_file, inbox = settings.state / "tag", settings.inbox / "snapshot"
    tag = tag_file.read_text() if tag_file.exists() and inbox.exists() else ""
    brought = wire.snapshot(tag, _LARGEST_SNAPSHOT)
    if brought is None:
        return
    tag, content = brought
    signed, signature = content[:-SIGNATURE_SIZE], content[-SIGNATURE_SIZE:]
    if not verify(enrolment.ledger_key, sha256(signed), signature):
        raise Wrong(
            Text(
                ru=f"Снимок журнала учёта ({describe(settings.ledger)}) подписан не тем ключом, "
                "который сверен при подключении: он отвергнут. Если журнал учёта заведён заново, "
                "подключите рабочее место ещё раз: klyuchar enrol.",
                en=f"The snapshot from the ledger ({describe(settings.ledger)}) is not signed with "
                "the key compared at enrolment: it was refused. If the ledger was made anew, enrol "
                "this workstation again: klyuchar enrol.",
            )
        )
    _replace(inbox, content)
    _replace(tag_file, tag.encode())


def _where_to_go_on(wire: Wire, journal: Path, generation: str, first: Line) -> int:
    """The last record that ledger and journal have in common as far as numbers go."""
    seq, _ = wire.head(generation)
    if seq + 1 < first.seq:
        # Older lines are gone from here: what the first one follows is all that can be said.
        return wire.report_missing(generation, first)
    last = _last_seq(journal, seq)
    if last < seq:
        wire.report_shortened(generation, last)
        return last
    return seq


def _last_seq(journal: Path, after: int) -> int:
    """The journal's last record; ``after`` saves reading what is known to be there."""
    last = 0
    for line in read(journal, max(0, after - 1)):
        last = line.seq
    if last:
        return last
    return max((line.seq for line in read(journal)), default=0)


def _batch(follower: Follower) -> list[Line]:
    """The next lines, at most `BATCH_BYTES` of them or one that is longer."""
    batch: list[Line] = []
    size = 0
    while size < BATCH_BYTES and (lines := follower.new()):
        batch += lines
        size += sum(len(line.raw) for line in lines)
    return batch


def _replace(path: Path, content: bytes) -> None:
    """Write durably beside ``path``, then take its place."""
    new = path.with_name(path.name + ".new")
    with open(new, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
    sync_directory(path.parent)


if __name__ == "__main__":
    sys.exit(main())
