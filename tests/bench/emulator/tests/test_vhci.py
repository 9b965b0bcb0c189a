"""The end that plugs devices into this machine, against a kernel's end of another hand."""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.emulator.cards.rutoken import ATR, RutokenCard
from tests.bench.emulator.devices.tokens import RutokenEcp
from tests.bench.emulator.ports.port import PortError
from tests.bench.emulator.ports.usbip import NotUsbIp
from tests.bench.emulator.ports.vhci import Vhci
from tests.bench.emulator.tests import ccid_host as ccid

STATUS = """\
hub port sta spd dev      sockfd local_busid
hs  0000 006 002 00010002 000003 3-1
ss  0008 004 000 00000000 000000 0-0
hs  0001 004 000 00000000 000000 0-0
"""
GET_DEVICE = bytes.fromhex("8006000100001200")
SET_CONFIGURATION = bytes.fromhex("0009010000000000")
GET_SERIAL_STRING = bytes.fromhex("800603030904ff00")


class Kernel:
    """The kernel's end of one device, as Documentation/usb/usbip_protocol.rst describes it."""

    def __init__(self, controller: Path) -> None:
        port, descriptor, device, speed = (controller / "attach").read_text().split()
        assert (port, device, speed) == ("1", "65538", "2")
        self.socket = socket.socket(fileno=int(descriptor))
        self.socket.settimeout(10)
        self._sequence = 0

    def submit(self, endpoint: int, data: bytes | int = 0, setup: bytes = bytes(8)) -> int:
        """Start a transfer that reads ``data`` bytes or writes them; its number."""
        self._sequence += 1
        reads, length = isinstance(data, int), data if isinstance(data, int) else len(data)
        head = struct.pack(">IIIII", 1, self._sequence, 65538, int(reads), endpoint & 0x0F)
        body = struct.pack(">IiiiI8s", 0, length, 0, -1, 0, setup)
        self.socket.sendall(head + body + (b"" if isinstance(data, int) else data))
        return self._sequence

    def result(self, number: int, *, reads: bool = True) -> tuple[int, bytes]:
        """How a transfer ended."""
        command, sequence, status, moved = struct.unpack(">II12xii20x", self._bytes(48))
        assert (command, sequence) == (3, number)
        return status, self._bytes(moved) if reads else b""

    def unlink(self, number: int) -> int:
        """Give a transfer up; what the device's end says to that."""
        self._sequence += 1
        self.socket.sendall(struct.pack(">IIIIII24x", 2, self._sequence, 65538, 0, 0, number))
        command, sequence, status = struct.unpack(">II12xi24x", self._bytes(48))
        assert (command, sequence) == (4, self._sequence)
        return int(status)

    def _bytes(self, count: int) -> bytes:
        return self.socket.recv(count, socket.MSG_WAITALL) if count else b""


@pytest.fixture
def controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A controller whose second port is free. A kernel keeps the socket, so here it is kept too."""
    (tmp_path / "status").write_text(STATUS)
    write = Path.write_text

    def keep(path: Path, order: str) -> int:
        port, descriptor, rest = order.split(maxsplit=2)
        return write(path, f"{port} {os.dup(int(descriptor))} {rest}")

    monkeypatch.setattr(Path, "write_text", keep)
    return tmp_path


@pytest.fixture
def port(controller: Path) -> Vhci:
    return Vhci(controller)


@pytest.fixture
def kernel(port: Vhci, controller: Path) -> Iterator[Kernel]:
    """The kernel's end of a token that is plugged in."""
    with port.plugged(RutokenEcp(RutokenCard("3a1b2c4d"))):
        kernel = Kernel(controller)
        with kernel.socket:
            yield kernel


def test_a_token_is_enumerated_and_its_card_spoken_to(kernel: Kernel, port: Vhci) -> None:
    status, device = kernel.result(kernel.submit(0, 18, GET_DEVICE))
    assert (status, device[8:12]) == (0, bytes.fromhex("890a3000"))
    assert kernel.result(kernel.submit(0, b"", SET_CONFIGURATION), reads=False) == (0, b"")
    port.wait_configured(5)
    asked = kernel.submit(ccid.IN, 512)
    sent = kernel.submit(ccid.OUT, ccid.message(ccid.POWER_ON))
    assert kernel.result(sent, reads=False) == (0, b"")
    status, answer = kernel.result(asked)
    assert (status, answer[10:]) == (0, ATR)


def test_what_the_device_refuses_is_a_broken_pipe(kernel: Kernel) -> None:
    assert kernel.result(kernel.submit(0, 255, GET_SERIAL_STRING)) == (-errno.EPIPE, b"")
    assert kernel.result(kernel.submit(0x85, 16)) == (-errno.EPIPE, b"")


def test_a_transfer_is_given_up_or_over_already(kernel: Kernel) -> None:
    waiting = kernel.submit(ccid.IN, 512)
    assert kernel.unlink(waiting) == -errno.ECONNRESET
    assert kernel.unlink(waiting) == 0


def test_pulling_hangs_up(port: Vhci, controller: Path) -> None:
    port.plug(RutokenEcp(RutokenCard("3a1b2c4d")))
    kernel = Kernel(controller)
    port.reenumerate()
    again = Kernel(controller)
    with kernel.socket, again.socket:
        assert kernel.socket.recv(1) == b""
        port.pull()
        assert again.socket.recv(1) == b""


def test_nonsense_is_told_of_at_the_pull(port: Vhci, controller: Path) -> None:
    port.plug(RutokenEcp(RutokenCard("3a1b2c4d")))
    with Kernel(controller).socket as end:
        end.sendall(bytes(48))
        assert end.recv(1) == b""
    with pytest.raises(NotUsbIp, match="command 0"):
        port.pull()


def test_a_full_controller_and_a_missing_one_are_told_apart(controller: Path) -> None:
    token = RutokenEcp(RutokenCard("3a1b2c4d"))
    (controller / "status").write_bytes(STATUS.replace(" 004 ", " 006 ").encode())
    with pytest.raises(PortError, match="is taken"):
        Vhci(controller).plug(token)
    with pytest.raises(PortError, match="modprobe vhci-hcd"):
        Vhci(controller / "none").plug(token)
