"""Which machine this is (clause 3.2): its name, its system, and the firmware's word on it."""

from __future__ import annotations

import hmac
import os
import shlex
import socket
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from uuid import UUID

from agent.inventory.spelling import fit
from domain.inventory import Machine

_APPLICATION = UUID("8d5d3e0b-6f0c-4a57-9c8e-2b7d1f4e6a90")
_CREDENTIAL = "dmi-serial"
_LARGEST = 64 << 10
_NO_SERIALS = {
    "",
    "0",
    "none",
    "n/a",
    "default string",
    "not specified",
    "not applicable",
    "system serial number",
    "to be filled by o.e.m.",
}
"""What boards carry whose maker wrote no number."""


def read(root: Path) -> Machine:
    """The machine whose system is below ``root``; what can't be read stays empty."""
    release = os_release(_text(root / "etc/os-release") or _text(root / "usr/lib/os-release"))
    dmi = root / "sys/class/dmi/id"
    serial = _credential() or fit(_text(dmi / "product_serial"))
    return Machine(
        host=fit(socket.gethostname()),
        machine_id=own_id(_text(root / "etc/machine-id").strip()),
        vendor=fit(_text(dmi / "sys_vendor")),
        product=fit(_text(dmi / "product_name")),
        serial="" if serial.lower() in _NO_SERIALS else serial,
        system=fit(release.get("PRETTY_NAME", "")),
        system_version=fit(release.get("VERSION_ID", "")),
    )


def own_id(machine_id: str) -> str:
    """An id of the machine for klyuchar alone: machine-id(5) wants the system's kept from others.

    The same that ``systemd-id128 machine-id --app-specific`` gives; empty where there is no id.
    """
    try:
        key = UUID(hex=machine_id).bytes
    except ValueError:
        return ""
    mixed = bytearray(hmac.digest(key, _APPLICATION.bytes, sha256)[:16])
    mixed[6] = mixed[6] & 0x0F | 0x40
    mixed[8] = mixed[8] & 0x3F | 0x80
    return mixed.hex()


def os_release(untrusted_text: str) -> dict[str, str]:
    """The assignments of os-release(5), without the shell's quoting."""
    found = {}
    for line in untrusted_text.splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            with suppress(ValueError):
                found[name] = " ".join(shlex.split(value))
    return found


def _credential() -> str:
    """The serial number, which only root may read: the service manager hands it to the unit."""
    directory = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return fit(_text(Path(directory, _CREDENTIAL))) if directory else ""


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_LARGEST).decode("utf-8", "replace")
    except OSError:
        return ""
