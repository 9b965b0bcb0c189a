"""One device behind Linux's vhci-hcd: bytes in, bytes out. No socket here.

Layouts are those of the kernel's Documentation/usb/usbip_protocol.rst; everything is big-endian.
"""

from __future__ import annotations

import errno
import struct
from collections import deque

from ..devices.usb import IN, Device, Setup
from .transfers import Completion, Result, Transfer, Transfers

_SUBMIT, _UNLINK, _SUBMITTED, _UNLINKED = 1, 2, 3, 4
_HEAD = struct.Struct(">IIIII")  # command, sequence, device, direction, endpoint
_SUBMIT_BODY = struct.Struct(">IiiiI8s")  # flags, length, frame, packets, interval, setup
_ANSWER_BODY = struct.Struct(">iiiii8x")  # status, length, frame, packets, errors
_UNLINK_BODY = struct.Struct(">I24x")
_UNLINKED_BODY = struct.Struct(">i24x")
_SIZE = _HEAD.size + _SUBMIT_BODY.size
_TO_HOST = 1
_NOT_ISOCHRONOUS = -1
_STATUSES = {
    Result.DONE: 0,
    Result.STALLED: -errno.EPIPE,
    Result.BABBLED: -errno.EOVERFLOW,
}
_LONGEST = 1 << 24


class NotUsbIp(Exception):
    """The other end says what the protocol does not allow."""


class UsbIpWire:
    """The end that has the device."""

    def __init__(self, device: Device) -> None:
        self._transfers = Transfers(device)
        self._buffer = bytearray()
        self._outgoing: deque[bytes] = deque()

    def receive(self, untrusted_data: bytes) -> None:
        """Bytes from the kernel; raises `NotUsbIp`."""
        self._buffer += untrusted_data
        while self._take():
            pass

    def outgoing(self) -> bytes:
        """Everything to be sent now."""
        for completion in self._transfers.completions():
            if completion.result is not Result.CANCELLED:
                self._answer(completion)
        waiting, self._outgoing = self._outgoing, deque()
        return b"".join(waiting)

    def _take(self) -> bool:
        if len(self._buffer) < _SIZE:
            return False
        command, sequence, _, direction, endpoint = _HEAD.unpack_from(self._buffer)
        if command == _UNLINK:
            self._unlink(sequence)
            del self._buffer[:_SIZE]
            return True
        if command != _SUBMIT:
            raise NotUsbIp(f"the kernel sent command {command}")
        return self._submit(sequence, endpoint | (IN if direction == _TO_HOST else 0))

    def _submit(self, sequence: int, endpoint: int) -> bool:
        """Start the transfer at the head of the buffer; false while its data is not all there."""
        _, length, _, _, _, setup = _SUBMIT_BODY.unpack_from(self._buffer, _HEAD.size)
        if not 0 <= length <= _LONGEST:
            raise NotUsbIp(f"a transfer of {length} bytes")
        size = _SIZE if endpoint & IN else _SIZE + length
        if len(self._buffer) < size:
            return False
        transfer = Transfer(
            id=sequence,
            endpoint=endpoint,
            setup=None if endpoint & 0x0F else Setup.parse(setup),
            data=bytes(self._buffer[_SIZE:size]),
            length=length,
        )
        del self._buffer[:size]
        self._transfers.start(transfer)
        return True

    def _unlink(self, sequence: int) -> None:
        """The kernel wants a transfer ended; one that is over already gets status 0."""
        (unlinked,) = _UNLINK_BODY.unpack_from(self._buffer, _HEAD.size)
        status = -errno.ECONNRESET if self._transfers.cancel(unlinked) else 0
        self._outgoing.append(
            _HEAD.pack(_UNLINKED, sequence, 0, 0, 0) + _UNLINKED_BODY.pack(status)
        )

    def _answer(self, ended: Completion) -> None:
        moved = len(ended.data if ended.transfer.endpoint & IN else ended.transfer.data)
        body = _ANSWER_BODY.pack(_STATUSES[ended.result], moved, 0, _NOT_ISOCHRONOUS, 0)
        head = _HEAD.pack(_SUBMITTED, ended.transfer.id, 0, 0, 0)
        self._outgoing.append(head + body + ended.data)
