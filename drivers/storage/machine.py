"""An id of this machine for this program: machine-id(5) itself must not leave the machine."""

from __future__ import annotations

import hmac
from pathlib import Path
from uuid import UUID

_APPLICATION = UUID("5f0f9c9e-6a34-4c0f-8d52-3c7d5f8f2b61")
"""Ours, drawn once: another program derives another id."""


def machine_serial(untrusted_machine_id: str) -> str:
    """What sd_id128_get_machine_app_specific(3) derives, 32 hexadecimal digits; empty where the
    machine has no id yet."""
    try:
        machine = UUID(untrusted_machine_id.strip())
    except ValueError:
        return ""
    digest = hmac.digest(machine.bytes, _APPLICATION.bytes, "sha256")
    return UUID(bytes=digest[:16], version=4).hex


def read_machine_id(root: Path) -> str:
    """The content of machine-id, empty where there is none."""
    try:
        return (root / "etc/machine-id").read_text("ascii", "replace")
    except OSError:
        return ""
