"""File systems on USB storage, as the kernel and udev's database know them."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path

_ON_USB = re.compile(r"/usb\d+/")
_MOST_DEVICES = 1024
_LARGEST_ENTRY = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """A disk or partition on USB. ``device`` is (major, minor), ``node`` the kernel's name;
    ``untrusted`` are udev's properties, empty where udev has not dealt with it (yet)."""

    device: tuple[int, int]
    node: str
    untrusted: dict[str, str] = field(default_factory=dict)

    @property
    def slot(self) -> int:
        """A number for the place: never 0."""
        return os.makedev(*self.device)


def drives_on_usb(root: Path) -> list[Drive]:
    """All of them, sorted by their numbers. Nothing is opened but the kernel's and udev's files."""
    block = root / "sys/class/block"
    try:
        nodes = sorted(os.listdir(block))[:_MOST_DEVICES]
    except OSError:
        return []
    found = [drive for node in nodes if (drive := _drive(root, block / node)) is not None]
    return sorted(found, key=lambda drive: drive.device)


def has_udev(root: Path) -> bool:
    """Whether udev keeps a database here at all."""
    return (root / "run/udev/data").is_dir()


def _drive(root: Path, link: Path) -> Drive | None:
    try:
        if not _ON_USB.search(os.readlink(link)):
            return None
        major, _, minor = (link / "dev").read_text("ascii").strip().partition(":")
        device = int(major), int(minor)
    except (OSError, ValueError):
        return None  # it has just gone
    return Drive(device=device, node=link.name, untrusted=_properties(root, device))


def _properties(root: Path, device: tuple[int, int]) -> dict[str, str]:
    """The entry of udev's database: lines of one letter, a colon and, for E, NAME=VALUE."""
    path = root / f"run/udev/data/b{device[0]}:{device[1]}"
    try:
        with path.open("rb") as entry:
            lines = entry.read(_LARGEST_ENTRY).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    pairs = (line[2:].partition("=") for line in lines if line.startswith("E:"))
    return {name: value for name, equals, value in pairs if equals}
