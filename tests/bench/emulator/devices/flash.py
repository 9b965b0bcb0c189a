"""A flash drive on USB: a disk behind the bulk-only transport of USB mass storage, revision 1.0."""

from __future__ import annotations

import struct
from collections import deque
from dataclasses import replace

from .disk import CheckCondition, Disk
from .usb import (
    IN,
    Device,
    Endpoint,
    Identity,
    Interface,
    Kind,
    Setup,
    Speed,
    Stalled,
    first_packets,
)

DATA_TRAVELER = Identity(
    vendor=0x0951, product=0x1666, manufacturer="Kingston", name="DataTraveler 3.0"
)
"""Ids and names of a common flash drive."""

BULK_OUT, BULK_IN = 0x02, 0x01 | IN
_SCSI_OVER_BULK = (0x08, 0x06, 0x50)
_COMMAND = struct.Struct("<4sIIBBB16s")  # signature, tag, length, flags, unit, size, command
_STATUS = struct.Struct("<4sIIB")  # signature, tag, residue, failed
_GET_MAX_LUN, _RESET = 0xFE, 0xFF
_PACKET = 512


class FlashDrive(Device):
    """What is written stays in memory: see `content`."""

    def __init__(
        self, content: bytes, *, serial: str | None, identity: Identity = DATA_TRAVELER
    ) -> None:
        """``content`` is the whole disk, partition table first."""
        ends = (BULK_OUT, BULK_IN)
        face = Interface(
            kind=_SCSI_OVER_BULK,
            endpoints=tuple(Endpoint(address=end, kind=Kind.BULK, packet=_PACKET) for end in ends),
        )
        super().__init__(replace(identity, serial=serial), face, Speed.HIGH)
        self._disk = Disk(content, identity.manufacturer, identity.name)
        self.reset()

    @property
    def content(self) -> bytes:
        """The whole disk as it is now."""
        return bytes(self._disk.content)

    def reset(self) -> None:
        super().reset()
        self._command: bytes | None = None
        """The command whose data is still coming, with its transport head."""
        self._data = bytearray()
        self._outgoing: deque[bytes] = deque()

    def class_request(self, setup: Setup, data: bytes) -> bytes:
        if setup.request == _GET_MAX_LUN:
            return bytes(1)
        if setup.request != _RESET:
            raise Stalled(setup)
        configuration = self.configuration
        self.reset()
        self.configuration = configuration
        return b""

    def write(self, endpoint: int, data: bytes) -> None:
        if endpoint != BULK_OUT:
            raise Stalled(endpoint)
        if self._command is None:
            if len(data) != _COMMAND.size:
                raise Stalled("no command")
            self._command = data
        else:
            self._data += data
        _, _, length, flags, *_ = _COMMAND.unpack(self._command)
        if flags & IN or len(self._data) >= length:
            self._execute()

    def read(self, endpoint: int, length: int) -> bytes | None:
        if endpoint != BULK_IN:
            raise Stalled(endpoint)
        return first_packets(self._outgoing, length, _PACKET)

    def _execute(self) -> None:
        assert self._command is not None
        _, tag, length, flags, _, size, block = _COMMAND.unpack(self._command)
        answer, failed = b"", False
        try:
            answer = self._disk.command(block[: size & 0x1F], bytes(self._data))[:length]
        except CheckCondition:
            failed = True
        moved = len(answer) if flags & IN else len(self._data)
        if flags & IN and length:
            self._outgoing.append(answer)
        self._outgoing.append(_STATUS.pack(b"USBS", tag, length - moved, failed))
        self._command = None
        self._data.clear()
