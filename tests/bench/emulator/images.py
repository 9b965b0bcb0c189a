"""Disk images of flash drives that hold key containers, made with mkfs.vfat and mtools.

A container of CryptoPro's is a folder NAME.000 in the root with six files. The names are all that
is real here: the files hold noise.
"""

from __future__ import annotations

import secrets
import struct
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

CONTAINER_FILES = ("header", "masks", "masks2", "name", "primary", "primary2")
_MIB = 1 << 20
_BLOCK = 512
_START = _MIB // _BLOCK
_FAT16 = 0x0E


def with_containers(
    containers: Sequence[str], *, label: str = "KEYS", mebibytes: int = 16
) -> bytes:
    """A disk with one FAT partition and these containers, such as ``ivanov00``."""
    with tempfile.TemporaryDirectory() as directory:
        image = Path(directory, "image")
        with image.open("wb") as disk:
            disk.truncate(mebibytes * _MIB)
        place = (f"--offset={_START}", "-h", str(_START))
        _run("/usr/sbin/mkfs.vfat", "-F", "16", "-n", label, *place, image)
        for container in containers:
            folder = Path(directory, f"{container}.000")
            folder.mkdir()
            for name in CONTAINER_FILES:
                (folder / f"{name}.key").write_bytes(secrets.token_bytes(64))
            _run("mcopy", "-s", "-i", f"{image}@@{_MIB}", folder, "::/")
        content = bytearray(image.read_bytes())
    content[:_BLOCK] = _partition_table(len(content) // _BLOCK)
    return bytes(content)


def _partition_table(blocks: int) -> bytes:
    """A master boot record with one partition, addressed by block alone."""
    entry = struct.pack(
        "<B3sB3sII", 0, b"\xfe\xff\xff", _FAT16, b"\xfe\xff\xff", _START, blocks - _START
    )
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}".strip())
