"""One inventory: `python -m agent.inventory --settings FILE`.

With `--quiet-for SECONDS` it is taken when what it reads has not changed for so long: an installer
changes it many times, and what lies between is no state of the machine.

Exit codes: 0 written; 75 it could not be, starting again may help; 78 a person has to mend the
settings first. What could not be asked stands in the inventory itself.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

from agent import durable
from agent.inventory import cryptopro, dpkg, machine, rpm
from agent.inventory.spelling import why
from agent.settings import DEFAULT_PATH, load
from domain import canonical
from domain.because import because
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.inventory import FORMAT, MOST_PACKAGES, Control, Inventory, Package, TimeControl
from domain.means import CRYPTOPRO, installed
from domain.text import Text

_LONGEST_STAY_S = 300.0


def main(arguments: list[str] | None = None) -> int:
    """Take the inventory and write it to where the settings say; the exit code."""
    parser = argparse.ArgumentParser(prog="klyuchar-inventory")
    parser.add_argument("--settings", default=DEFAULT_PATH)
    parser.add_argument("--root", type=Path, default=Path("/"), help="of the system to look at")
    parser.add_argument("--quiet-for", type=float, default=0.0, metavar="SECONDS")
    args = parser.parse_args(arguments)
    try:
        when_quiet(args.root, load(args.settings).agent.inventory, args.quiet_for)
    except KlyucharError as error:
        print(f"{error.text.ru}\n{error.text.en}", file=sys.stderr)
        return os.EX_CONFIG if isinstance(error, Wrong) else os.EX_TEMPFAIL
    return 0


def when_quiet(root: Path, path: Path, quiet_s: float) -> None:
    """Write the inventory of the system below ``root`` to ``path``, once nothing changes it.

    systemd does not hear what changes while the program it started still runs. Raises CouldNotAsk
    where the file can't be written.
    """
    leave_at = time.monotonic() + _LONGEST_STAY_S
    taken: object = None
    while (now := _marks(root)) != taken:
        marks: object = None
        while now != marks and time.monotonic() < leave_at:
            marks = now
            time.sleep(quiet_s)
            now = _marks(root)
        _write(path, take(root))
        taken = now
        if not quiet_s or time.monotonic() > leave_at:
            return


def take(root: Path) -> Inventory:
    """The inventory of the system below ``root``."""
    packages, unasked = _packages(root)
    return Inventory(
        machine=machine.read(root),
        packages=packages,
        time_control=_time_control(root, packages, unasked),
        unasked=unasked,
    )


def _marks(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Which files the inventory is read from, as they are now."""
    found = []
    for name in (dpkg.STATUS, *rpm.FILES, *cryptopro.FILES):
        with suppress(OSError):
            status = os.stat(root / name)
            found.append((name, status.st_ino, status.st_mtime_ns))
    return tuple(found)


def _packages(root: Path) -> tuple[tuple[Package, ...], tuple[str, ...]]:
    """What the package managers have installed, sorted; and who of them could not be asked."""
    found, unasked = set[Package](), []
    status, database = root / dpkg.STATUS, rpm.database(root)
    try:
        with open(status, "rb") as file:
            found.update(dpkg.installed(file))
    except FileNotFoundError as error:
        if database is None:
            unasked.append(why("dpkg", error))
    except OSError as error:
        unasked.append(why("dpkg", error))
    if database is not None:
        try:
            found.update(rpm.installed(database))
        except CouldNotAsk as error:
            unasked.append(error.text.en)
    packages = sorted(found, key=lambda one: (one.name, one.version, one.manager))
    if len(packages) > MOST_PACKAGES:
        unasked.append(f"dpkg: more than {MOST_PACKAGES} packages")
    return tuple(packages[:MOST_PACKAGES]), tuple(unasked)


def _time_control(
    root: Path, packages: tuple[Package, ...], unasked: tuple[str, ...]
) -> TimeControl:
    """A configuration outlives the program it was for: then it says nothing."""
    if CRYPTOPRO in installed(packages):
        return cryptopro.time_control(root)
    if unasked:
        return TimeControl(state=Control.UNKNOWN, detail=unasked[0])
    return TimeControl(state=Control.ABSENT, detail="")


def _write(path: Path, inventory: Inventory) -> None:
    document = {"format": FORMAT, **canonical.plain(inventory)}
    try:
        path.parent.mkdir(mode=0o750, exist_ok=True)
        durable.write(path, canonical.encode(document) + b"\n")
    except OSError as error:
        reason = because(error)
        raise CouldNotAsk(
            Text(
                ru=f"Опись не записана в {path}: {reason.ru}. Проверьте место на диске и права.",
                en=f"The inventory was not written to {path}: {reason.en}. Check disk space and "
                "permissions.",
            )
        ) from error


if __name__ == "__main__":
    sys.exit(main())
