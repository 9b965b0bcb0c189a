"""The courier: ships the workstation's journal to the ledger and fetches the snapshot.

`python -m agent.courier --settings FILE`, started when the journal grew and now and then. One
round, or with `--quiet-for SECONDS` further ones until the journal has not grown for so long. It
uses the network and no devices. What the ledger acknowledged is known from the ledger itself, so a
courier that is killed anywhere loses and doubles nothing.

Exit codes: 0 done; 75 the ledger could not be asked, nothing is lost; 1 refused, said why.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inotify_simple import INotify, flags

from agent.enrolment import read_enrolment
from agent.fetching import fetch
from agent.settings import DEFAULT_PATH, CourierSettings, load
from agent.shipping import ship
from agent.wire import Wire
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.text import Text
from journal.lock import Taken, acquire

_COULD_NOT_ASK = 75
_LONGEST_STAY_S = 60.0
_TOGETHER_MS = 200
"""Records that come within this time are shipped in one round."""


def main(arguments: list[str] | None = None) -> int:
    """Ship and fetch as the command line says; the exit code."""
    parser = argparse.ArgumentParser(prog="klyuchar-courier")
    parser.add_argument("--settings", default=DEFAULT_PATH)
    parser.add_argument("--quiet-for", type=float, default=0.0, metavar="SECONDS")
    args = parser.parse_args(arguments)
    try:
        settings = load(args.settings).courier
        if args.quiet_for:
            rounds(settings, args.quiet_for)
        else:
            one_round(settings)
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
                with suppress(KlyucharError):  # one thing at a time is said
                    fetch(wire, settings, enrolment)
                raise
            fetch(wire, settings, enrolment)


def rounds(settings: CourierSettings, quiet_s: float) -> None:
    """A round, and another one whenever the journal grew, until it has not for ``quiet_s``.

    systemd does not hear what is written while the courier it started still runs, and an insertion
    writes for some seconds. Raises as `one_round` does.
    """
    with _files(settings), INotify() as journal:
        journal.add_watch(settings.journal, flags.MODIFY | flags.CREATE)
        leave_at = time.monotonic() + _LONGEST_STAY_S
        one_round(settings)
        while time.monotonic() < leave_at and list(journal.read(quiet_s * 1000, _TOGETHER_MS)):
            one_round(settings)


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
