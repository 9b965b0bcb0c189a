"""USB devices coming and going, by udev's messages or, where no udevd runs, the kernel's own.

Remove messages carry no vendor id, so a device is remembered by its path from the moment it came.
Deauthorising a device removes its interfaces only: that is `Touched`, not `Unplugged`.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from domain.carrier import Maker
from domain.sighting import Device
from drivers.catalogue import device_for
from drivers.libudev import pyudev
from drivers.watch import Change, Lost, Plugged, Silent, Speaking, Touched, Unplugged

UDEVD_STOPPED = "udevd-stopped"
UDEV_SILENT = "udev-silent"

DOUBT_S = 10.0
"""How long udevd may take to tell of a device that the kernel shows: its rules run programs."""

_UDEVD_RUNS = "/run/udev/control"
_BUS = "/sys/bus/usb/devices"


def source() -> str:
    """Whose messages are heard: udevd's, or the kernel's own where none runs."""
    return "udev" if os.path.exists(_UDEVD_RUNS) else "kernel"


_RECEIVE_BUFFER = 8 << 20
"""Bytes the kernel may keep for us: thousands of messages, so that a flush to a slow disk loses
none. Without CAP_NET_ADMIN the kernel grants net.core.rmem_max at most."""

_MOST_SERIAL = 126
"""Characters a USB string descriptor can hold."""

_SMART_CARD_INTERFACE = ":0b"
_SMART_CARD_CLASS = "11/"
_INTERFACE_GONE = frozenset({"remove", "unbind"})


class UdevWatch:
    """Carriers and readers on USB. Subscribes at once, so that nothing is lost before `present`."""

    def __init__(self) -> None:
        heard = source()
        self.name = f"usb ({heard})"
        self._needs_udevd = heard == "udev"
        self._known: dict[str, Device] = {}
        self._names = _names_on_the_bus()
        self._doubtful_since: float | None = None
        self._silent = ""
        self._context = pyudev.Context()
        self._monitor = pyudev.Monitor.from_netlink(self._context, heard)
        self._monitor.filter_by("usb")
        self._widen()
        self._monitor.start()

    def fileno(self) -> int:
        """Readable when there are messages."""
        return int(self._monitor.fileno())

    def present(self) -> list[Device]:
        """Every carrier and reader plugged now; they are remembered."""
        self._names = _names_on_the_bus()
        found = self._enumerate()
        self._known.update(found)
        return list(found.values())

    def changes(self) -> list[Change]:
        """What the waiting messages say; after lost ones also what a fresh look says."""
        changes: list[Change] = []
        for message in waiting_messages(self._monitor):
            if self._silent:
                self._silent = ""
                changes.append(Speaking())
            change = message if isinstance(message, Lost) else self._change(message)
            if change is not None and change not in changes[-1:]:
                changes.append(change)
        if any(isinstance(change, Lost) for change in changes):
            changes += self._reconcile()
        return _without_echoes(changes)

    def check(self, now: float) -> list[Change]:
        """Changes that no message told of: udevd is stopped, or it hangs while the kernel goes on.

        The kernel's own messages need nobody in between. A difference must last for a while: the
        message may still be on its way.
        """
        if not self._needs_udevd:
            return []
        told = self.changes()
        if self._silent == UDEVD_STOPPED and os.path.exists(_UDEVD_RUNS):
            self._silent = ""
            return [*told, Speaking(), *self._reconcile()]
        if self._silent:
            return [*told, *self._reconcile()]
        if not os.path.exists(_UDEVD_RUNS):
            return [*told, *self._fallen_silent(UDEVD_STOPPED, f"no {_UDEVD_RUNS}")]
        if self._is_doubted(now):
            return [*told, *self._fallen_silent(UDEV_SILENT, "devices without a message")]
        return told

    def _is_doubted(self, now: float) -> bool:
        """Whether devices differ from what was told, and did so for long enough."""
        before, self._names = self._names, _names_on_the_bus()
        if before == self._names and self._doubtful_since is None:
            return False
        if self._enumerate() == self._known:
            self._doubtful_since = None
            return False
        since = self._doubtful_since = now if self._doubtful_since is None else self._doubtful_since
        return now - since >= DOUBT_S

    def _fallen_silent(self, cause: str, detail: str) -> list[Change]:
        self._silent, self._doubtful_since = cause, None
        return [Silent(cause=cause, detail=detail), *self._reconcile()]

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


def _names_on_the_bus() -> list[str]:
    try:
        return sorted(os.listdir(_BUS))
    except OSError:
        return []


def _device(message: Any) -> Device | None:
    """A carrier or reader of the catalogue, or any other card reader by its interface class."""
    usb_id = _usb_id(message)
    device = device_for(usb_id, message.device_path)
    if device is not None and not device.is_reader:
        return replace(device, usb_serial=_usb_serial(message))
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


def _usb_serial(message: Any) -> str:
    """The kernel's spelling, which a message and a later look have in common."""
    untrusted = _attribute(message, "serial")
    printable = "".join(char if char.isprintable() else " " for char in untrusted)
    return " ".join(printable.split())[:_MOST_SERIAL]


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
