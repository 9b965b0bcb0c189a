"""USB devices coming and going, by udev's messages or, where no udevd runs, the kernel's own.

Remove messages carry no vendor id, so a device is remembered by its path from the moment it came.
Deauthorising a device removes its interfaces only: that is `Touched`, not `Unplugged`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pyudev

from domain.carrier import Maker
from domain.sighting import Device
from drivers.catalogue import device_for
from drivers.watch import Change, Lost, Plugged, Touched, Unplugged

_UDEVD_RUNS = "/run/udev/control"


def source() -> str:
    """Whose messages are heard: udevd's, or the kernel's own where none runs."""
    return "udev" if os.path.exists(_UDEVD_RUNS) else "kernel"


_RECEIVE_BUFFER = 8 << 20
"""Bytes the kernel may keep for us: thousands of messages, so that a flush to a slow disk loses
none. Without CAP_NET_ADMIN the kernel grants net.core.rmem_max at most."""

_SMART_CARD_INTERFACE = ":0b"
_SMART_CARD_CLASS = "11/"
_INTERFACE_GONE = frozenset({"remove", "unbind"})


class UdevWatch:
    """Carriers and readers on USB. Subscribes at once, so that nothing is lost before `present`."""

    def __init__(self) -> None:
        self.name = f"usb ({source()})"
        self._known: dict[str, Device] = {}
        self._context = pyudev.Context()
        self._monitor = pyudev.Monitor.from_netlink(self._context, source())
        self._monitor.filter_by("usb")
        self._widen()
        self._monitor.start()

    def fileno(self) -> int:
        """Readable when there are messages."""
        return int(self._monitor.fileno())

    def present(self) -> list[Device]:
        """Every carrier and reader plugged now; they are remembered."""
        found = self._enumerate()
        self._known.update(found)
        return list(found.values())

    def changes(self) -> list[Change]:
        """What the waiting messages say; after lost ones also what a fresh look says."""
        changes: list[Change] = []
        for message in waiting_messages(self._monitor):
            change = message if isinstance(message, Lost) else self._change(message)
            if change is not None and change not in changes[-1:]:
                changes.append(change)
        if any(isinstance(change, Lost) for change in changes):
            changes += self._reconcile()
        return _without_echoes(changes)

    def _widen(self) -> None:
        try:
            self._monitor.set_receive_buffer_size(_RECEIVE_BUFFER)
        except OSError:
            with socket.socket(fileno=os.dup(self.fileno())) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)

    def _change(self, message: Any) -> Change | None:
        if message.action == "remove" and message.device_path in self._known:
            return Unplugged(device=self._known.pop(message.device_path))
        kind = message.properties.get("DEVTYPE")
        if kind == "usb_device":
            return self._device_change(message)
        if kind == "usb_interface":
            return self._interface_change(message)
        return None

    def _device_change(self, message: Any) -> Change | None:
        device = _device(message) if message.action == "add" else None
        if device is None or self._known.get(device.port) == device:
            return None
        self._known[device.port] = device
        return Plugged(device=device)

    def _interface_change(self, message: Any) -> Change | None:
        port = os.path.dirname(message.device_path)
        if port in self._known:
            return Touched(reason=f"{_word(message.action)} {port}")
        reader = _reader_of(message) if message.action == "add" else None
        if reader is None:
            return None
        self._known[port] = reader
        return Plugged(device=reader)

    def _reconcile(self) -> list[Change]:
        """Every difference between what was remembered and what is there."""
        before, self._known = self._known, self._enumerate()
        gone = [d for port, d in before.items() if self._known.get(port) != d]
        came = [d for port, d in self._known.items() if before.get(port) != d]
        return [*(Unplugged(device=d) for d in gone), *(Plugged(device=d) for d in came)]

    def _enumerate(self) -> dict[str, Device]:
        candidates = self._context.list_devices(subsystem="usb", DEVTYPE="usb_device")
        devices = (_device(candidate) for candidate in candidates)
        found = {device.port: device for device in devices if device is not None}
        for interface in self._context.list_devices(subsystem="usb", DEVTYPE="usb_interface"):
            reader = _reader_of(interface)
            if reader is not None:
                found.setdefault(reader.port, reader)
        return found


def waiting_messages(monitor: pyudev.Monitor) -> Iterator[Any]:
    """Waiting messages until there are none; an overflow is a `Lost` among them."""
    while True:
        try:
            message = monitor.poll(timeout=0)
        except OSError as error:
            # pyudev raises before it reads: the error would stay on the socket for ever.
            with socket.socket(fileno=os.dup(monitor.fileno())) as same:
                pending = same.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            yield Lost(reason=os.strerror(pending) if pending else str(error))
            continue
        if message is None:
            return
        yield message


def _device(message: Any) -> Device | None:
    """A carrier or reader of the catalogue, or any other card reader by its interface class."""
    usb_id = _usb_id(message)
    device = device_for(usb_id, message.device_path)
    if device is None and _SMART_CARD_INTERFACE in message.properties.get("ID_USB_INTERFACES", ""):
        return _reader(message.device_path, usb_id)
    return device


def _reader_of(interface: Any) -> Device | None:
    """The reader whose smart card interface this is; None where it is another interface."""
    if not interface.properties.get("INTERFACE", "").startswith(_SMART_CARD_CLASS):
        return None
    return _reader(os.path.dirname(interface.device_path), _usb_id(interface))


def _reader(port: str, usb_id: str) -> Device:
    return Device(port=port, usb_id=usb_id, maker=Maker.OTHER, model="", is_reader=True)


def _usb_id(message: Any) -> str:
    """The ids by udevd's properties, else the kernel's PRODUCT ("a89/30/100"), else by sysfs."""
    properties = message.properties
    vendor, product = properties.get("ID_VENDOR_ID", ""), properties.get("ID_MODEL_ID", "")
    if not (vendor and product):
        vendor, _, rest = properties.get("PRODUCT", "").partition("/")
        product = rest.partition("/")[0]
    if not (vendor and product):
        vendor, product = _attribute(message, "idVendor"), _attribute(message, "idProduct")
    return f"{vendor:0>4}:{product:0>4}".lower()


def _attribute(message: Any, name: str) -> str:
    value = message.attributes.get(name) or b""
    return str(value.decode("ascii", "replace")).strip()


def _word(action: str) -> str:
    return "interface gone:" if action in _INTERFACE_GONE else "interface came:"


def _without_echoes(changes: list[Change]) -> list[Change]:
    """Interfaces come and go with their device; told of by themselves only if that stays."""
    ports = {c.device.port for c in changes if isinstance(c, Plugged | Unplugged)}
    return [
        change
        for change in changes
        if not (isinstance(change, Touched) and change.reason.rpartition(" ")[2] in ports)
    ]
