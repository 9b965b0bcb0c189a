"""The other end of the driver in reader.c: a reader in which an emulated card lies."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from ..cards.card import Card

_YES, _NO = b"\1", b"\0"
_LONGEST_MESSAGE = 1024
_DEADLINE = 10.0


class Reader:
    """Serves one driver at a socket; a context manager."""

    def __init__(self, path: Path, card: Card) -> None:
        self._card = card
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, name="reader on a desk", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Ends a waiting accept; a connected driver ends with its pcscd.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(_DEADLINE)
        self._listener.close()
        if self._thread.is_alive():
            raise TimeoutError("the card on the desk is still busy, or pcscd still runs")

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            driver, _ = self._listener.accept()
            with driver:
                while question := driver.recv(_LONGEST_MESSAGE):
                    driver.send(self._answer(question[:1], question[1:]))

    def _answer(self, letter: bytes, command: bytes) -> bytes:
        match letter:
            case b"P":
                return _YES
            case b"R":
                self._card.reset()
                return _YES + self._card.atr
            case b"O":
                self._card.reset()
                return _YES
            case b"X":
                return _YES + self._card.transmit(command, lambda: None)
            case _:
                return _NO
