"""A card's memory, and what it remembers between two commands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .apdu import Command, Refused, Status
from .files import File, Kind, Operation

MASTER = 0x3F00
PUBLIC_KEYS, PRIVATE_KEYS, PINS = 0x6001, 0x6002, 0x6005
_SYSTEM = (0x1000, 0x1000)


def _nothing() -> None: ...


@dataclass(slots=True, kw_only=True)
class Session:
    """What the next reset forgets."""

    verified: set[int] = field(default_factory=set)
    """References of the PINs verified."""
    directory: File | None = None
    file: File | None = None
    key: int | None = None
    """The key chosen for the next operation."""
    chain: bytes = b""
    """Data of a command whose end has not come yet."""


class Memory:
    """The file tree with a session on it; the handlers of commands work on this."""

    def __init__(self, serial: bytes, master: File | None, *, initialising: bool) -> None:
        self.serial = serial
        self.master = master
        self.initialising = initialising
        """Between a wipe and its end no access rule holds."""
        self.still_working: Callable[[], None] = _nothing
        self.reset()

    def reset(self) -> None:
        self.session = Session()
        self.enter(self.master)

    def wipe(self) -> None:
        """Everything but the serial is gone."""
        self.master, self.initialising = None, True
        self.reset()

    def enter(self, file: File | None) -> None:
        """Select a file; the current directory is then that file or the one it lies in."""
        self.session.file = file
        self.session.directory = file if file is None or file.kind is Kind.DF else file.parent

    def root(self) -> File:
        if self.master is None:
            raise Refused(Status.FILE_NOT_FOUND)
        return self.master

    def here(self) -> File:
        """The current directory."""
        return self.session.directory or self.root()

    def selected(self, kind: Kind) -> File:
        """The selected file, or `Refused` where it is of another kind."""
        file = self.session.file
        if file is None or file.kind is not kind:
            raise Refused(Status.CONDITIONS)
        return file

    def drawer(self, name: int) -> File:
        """Where all internal files of one kind lie: `PINS`, `PRIVATE_KEYS` or `PUBLIC_KEYS`."""
        return self.root().at((*_SYSTEM, name))

    def demand(self, file: File, operation: Operation) -> None:
        """`Refused` unless what was verified opens this operation."""
        if not self.initialising:
            file.demand(operation, self.session.verified)


Handler = Callable[[Memory, Command], bytes]
Handlers = dict[tuple[int, int], Handler]
"""What answers a command, by its class and instruction."""
