"""Real udev messages without USB: umockdev's C library through ctypes.

The process has to run with libumockdev-preload, which sends what a testbed emits to every listener
of udev in the processes that share the testbed's directory. `run_inner` starts pytest so.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.workers import REPOSITORY

PRELOAD = "libumockdev-preload.so.0"
_DEVICE, _INTERFACE = b"usb_device", b"usb_interface"


def run_inner(
    file: Path, tmp_path: Path, before: Sequence[str] = (), preload: str = PRELOAD
) -> None:
    """Run the tests of ``file`` in a process of their own; fail with what they said."""
    # umockdev leaves its directory where TMPDIR says.
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    if preload:
        environment["LD_PRELOAD"] = preload
    # Not captured once more: a C library that aborts says why on its way.
    command = [*before, sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:xdist", str(file)]
    done = subprocess.run(
        [*command, f"--basetemp={tmp_path / 'inner'}"],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


class Testbed:
    """Devices that are plugged and pulled by a test."""

    __test__ = False

    def __init__(self) -> None:
        self._library = ctypes.CDLL("libumockdev.so.0")
        self._library.umockdev_testbed_new.restype = ctypes.c_void_p
        self._library.umockdev_testbed_add_device.restype = ctypes.c_void_p
        self._testbed = ctypes.c_void_p(self._library.umockdev_testbed_new())

    def plug(
        self, name: str, usb_id: str, *, interface: str = "", parent: str = "", serial: str = ""
    ) -> str:
        """A USB device, or an interface of the device ``parent``; its path below /sys."""
        vendor, product = (part.encode() for part in usb_id.split(":"))
        attributes = [] if interface else [b"idVendor", vendor, b"idProduct", product]
        attributes += [b"serial", serial.encode()] if serial else []
        product_line = b"/".join([vendor.lstrip(b"0"), product.lstrip(b"0"), b"100"])
        properties = [b"DEVTYPE", _INTERFACE if interface else _DEVICE, b"PRODUCT", product_line]
        if interface:
            properties += [b"INTERFACE", interface.encode()]
        path = self._library.umockdev_testbed_add_device(
            self._testbed,
            b"usb",
            name.encode(),
            f"/sys{parent}".encode() if parent else None,
            *attributes,
            None,
            *properties,
            None,
        )
        return ctypes.string_at(path).decode().removeprefix("/sys")

    def pull(self, path: str) -> None:
        """The kernel's order: the message, then /sys without the device."""
        self.say(path, "remove")
        self._library.umockdev_testbed_remove_device(self._testbed, f"/sys{path}".encode())

    def leave(self, path: str) -> None:
        """Out of /sys without a word."""
        self._library.umockdev_testbed_remove_device(self._testbed, f"/sys{path}".encode())

    def say(self, path: str, action: str) -> None:
        self._library.umockdev_testbed_uevent(
            self._testbed, f"/sys{path}".encode(), action.encode()
        )

    def close(self) -> None:
        gobject = ctypes.CDLL("libgobject-2.0.so.0")
        gobject.g_object_unref(self._testbed)
