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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from agent.enrolment import read_enrolment
from agent.fetching import fetch
from agent.settings import DEFAULT_PATH, CourierSettings, load
from agent.shipping import ship
from agent.wire import Wire
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.text import Text
from journal.lock import Taken, acquire

_COULD_NOT_ASK = 75


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

    A journal that is damaged or refused does not keep the snapshot away. Raises CouldNotAsk where
    the ledger was not reached or the disk refuses, Wrong where the ledger refused or talks
    nonsense, or the journal is damaged.
    """
    with _files(settings), _alone(settings.state):
        enrolment = read_enrolment(settings.enrolment)
        with Wire(settings.ledger, settings.ca_file, enrolment.token) as wire:
            try:
                ship(wire, settings)
            except Wrong:
                fetch(wire, settings, enrolment)
                raise
            fetch(wire, settings, enrolment)


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    try:
        lock = acquire(state)
    except Taken as error:
        raise CouldNotAsk(
            Text(
                ru="Другой курьер ещё передаёт журнал; этот уступает ему.",
                en="Another courier is still shipping the journal; this one leaves it to that.",
            )
        ) from error
    try:
        yield
    finally:
        os.close(lock)


@contextmanager
def _files(settings: CourierSettings) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CouldNotAsk(
            Text(
                ru=f"Курьер не может работать с файлом {error.filename or settings.state}: "
                f"{error.strerror}. Проверьте место на диске и права (журнал {settings.journal}, "
                f"состояние {settings.state}). Записи целы и будут переданы позже.",
                en=f"The courier can't use the file {error.filename or settings.state}: "
                f"{error.strerror}. Check disk space and permissions (journal {settings.journal}, "
                f"state {settings.state}). The records are safe and will be sent later.",
            )
        ) from error


if __name__ == "__main__":
    sys.exit(main())
