"""A port of a virtual machine: the socket of one of QEMU's usb-redir devices.

-device qemu-xhci,id=xhci
-chardev socket,id=rd0,path=PATH,server=on,wait=off -device usb-redir,chardev=rd0,bus=xhci.0
"""

from __future__ import annotations

import socket
from pathlib import Path

from ..devices.usb import Device
from .line import Line
from .port import Port, PortError
from .redir import RedirWire


class UsbRedir(Port):
    """Connecting to the socket is plugging, hanging up is pulling."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._wire: RedirWire | None = None

    def reenumerate(self) -> None:
        line, wire = self._plugged(), self._wire
        assert wire is not None
        line.order(wire.reenumerate)

    def _open(self, device: Device) -> Line:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(self._path))
        except OSError as error:
            connection.close()
            raise PortError(f"no machine listens at {self._path}: {error.strerror}") from None
        self._wire = RedirWire(device)
        return Line(device, self._wire, connection)
