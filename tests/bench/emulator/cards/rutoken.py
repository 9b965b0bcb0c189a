"""The card inside a Rutoken ECP, good enough for OpenSC's rtecp driver and its pkcs15-init.

Commands, layouts and status words are those that the driver of OpenSC 0.23 sends and expects. Where
it leaves a choice, say of the status word for a wrong path, ours is a guess at the real card. Not
emulated: GOST keys, Aktiv's own commands, the journal, flash memory.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import apdu, file_commands, files, key_commands, pin_commands
from .apdu import CHAINED, Command, Refused, Status
from .files import File
from .memory import Handlers, Memory

ATR = bytes.fromhex("3B8B015275746F6B656E20445320C1")
"""OpenSC names this one «Rutoken ECP (DS)»; Rutoken ECP 2.0 answers with it."""

_SERIAL = 0x0181
_END = 0x4E19


def _get_data(memory: Memory, command: Command) -> bytes:
    if command.parameters != _SERIAL:
        raise Refused(Status.OBJECT_NOT_FOUND)
    return memory.serial


def _wipe(memory: Memory, _: Command) -> bytes:
    memory.wipe()
    return b""


def _end_initialising(memory: Memory, command: Command) -> bytes:
    if command.parameters != _END:
        raise Refused(Status.WRONG_PARAMETERS)
    memory.initialising = False
    return b""


HANDLERS: Handlers = {
    **file_commands.HANDLERS,
    **pin_commands.HANDLERS,
    **key_commands.HANDLERS,
    (0x00, 0xCA): _get_data,
    (0x80, 0x8A): _wipe,
    (0x80, 0x84): _end_initialising,
}


class RutokenCard:
    """A card with its memory. Not for two threads at once: a reader has one slot for it."""

    atr = ATR

    def __init__(
        self, serial: str, *, master: File | None = None, initialising: bool = True
    ) -> None:
        """A blank card, or one with files; ``serial`` has eight hexadecimal digits."""
        number = bytes.fromhex(serial)
        if len(number) != 4:
            raise ValueError(f"a Rutoken's serial has 8 hexadecimal digits, not {serial!r}")
        self._memory = Memory(number, master, initialising=initialising)

    @classmethod
    def load(cls, path: Path) -> RutokenCard:
        """A card as `save` left it."""
        return cls.from_state(json.loads(path.read_text()))

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> RutokenCard:
        """A card with a memory as `state` tells it."""
        master = state["master"] and files.from_json(state["master"])
        return cls(state["serial"], master=master, initialising=state["initialising"])

    def save(self, path: Path) -> None:
        """Write the whole memory, PINs and keys too: they are test data."""
        path.write_text(json.dumps(self.state(), indent=1) + "\n")

    def state(self) -> dict[str, Any]:
        """The whole memory as JSON has it."""
        memory = self._memory
        return {
            "serial": self.serial,
            "initialising": memory.initialising,
            "master": memory.master and files.to_json(memory.master),
        }

    @property
    def serial(self) -> str:
        """The card's own serial; what PKCS#11 tells was copied from it when it was initialised."""
        return self._memory.serial.hex()

    def reset(self) -> None:
        self._memory.reset()

    def transmit(self, command: bytes, still_working: Callable[[], None] = lambda: None) -> bytes:
        self._memory.still_working = still_working
        try:
            return self._answer(apdu.parse(command)) + Status.DONE.to_bytes(2, "big")
        except Refused as refused:
            return refused.status.to_bytes(2, "big")

    def _answer(self, command: Command) -> bytes:
        session = self._memory.session
        if command.cla & CHAINED:
            session.chain += command.data
            return b""
        command, session.chain = command.after(session.chain), b""
        handler = HANDLERS.get((command.cla, command.ins))
        if handler is None:
            raise Refused(Status.UNKNOWN_COMMAND)
        return handler(self._memory, command)
