"""The transfers that a host started and a device has not finished, as a host controller keeps them.

Neutral between the two wire protocols: both turn their packets into a `Transfer` and a `Completion`
into a packet.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from ..devices.usb import IN, Babbled, Device, Setup, Stalled


class Result(Enum):
    """How a transfer ended."""

    DONE = "done"
    CANCELLED = "cancelled"
    STALLED = "stalled"
    BABBLED = "babbled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One transfer. ``endpoint`` has the direction bit; 0 and 0x80 are the control endpoint."""

    id: int
    endpoint: int
    setup: Setup | None = None
    data: bytes = b""
    length: int = 0
    """Bytes the host has room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The end of a transfer; ``data`` is what the host reads."""

    transfer: Transfer
    result: Result
    data: bytes = b""


class Transfers:
    """The transfers of one attached device, in the order of each endpoint."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._waiting: dict[int, deque[Transfer]] = {}
        self._ended: deque[Completion] = deque()

    def start(self, transfer: Transfer) -> None:
        """Begin a transfer; its end is among the `completions`, now or later."""
        if transfer.setup is None and transfer.endpoint & IN:
            self._waiting.setdefault(transfer.endpoint, deque()).append(transfer)
            return
        try:
            data = self._at_once(transfer)
        except Stalled:
            self._end(transfer, Result.STALLED)
        else:
            self._end(transfer, Result.DONE, data)

    def cancel(self, transfer_id: int) -> bool:
        """End a waiting transfer as cancelled; false where none of that id waits."""
        for waiting in self._waiting.values():
            for transfer in waiting:
                if transfer.id == transfer_id:
                    waiting.remove(transfer)
                    self._end(transfer, Result.CANCELLED)
                    return True
        return False

    def forget(self) -> None:
        """Drop everything: the host reset the bus and waits for nothing."""
        self._waiting.clear()
        self._ended.clear()

    def completions(self) -> Iterator[Completion]:
        """What ended since the last look; asks the device for what is waited for."""
        for endpoint, waiting in list(self._waiting.items()):
            while waiting and self._serve(endpoint, waiting):
                pass
        while self._ended:
            yield self._ended.popleft()

    def _at_once(self, transfer: Transfer) -> bytes:
        if transfer.setup is not None:
            return self._device.control(transfer.setup, transfer.data)
        self._device.write(transfer.endpoint, transfer.data)
        return b""

    def _serve(self, endpoint: int, waiting: deque[Transfer]) -> bool:
        """Try the first waiting transfer; false while the device has nothing for it."""
        try:
            data = self._device.read(endpoint, waiting[0].length)
        except Stalled:
            self._end(waiting.popleft(), Result.STALLED)
            return True
        except Babbled:
            self._end(waiting.popleft(), Result.BABBLED)
            return True
        if data is None:
            return False
        self._end(waiting.popleft(), Result.DONE, data)
        return True

    def _end(self, transfer: Transfer, result: Result, data: bytes = b"") -> None:
        self._ended.append(Completion(transfer=transfer, result=result, data=data))
