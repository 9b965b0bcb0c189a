"""A plugged device: a thread that carries bytes between a socket and the device's wire."""

from __future__ import annotations

import queue
import selectors
import socket
import threading
from collections.abc import Callable
from typing import Protocol

from ..devices.usb import Device
from .wake import Wake

_CHUNK = 1 << 16
_DEADLINE = 10.0


class Wire(Protocol):
    """One wire protocol with one device behind it."""

    def receive(self, untrusted_data: bytes) -> None:
        """Bytes from the other end."""
        ...

    def outgoing(self) -> bytes:
        """Everything to be sent now."""
        ...


class Line:
    """Begins to serve at once, ends with `close` or when the other end hangs up."""

    def __init__(self, device: Device, wire: Wire, connection: socket.socket) -> None:
        self.device = device
        self._wire = wire
        self._connection = connection
        self._wake = Wake()
        self._orders: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self.configured = threading.Event()
        """Set while the host uses the device."""
        self.failure: Exception | None = None
        """Why the line ended, where nobody asked it to."""
        connection.settimeout(_DEADLINE)
        self._thread = threading.Thread(target=self._run, name=device.identity.name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """False once the other end hung up or said nonsense."""
        return self._thread.is_alive()

    def order(self, work: Callable[[], None]) -> None:
        """Have the line's own thread do something, and wait until it did."""
        done = threading.Event()

        def work_and_tell() -> None:
            work()
            self._note_configuration()
            done.set()

        self._orders.put(work_and_tell)
        self._wake()
        if not done.wait(_DEADLINE):
            raise TimeoutError(f"{self.device.identity.name} is not plugged in any more")

    def close(self) -> None:
        """Hang up; raises what ended the line before, unless the other end just went away."""
        self._orders.put(None)
        self._wake()
        self._thread.join(2 * _DEADLINE)
        if self._thread.is_alive():
            raise TimeoutError(f"{self.device.identity.name} does not stop")
        self._wake.close()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self.device.attach(self._wake)
            self._carry()
        except ConnectionError:
            pass  # the other end died, which a case may want
        except Exception as failure:
            self.failure = failure
        finally:
            self.configured.clear()
            self._connection.close()
            self.device.detach()

    def _carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._connection, selectors.EVENT_READ)
            selector.register(self._wake, selectors.EVENT_READ)
            while True:
                self._connection.sendall(self._wire.outgoing())
                self._note_configuration()
                ready = {key.fileobj for key, _ in selector.select()}
                if self._wake in ready and not self._obey():
                    return
                if self._connection in ready and not self._receive():
                    return

    def _obey(self) -> bool:
        """Carry out what was ordered; false for the order to hang up."""
        self._wake.clear()
        while not self._orders.empty():
            work = self._orders.get()
            if work is None:
                return False
            work()
        return True

    def _receive(self) -> bool:
        """Pass on what came; false where the other end hung up."""
        data = self._connection.recv(_CHUNK)
        self._wire.receive(data)
        return bool(data)

    def _note_configuration(self) -> None:
        if self.device.configuration:
            self.configured.set()
        else:
            self.configured.clear()
