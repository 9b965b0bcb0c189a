"""A place where a device can be plugged: what the bench's cases work with."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager

from ..devices.usb import Device
from .line import Line

_DEADLINE = 30.0


class PortError(Exception):
    """The port can't do what it was asked; the text says why."""


class Port(ABC):
    """One port, one device at a time. Not for two threads at once."""

    def __init__(self) -> None:
        self._line: Line | None = None

    def plug(self, device: Device) -> None:
        """Plug a device in. The host sees it a moment later: see `wait_configured`."""
        if self._line is not None:
            raise PortError("something is plugged in here already")
        self._line = self._open(device)

    def pull(self) -> None:
        """Pull the device out; raises where it had failed before."""
        line, self._line = self._plugged(), None
        line.close()

    @contextmanager
    def plugged(self, device: Device) -> Iterator[None]:
        """A device that is plugged in for as long as the context lasts, unless pulled before."""
        self.plug(device)
        try:
            yield
        finally:
            if self._line is not None:
                self.pull()

    @abstractmethod
    def reenumerate(self) -> None:
        """Let the device leave the bus and return at once, though nobody pulled it."""

    @abstractmethod
    def _open(self, device: Device) -> Line:
        """Connect a device; raises `PortError`."""

    def wait_configured(self, timeout: float = _DEADLINE) -> None:
        """Until the host has enumerated the device and chose its configuration; `PortError`."""
        line = self._plugged()
        if not line.configured.wait(timeout):
            state = "waits" if line.alive else f"ended: {line.failure or 'the host hung up'}"
            raise PortError(f"not configured within {timeout} s; the line {state}")

    def _plugged(self) -> Line:
        if self._line is None:
            raise PortError("nothing is plugged in here")
        return self._line
