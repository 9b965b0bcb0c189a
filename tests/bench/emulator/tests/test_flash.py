"""The flash drive: images with key containers, and a host that reads and writes them."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.emulator.devices.disk import BLOCK
from tests.bench.emulator.devices.flash import FlashDrive
from tests.bench.emulator.devices.usb import Setup, Stalled
from tests.bench.emulator.images import CONTAINER_FILES, with_containers

OUT, IN = 0x02, 0x81
DONE, FAILED = 0, 1


class Host:
    """The bulk-only transport from the other side."""

    def __init__(self, drive: FlashDrive) -> None:
        self.drive = drive
        self._tag = 0

    def read(self, command: str, length: int, chunk: int = 4096) -> tuple[int, bytes]:
        """A command that reads; whether it failed, and what came in pieces of ``chunk``."""
        self._send(command, length, 0x80)
        data = b""
        while len(data) < length:
            piece = self.drive.read(IN, min(chunk, length - len(data)))
            assert piece is not None
            data += piece
            if len(piece) < chunk:
                break
        return self._status(length - len(data)), data

    def write(self, command: str, data: bytes = b"", chunk: int = 4096) -> int:
        """A command that writes, or moves nothing; whether it failed."""
        self._send(command, len(data), 0)
        for start in range(0, len(data), chunk):
            assert self.drive.read(IN, 13) is None
            self.drive.write(OUT, data[start : start + chunk])
        return self._status(0)

    def _send(self, command: str, length: int, flags: int) -> None:
        self._tag += 1
        block = bytes.fromhex(command)
        head = struct.pack("<4sIIBBB", b"USBC", self._tag, length, flags, 0, len(block))
        self.drive.write(OUT, head + block.ljust(16, b"\0"))

    def _status(self, residue: int) -> int:
        answer = self.drive.read(IN, 13)
        assert answer is not None
        signature, tag, left, status = struct.unpack("<4sIIB", answer)
        assert (signature, tag, left) == (b"USBS", self._tag, residue)
        assert self.drive.read(IN, 13) is None
        return int(status)


@pytest.fixture(scope="module")
def image() -> bytes:
    return with_containers(["ivanov00", "petrov00"])


@pytest.fixture
def host(image: bytes) -> Iterator[Host]:
    drive = FlashDrive(image, serial="60A44C3FAE22")
    drive.attach(lambda: None)
    yield Host(drive)
    drive.detach()


def test_an_image_holds_containers_as_a_csp_leaves_them(image: bytes, tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(image)
    listed = subprocess.run(
        ["mdir", "-b", "-/", "-i", f"{path}@@1M", "::"], check=True, capture_output=True, text=True
    )
    assert sorted(listed.stdout.split()) == sorted(
        f"::/{container}.000/{'' if name is None else name + '.key'}"
        for container in ("ivanov00", "petrov00")
        for name in (None, *CONTAINER_FILES)
    )
    assert (image[510:512], image[450]) == (b"\x55\xaa", 0x0E)


def test_a_host_finds_a_disk_of_that_size_and_reads_it(host: Host, image: bytes) -> None:
    assert host.write("000000000000") == DONE
    _, inquiry = host.read("120000002400", 36)
    assert inquiry[8:32] == b"KingstonDataTraveler 3.0"
    _, capacity = host.read("25000000000000000000", 8)
    assert struct.unpack(">II", capacity) == (len(image) // BLOCK - 1, BLOCK)
    assert host.read("28000000080000004000", 64 * BLOCK) == (
        DONE,
        image[2048 * BLOCK : 2112 * BLOCK],
    )


def test_what_is_written_is_read_again(host: Host, image: bytes) -> None:
    data = bytes(range(256)) * 2 * 20
    assert host.write("2A000000100000000200", b"first" + bytes(1019)) == DONE
    assert host.write("2A000000100000001400", data) == DONE
    assert host.read("28000000100000001400", len(data)) == (DONE, data)
    changed = bytearray(image)
    changed[4096 * BLOCK : 4116 * BLOCK] = data
    assert (host.drive.content == changed) is True


def test_what_it_cannot_do_fails_and_says_why(host: Host, image: bytes) -> None:
    beyond = f"2800{len(image) // BLOCK:08x}00000100"
    for command, length, key, code in (
        (beyond, BLOCK, 5, 0x21),
        ("9E100000000000000000000000200000", 32, 5, 0x20),
        ("120180002400", 36, 5, 0x24),
    ):
        assert host.read(command, length) == (FAILED, b"")
        _, sense = host.read("030000001200", 18)
        assert (sense[2], sense[12]) == (key, code)
        assert host.read("030000001200", 18)[1][2] == 0


def test_a_reset_forgets_half_a_command(host: Host) -> None:
    host._send("2A000000100000001400", 20 * BLOCK, 0)
    assert host.drive.class_request(_class(0xFF), b"") == b""
    assert host.write("000000000000") == DONE
    assert host.drive.class_request(_class(0xFE), b"") == b"\0"
    with pytest.raises(Stalled):
        host.drive.write(OUT, b"nonsense")


def _class(request: int) -> Setup:
    return Setup(kind=0x21, request=request, value=0, index=0, length=1)
