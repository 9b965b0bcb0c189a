"""Which programs hold card readers: what to close where a carrier can't be read.

Two ways lead to a reader: through pcscd, with its client library mapped (whatever vendor's module
loaded it), or past it, with the USB device node itself open, as GnuPG's scdaemon and virtual
machines do. The second shuts pcscd out. Others' processes are only seen by root where /proc is
visible, so this is no part of the agent: `python -m drivers.holders` tells it as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum

import psutil

_CLIENT_LIBRARY = "/libpcsclite.so"
_USB_NODES = "/dev/bus/usb/"
_PCSCD = "pcscd"


class Way(StrEnum):
    """How a program reaches the reader."""

    PCSC = "pcsc"
    USB = "usb"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A program that has, or may at any moment take, a card. ``user`` is its login, or the uid
    where that has no name; ``what`` the library or device node that says so."""

    pid: int
    name: str
    user: str
    way: Way
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holders:
    """``unseen`` counts processes that this user may not look into: "none found" is sure only
    where it is 0."""

    found: tuple[Holder, ...]
    unseen: int


def holders(usb_nodes: str = _USB_NODES) -> Holders:
    """The programs that hold a reader now, pcscd itself left out; takes up to a second.

    Raises nothing for processes that end meanwhile or can't be looked into: those are counted.
    """
    found: list[Holder] = []
    unseen = 0
    for process in psutil.process_iter():
        try:
            found += _held_by(process, usb_nodes)
        except psutil.NoSuchProcess:
            continue
        except (psutil.AccessDenied, PermissionError):
            unseen += 1
    return Holders(found=tuple(found), unseen=unseen)


def _held_by(process: psutil.Process, usb_nodes: str) -> Iterator[Holder]:
    name = process.name()
    if name == _PCSCD or process.pid == os.getpid():
        return
    ways = {Way.PCSC: _client_library(process), Way.USB: _open_node(process.pid, usb_nodes)}
    for way, what in ways.items():
        if what:
            yield Holder(pid=process.pid, name=name, user=_user(process), way=way, what=what)


def _client_library(process: psutil.Process) -> str:
    mapped = (file.path for file in process.memory_maps(grouped=True))
    return next((path for path in mapped if _CLIENT_LIBRARY in path), "")


def _open_node(pid: int, usb_nodes: str) -> str:
    """The device node itself: psutil lists regular files only."""
    directory = f"/proc/{pid}/fd"
    try:
        for descriptor in os.listdir(directory):
            target = _target(f"{directory}/{descriptor}")
            if target.startswith(usb_nodes):
                return target
    except FileNotFoundError as error:
        raise psutil.NoSuchProcess(pid) from error
    return ""


def _target(link: str) -> str:
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


def _user(process: psutil.Process) -> str:
    try:
        return process.username()
    except KeyError:
        return str(process.uids().real)


if __name__ == "__main__":
    json.dump(asdict(holders()), sys.stdout)
