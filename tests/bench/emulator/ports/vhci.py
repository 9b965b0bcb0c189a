"""A port of this very machine, where its kernel has the module vhci-hcd. Needs root."""

from __future__ import annotations

import socket
from pathlib import Path

from ..devices.usb import Device, Speed
from .line import Line
from .port import Port, PortError
from .usbip import UsbIpWire

CONTROLLER = Path("/sys/devices/platform/vhci_hcd.0")
_SPEEDS = {Speed.FULL: 2, Speed.HIGH: 3}
_USB_2, _FREE = "hs", 4
_DEVICE_ID = 1 << 16 | 2
"""Bus 1, device 2 on the machine that a real usbip would come from; any will do."""


class Vhci(Port):
    """A free port of the virtual host controller."""

    def __init__(self, controller: Path = CONTROLLER) -> None:
        super().__init__()
        self._controller = controller

    def reenumerate(self) -> None:
        """The kernel has no word for this, so the line is cut and another one laid at once."""
        line = self._plugged()
        device = line.device
        self.pull()
        self.plug(device)

    def _open(self, device: Device) -> Line:
        ours, kernels = socket.socketpair()
        with kernels:
            order = f"{self._free_port()} {kernels.fileno()} {_DEVICE_ID} {_SPEEDS[device.speed]}"
            try:
                (self._controller / "attach").write_text(order)
            except OSError as error:
                ours.close()
                raise PortError(f"vhci-hcd refused the device: {error.strerror}") from None
        return Line(device, UsbIpWire(device), ours)

    def _free_port(self) -> int:
        try:
            _, *lines = (self._controller / "status").read_text().splitlines()
        except FileNotFoundError:
            raise PortError("no virtual host controller here: modprobe vhci-hcd") from None
        for line in lines:
            hub, number, state, *_ = line.split()
            if hub == _USB_2 and int(state) == _FREE:
                return int(number)
        raise PortError("every port of the virtual host controller is taken")
