"""What rpm has installed: asked of rpm itself, with a deadline.

Its database has had three formats in two directories; the program that wrote it knows which.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from agent.inventory.spelling import fit
from domain.errors import CouldNotAsk
from domain.inventory import Manager, Package
from domain.means import product_of
from domain.text import Text

_DIRECTORIES = ("usr/lib/sysimage/rpm", "var/lib/rpm")
FILES = tuple(
    f"{directory}/{name}"
    for directory in _DIRECTORIES
    for name in ("rpmdb.sqlite", "Packages.db", "Packages")
)
_DEADLINE_S = 60.0
_FORM = "%{NAME}\t%|EPOCH?{%{EPOCH}:}:{}|%{VERSION}-%{RELEASE}\n"


def database(root: Path) -> Path | None:
    """The directory of the machine's database; None where rpm never installed anything."""
    return next(((root / file).parent for file in FILES if (root / file).exists()), None)


def installed(directory: Path, deadline_s: float = _DEADLINE_S) -> list[Package]:
    """The packages of `domain.means` in the database in ``directory``.

    Raises CouldNotAsk where rpm is not there, fails, or does not answer in time.
    """
    command = ["rpm", "--dbpath", str(directory), "-qa", "--queryformat", _FORM]
    try:
        asked = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=deadline_s,
            check=True,
            env={"LC_ALL": "C", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/"},
        )
    except FileNotFoundError as error:
        raise _could_not("no such program") from error
    except subprocess.TimeoutExpired as error:
        raise _could_not("no answer in time") from error
    except subprocess.CalledProcessError as error:
        raise _could_not(error.stderr.decode("utf-8", "replace")) from error
    return list(parse(asked.stdout))


def parse(untrusted_answer: bytes) -> Iterator[Package]:
    """The packages in the answer to the query."""
    for line in untrusted_answer.decode("utf-8", "replace").split("\n"):
        name, tab, version = line.partition("\t")
        if tab and product_of(name) is not None:
            yield Package(name=fit(name), version=fit(version), manager=Manager.RPM)


def _could_not(reason: str) -> CouldNotAsk:
    return CouldNotAsk(
        Text(ru=f"rpm не ответил: {reason}", en=fit(f"rpm: {reason}")),
    )
