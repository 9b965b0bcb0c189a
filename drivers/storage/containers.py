"""Key containers by the names of folders and files alone.

A container of CryptoPro CSP is a folder NAME.000 with up to six files NAME.key, in the root of a
file system or one folder below. No file is opened; symbolic links are not followed, nor are other
file systems that are mounted below. What is read is bounded: anybody may have written the drive.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from domain.sighting import Container, ContainerKind
from drivers.messages import MAX_FOLDER
from drivers.worker.decoding import text

MOST_ENTRIES = 65_536
"""Names that are read of one file system; a full flash drive has fewer in its upper folders."""

_CONTAINER = re.compile(r".+\.\d{3}", re.DOTALL)
_FILES = frozenset(
    {"header.key", "masks.key", "masks2.key", "name.key", "primary.key", "primary2.key"}
)
_ANY = frozenset({"header.key", "name.key"})
_EXCHANGE = _ANY | {"primary.key", "masks.key"}
_SIGNATURE = _ANY | {"primary2.key", "masks2.key"}
_NO_USERS_FOLDER = frozenset({"lost+found"})
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class TooManyFiles(Exception):
    """There are more names than are read."""


@dataclass(slots=True)
class Found:
    """What was found, sorted; ``error`` is the first reason why there may be more, None where all
    was read."""

    containers: list[Container] = field(default_factory=list)
    error: OSError | TooManyFiles | None = None


def kind_of(files: frozenset[str]) -> ContainerKind | None:
    """What a folder with these of a container's files is; None where it has none of them."""
    if not files:
        return None
    if files >= _EXCHANGE:
        return ContainerKind.EXCHANGE
    return ContainerKind.SIGNATURE if files >= _SIGNATURE else ContainerKind.INCOMPLETE


class Search:
    """One search through the upper folders of ``root``, an open folder that stays the caller's.

    ``going_on`` is called before each folder is read: any of them may hang.
    """

    def __init__(self, root: int, going_on: Callable[[], None]) -> None:
        self._root = root
        self._device = os.fstat(root).st_dev
        self._going_on = going_on
        self._left = MOST_ENTRIES
        self._found = Found()

    def run(self) -> Found:
        """Whatever could be found."""
        for name in self._folder(self._root, ""):
            with self._opened(self._root, name) as below:
                if below is not None:
                    self._folder(below, f"{name}/")  # those further down hold no containers
        self._found.containers.sort(key=lambda container: container.folder)
        return self._found

    def _folder(self, descriptor: int, path: str) -> list[str]:
        """Take the containers in this folder; the folders in it that are none."""
        folders = []
        try:
            for entry in self._entries(descriptor):
                if entry.is_dir(follow_symlinks=False) and entry.name not in _NO_USERS_FOLDER:
                    folders.append(entry.name)
        except (OSError, TooManyFiles) as error:
            self._found.error = self._found.error or error
        return [
            name
            for name in folders
            if not (_CONTAINER.fullmatch(name) and self._container(descriptor, path, name))
        ]

    def _container(self, descriptor: int, path: str, name: str) -> bool:
        """Whether the folder is a container; it is taken down then."""
        with self._opened(descriptor, name) as folder:
            kind = kind_of(self._files(folder)) if folder is not None else None
        if kind is not None:
            shown = text(os.fsencode(path + name), MAX_FOLDER)
            self._found.containers.append(Container(folder=shown, kind=kind))
        return kind is not None

    def _files(self, descriptor: int) -> frozenset[str]:
        """Which of a container's files are in the folder, as regular files."""
        names = set()
        try:
            for entry in self._entries(descriptor):
                name = entry.name.lower()
                if name in _FILES and entry.is_file(follow_symlinks=False):
                    names.add(name)
        except (OSError, TooManyFiles) as error:
            self._found.error = self._found.error or error
        return frozenset(names)

    def _entries(self, descriptor: int) -> Iterator[os.DirEntry[str]]:
        self._going_on()
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if self._left <= 0:
                    raise TooManyFiles
                self._left -= 1
                yield entry

    @contextmanager
    def _opened(self, parent: int, name: str) -> Iterator[int | None]:
        """The folder, None where it can't be entered or is another file system."""
        descriptor = None
        try:
            descriptor = os.open(name, _FOLDER, dir_fd=parent)
            same = os.fstat(descriptor).st_dev == self._device
        except OSError as error:
            self._found.error = self._found.error or error
            same = False
        try:
            yield descriptor if same else None
        finally:
            if descriptor is not None:
                os.close(descriptor)
