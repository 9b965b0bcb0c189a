"""What dpkg has installed, read from its own database as it streams by (dpkg(1), its states)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from agent.inventory.spelling import fit
from domain.inventory import Manager, Package
from domain.means import product_of

STATUS = "var/lib/dpkg/status"
_LONGEST_LINE = 4096
_WANTED = (b"package", b"status", b"version")
_ABSENT = ("config-files", "not-installed")
"""Any other state has left the program's files on the disk, unpacked at least."""


def installed(status: BinaryIO) -> Iterator[Package]:
    """The packages of `domain.means` among those that the database has as installed."""
    for fields in _stanzas(status):
        name = fields.get(b"package", "")
        state = fields.get(b"status", "").rpartition(" ")[2]
        if state and state not in _ABSENT and product_of(name) is not None:
            version = fit(fields.get(b"version", ""))
            yield Package(name=fit(name), version=version, manager=Manager.DPKG)


def _stanzas(status: BinaryIO) -> Iterator[dict[bytes, str]]:
    """The fields of interest of one paragraph after the other; the last may lack its newline."""
    fields: dict[bytes, str] = {}
    for line in _lines(status):
        name, colon, value = line.partition(b":")
        if not line.strip():
            yield fields
            fields = {}
        elif colon and (key := name.lower()) in _WANTED:
            fields[key] = value.strip().decode("utf-8", "replace")
    yield fields


def _lines(status: BinaryIO) -> Iterator[bytes]:
    """Every line, the beginning of those that are longer than any of interest."""
    begins = True
    while line := status.readline(_LONGEST_LINE):
        if begins:
            yield line
        begins = line.endswith(b"\n")
