"""The guest's end of USB redirection, as QEMU plays it, written from the protocol's description.

It shares no code with the host's end, so that a mistake there is not repeated here.
"""

from __future__ import annotations

import itertools
import socket
import struct
from pathlib import Path
from types import TracebackType
from typing import Self

HELLO, CONNECT, DISCONNECT, RESET, INTERFACES, ENDPOINTS = range(6)
SET_CONFIGURATION, CONFIGURATION_STATUS = 6, 8
START_INTERRUPTS, INTERRUPTS_STATUS = 15, 17
CANCEL, CONTROL, BULK, INTERRUPT = 21, 100, 101, 103
SUCCESS, CANCELLED, STALL = 0, 1, 4
# What QEMU 7.2 says it can: streams, versions, filters, sizes, wide ids, long bulk, receiving.
CAPABILITIES = 0b11110111
_DEADLINE = 10.0


class Guest:
    """A machine with one redirection port, which listens at ``path``."""

    def __init__(self, path: Path, capabilities: int = CAPABILITIES) -> None:
        self._capabilities = capabilities
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(_DEADLINE)
        self._listener.bind(str(path))
        self._listener.listen()
        self._connection: socket.socket | None = None
        self._ids = itertools.count(1000)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.die()
        self._listener.close()

    def accept(self) -> list[tuple[int, bytes]]:
        """Greet whoever plugs something in; what it announces."""
        self._connection, _ = self._listener.accept()
        self._connection.settimeout(_DEADLINE)
        greeting = b"guest".ljust(64, b"\0") + struct.pack("<I", self._capabilities)
        self._connection.sendall(struct.pack("<III", HELLO, len(greeting), 0) + greeting)
        kind, size, _ = struct.unpack("<III", self._bytes(12))
        assert kind == HELLO
        assert size == 68
        self._bytes(size)
        return [self.packet()[::2] for _ in range(3)]

    def die(self) -> None:
        """Hang up, as a machine does whose power is cut."""
        if self._connection is not None:
            self._connection.close()

    def hung_up(self) -> bool:
        """Whether the device was pulled; waits for it."""
        return self._socket.recv(1) == b""

    def packet(self) -> tuple[int, int, bytes]:
        """The next packet: type, id, the rest."""
        kind, size, number = struct.unpack("<IIQ", self._bytes(16))
        return kind, number, self._bytes(size)

    def send(self, kind: int, body: bytes = b"", number: int | None = None) -> int:
        """Send a packet; its id."""
        number = next(self._ids) if number is None else number
        self._socket.sendall(struct.pack("<IIQ", kind, len(body), number) + body)
        return number

    def answer(self, kind: int, number: int) -> bytes:
        """The rest of the next packet, which must be of this type and id."""
        packet = self.packet()
        assert packet[:2] == (kind, number), packet
        return packet[2]

    def control(
        self, kind: int, request: int, value: int, index: int, data: bytes | int
    ) -> tuple[int, bytes]:
        """A control transfer that reads ``data`` bytes or writes them; status and what came."""
        length = data if isinstance(data, int) else len(data)
        head = struct.pack("<BBBBHHH", kind & 0x80, request, kind, 0, value, index, length)
        sent = self.send(CONTROL, head + (b"" if isinstance(data, int) else data))
        reply = self.answer(CONTROL, sent)
        _, _, _, status, _, _, moved = struct.unpack("<BBBBHHH", reply[:10])
        assert len(reply) - 10 == (moved if kind & 0x80 else 0)
        return status, reply[10:]

    def configure(self) -> None:
        """Choose the configuration, as a kernel does when it has read the descriptors."""
        sent = self.send(SET_CONFIGURATION, b"\1")
        assert self.packet()[0] == INTERFACES
        assert self.packet()[0] == ENDPOINTS
        assert self.answer(CONFIGURATION_STATUS, sent) == b"\0\1"

    def write(self, endpoint: int, data: bytes) -> int:
        """A bulk transfer out; its status."""
        head = struct.pack("<BBHIH", endpoint, 0, len(data) & 0xFFFF, 0, len(data) >> 16)
        sent = self.send(BULK, head + data)
        _, status, low, _, high = struct.unpack("<BBHIH", self.answer(BULK, sent))
        assert status or low | high << 16 == len(data)
        return int(status)

    def ask(self, endpoint: int, length: int = 512) -> int:
        """Begin a bulk transfer in; its id."""
        head = struct.pack("<BBHIH", endpoint, 0, length & 0xFFFF, 0, length >> 16)
        return self.send(BULK, head)

    def read(self, endpoint: int, length: int = 512) -> bytes:
        """A bulk transfer in that succeeds."""
        status, data = self.result(self.ask(endpoint, length))
        assert status == SUCCESS
        return data

    def result(self, number: int) -> tuple[int, bytes]:
        """How a bulk transfer in ended."""
        reply = self.answer(BULK, number)
        _, status, low, _, high = struct.unpack("<BBHIH", reply[:10])
        assert len(reply) - 10 == low | high << 16
        return status, reply[10:]

    @property
    def _socket(self) -> socket.socket:
        assert self._connection is not None
        return self._connection

    def _bytes(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._socket.recv(count - len(data))
            assert piece, "the host's end hung up"
            data += piece
        return data
