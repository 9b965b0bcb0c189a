"""For which machine a shared library was built, by its ELF header alone: nothing is loaded.

The layout of the first twenty bytes is the same for every class: System V ABI, chapter 4, and
elf(5). Byte order and class are those of the file, never ours.
"""

from __future__ import annotations

from dataclasses import dataclass

HEADER_BYTES = 20

_MAGIC = b"\x7fELF"
_BITS = {1: 32, 2: 64}
_ORDERS = {1: "little", 2: "big"}
_SHARED_OBJECT = 3

_MACHINES = {
    3: "x86",
    8: "MIPS",
    20: "PowerPC",
    21: "PowerPC",
    22: "S/390",
    40: "ARM",
    62: "x86",
    175: "Elbrus",
    183: "ARM",
    243: "RISC-V",
    258: "LoongArch",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """What has to be equal for a library to be loaded into a process."""

    machine: int
    bits: int
    order: str

    def __str__(self) -> str:
        """Such as "64-bit x86"; the byte order only where it is the rare one."""
        name = _MACHINES.get(self.machine, f"machine {self.machine}")
        big = ", big-endian" if self.order == "big" else ""
        return f"{self.bits}-bit {name}{big}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What an ELF file is; ``loadable``: a shared object and no object file or core dump."""

    architecture: Architecture
    loadable: bool


def parse(untrusted: bytes) -> Header | None:
    """The header in the first bytes of a file; None where they are no ELF file's."""
    if len(untrusted) < HEADER_BYTES or untrusted[:4] != _MAGIC:
        return None
    bits, order = _BITS.get(untrusted[4]), _ORDERS.get(untrusted[5])
    if bits is None or order is None:
        return None
    big = order == "big"
    kind = int.from_bytes(untrusted[16:18], "big" if big else "little")
    machine = int.from_bytes(untrusted[18:20], "big" if big else "little")
    architecture = Architecture(machine=machine, bits=bits, order=order)
    return Header(architecture=architecture, loadable=kind == _SHARED_OBJECT)


def own() -> Architecture:
    """Ours: what a worker, started by the same interpreter, can load. Raises OSError."""
    with open("/proc/self/exe", "rb") as file:
        header = parse(file.read(HEADER_BYTES))
    assert header is not None, "Linux starts ELF files only"
    return header.architecture
