"""Files on disks for a guest: made without mounting anything."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

_SPARE_MB = 16


def ext4(image: Path, *files: Path) -> Path:
    """A disk with copies of these files or directories in its root; owned by root in the guest."""
    with tempfile.TemporaryDirectory(dir=image.parent) as root:
        for file in files:
            if file.is_dir():
                shutil.copytree(file, Path(root, file.name), symlinks=True)
            else:
                shutil.copy(file, root)
        used = int(_run("du", "-sm", "--apparent-size", root).split()[0])
        _empty(image, used + used // 8 + _SPARE_MB)
        _run("mke2fs", "-q", "-t", "ext4", "-E", "root_owner=0:0", "-d", root, str(image))
    return image


def overlay(disk: Path, backing: Path) -> Path:
    """A disk that begins as ``backing``, which is only read, and keeps what is written to it."""
    _run("qemu-img", "create", "-q", "-f", "qcow2", "-b", str(backing), "-F", "raw", str(disk))
    return disk


def copy(disk: Path, source: Path) -> Path:
    """A copy that takes no space of its own where the file system can share blocks."""
    _run("cp", "--reflink=auto", "--sparse=always", str(source), str(disk))
    return disk


def _empty(image: Path, size_mb: int) -> None:
    with image.open("wb") as file:
        file.truncate(size_mb << 20)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout
