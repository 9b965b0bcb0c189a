"""What is wrong with a PKCS#11 module's file, told by looking at it from outside.

Nothing is loaded and nothing is changed: `stat` and the first twenty bytes say all there is. A
module runs inside a process of ours and says whose carrier is plugged in, so it must be such that
only the administrator can have put it there.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from drivers import elf
from drivers.catalogue import Module

_MOST_LINKS = 40
_ROOT = 0


class Flaw(StrEnum):
    """What is wrong. All but a stale copy keep the module from being loaded."""

    ABSENT = "module-absent"
    DANGLING = "dangling-link"
    NOT_A_FILE = "not-a-file"
    NOT_READABLE = "not-readable"
    NOT_A_LIBRARY = "not-a-library"
    WRONG_ARCHITECTURE = "wrong-architecture"
    REPLACEABLE = "replaceable"
    STALE_COPY = "stale-copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One flaw of one file. ``detail`` is for an engineer: a path with its mode and owner, the two
    architectures, or the path of the copy that is used instead."""

    module: str
    path: str
    flaw: Flaw
    detail: str

    @property
    def refuses(self) -> bool:
        """Whether the module is not to be loaded."""
        return self.flaw is not Flaw.STALE_COPY


def inspect(module: Module, *, by_others: bool = False) -> tuple[Finding, ...]:
    """Every flaw of the module's file, the gravest first; nothing where it may be loaded.

    A file or folder may belong to root or to whoever runs this. ``by_others``: judge readability
    for a worker of another user too, by the mode bits, as root has to who can read everything.
    """
    flaw, detail = _unusable(module.path, by_others)
    if flaw is None:
        flaw, detail = _misbuilt(module.path)
    found: list[tuple[Flaw, str]] = [] if flaw is None else [(flaw, detail)]
    if os.path.exists(module.path) and (weak := replaceable(module.path)):
        found.insert(0, (Flaw.REPLACEABLE, weak))
    return tuple(
        Finding(module=module.name, path=module.path, flaw=flaw, detail=detail)
        for flaw, detail in found
    )


def _unusable(path: str, by_others: bool) -> tuple[Flaw | None, str]:
    try:
        status = os.stat(path)
    except PermissionError:
        return Flaw.NOT_READABLE, path
    except OSError as error:
        dangling = os.path.islink(path)
        detail = f"{path} -> {os.readlink(path)}" if dangling else error.strerror or path
        return (Flaw.DANGLING if dangling else Flaw.ABSENT), detail
    if not stat.S_ISREG(status.st_mode):
        return Flaw.NOT_A_FILE, _described(path, status)
    if not os.access(path, os.R_OK) or (by_others and not status.st_mode & stat.S_IROTH):
        return Flaw.NOT_READABLE, _described(path, status)
    return None, ""


def _misbuilt(path: str) -> tuple[Flaw | None, str]:
    try:
        with open(path, "rb") as file:
            header = elf.parse(file.read(elf.HEADER_BYTES))
    except OSError as error:
        return Flaw.NOT_READABLE, f"{path}: {error.strerror}"
    if header is None or not header.loadable:
        return Flaw.NOT_A_LIBRARY, path
    if header.architecture != (ours := elf.own()):
        return Flaw.WRONG_ARCHITECTURE, f"{header.architecture}, not {ours}"
    return None, ""


def replaceable(path: str) -> str:
    """Which file or folder on the way to ``path`` somebody other than root (or us) may change,
    with its mode and owner; empty where none."""
    for place in _way(path):
        try:
            status = os.stat(place)
        except OSError:
            continue
        if _is_weak(status):
            return _described(place, status)
    return ""


def _way(path: str) -> Iterator[str]:
    """The file, and every folder in which it or a link to it could be exchanged for another."""
    here = os.path.abspath(path)
    for _ in range(_MOST_LINKS):
        yield here
        yield from (str(parent) for parent in Path(here).parents)
        if not os.path.islink(here):
            break
        here = os.path.normpath(os.path.join(os.path.dirname(here), os.readlink(here)))
    real = os.path.realpath(path)
    yield from (real, *(str(parent) for parent in Path(real).parents))


def _is_weak(status: os.stat_result) -> bool:
    mode = status.st_mode
    if status.st_uid not in {_ROOT, os.geteuid()}:
        return True
    if stat.S_ISDIR(mode) and mode & stat.S_ISVTX:
        # As in /tmp: who may write here can't replace what belongs to somebody else.
        return False
    by_group = mode & stat.S_IWGRP and status.st_uid == _ROOT and status.st_gid != _ROOT
    return bool(mode & stat.S_IWOTH or by_group)


def _described(path: str, status: os.stat_result) -> str:
    mode = stat.filemode(status.st_mode)
    return f"{path}: {mode}, uid {status.st_uid}, gid {status.st_gid}"
