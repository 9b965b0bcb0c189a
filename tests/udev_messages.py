"""Real udev messages without USB: umockdev's C library through ctypes.

The process has to run under `umockdev-wrapper`, whose preload sends what a testbed emits to every
listener of udev in the processes that share the testbed's directory.
"""

from __future__ import annotations

import ctypes
import itertools

_library = ctypes.CDLL("libumockdev.so.0")
_library.umockdev_testbed_new.restype = ctypes.c_void_p
_library.umockdev_testbed_add_devicev.restype = ctypes.c_void_p
_numbers = itertools.count(1)


class Testbed:
    """A fake /sys and its messages."""

    __test__ = False

    def __init__(self) -> None:
        self._testbed = ctypes.c_void_p(_library.umockdev_testbed_new())

    def plug(self, vendor: str, product: str) -> str:
        """Add a USB device, which sends "add"; its path."""
        name = f"1-{next(_numbers)}".encode()
        properties = {
            "DEVTYPE": "usb_device",
            "ID_VENDOR_ID": vendor,
            "ID_MODEL_ID": product,
            "PRODUCT": f"{vendor.lstrip('0')}/{product.lstrip('0')}/100",
        }
        attributes = _strings("idVendor", vendor, "idProduct", product)
        flat = [text for pair in properties.items() for text in pair]
        path = _library.umockdev_testbed_add_devicev(
            self._testbed, b"usb", name, None, attributes, _strings(*flat)
        )
        return ctypes.string_at(path).decode()

    def pull(self, path: str) -> None:
        """Send "remove" and take the device away."""
        _library.umockdev_testbed_uevent(self._testbed, path.encode(), b"remove")
        _library.umockdev_testbed_remove_device(self._testbed, path.encode())


def _strings(*texts: str) -> ctypes.Array[ctypes.c_char_p]:
    return (ctypes.c_char_p * (len(texts) + 1))(*(text.encode() for text in texts), None)
