"""What was seen at a workstation: ports, devices, carriers and what they show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.carrier import Carrier, Maker, SerialDefect


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device that is a carrier by its USB ids, before anything was read from it.

    ``port`` is where: the kernel's device path, or the demonstration's name for a socket.
    ``usb_id`` is "vvvv:pppp" in lower-case hexadecimal, empty where there is no USB.
    ``is_reader`` marks a plain card reader: not a carrier, but a place where one may appear.
    ``usb_serial`` is the serial string of the USB descriptor (iSerialNumber), empty where it has
    none: mostly another number than PKCS#11 tells, so it never identifies a carrier.
    """

    port: str
    usb_id: str
    maker: Maker
    model: str
    is_reader: bool = False
    usb_serial: str = ""


class Evidence(StrEnum):
    """How we know who a carrier is, from weak to strong."""

    USB_DESCRIPTOR = "usb-descriptor"
    FILE_SYSTEM = "file-system"
    """The file system's UUID alone: a copy of it is told as the same carrier."""
    FILE_SYSTEM_AND_USB = "file-system-and-usb"
    """The file system's UUID and the USB serial of what it is on."""
    MACHINE_ID = "machine-id"
    """An id of this workstation, derived from machine-id(5)."""
    TOKEN_INFO = "token-info"


class ContainerKind(StrEnum):
    """What the names of a container's files say of it."""

    EXCHANGE = "exchange"
    """All that a key for exchange (and signature) needs."""
    SIGNATURE = "signature"
    """A key for signature alone."""
    INCOMPLETE = "incomplete"
    """Some of the files are missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A crypto provider's key container that is a folder. ``folder`` is its path from where
    containers are looked for, printable: it is not the name that a person gave to the key."""

    folder: str
    kind: ContainerKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A certificate read from a carrier, parsed in the worker. Times are UTC, RFC 3339, whole
    seconds. ``key_not_after`` is PrivateKeyUsagePeriod.notAfter (OID 2.5.29.16), empty where the
    extension is absent. ``subject`` and ``issuer`` are RFC 4514 strings."""

    sha256: str
    serial: str
    subject: str
    issuer: str
    not_before: str
    not_after: str
    key_not_after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One carrier as one module shows it.

    ``objects`` counts what is visible without a PIN, -1 when it could not be asked: zero reads
    "no objects visible through PKCS#11" and never "empty". ``unparsed_certificates`` counts
    those whose bytes could not be parsed. ``slot`` is module-local and a place only. Of a carrier
    that is storage ``objects`` counts the containers, of which ``containers`` are the first.
    """

    carrier: Carrier
    label: str
    module: str
    slot: int
    evidence: Evidence
    objects: int
    certificates: tuple[Certificate, ...]
    unparsed_certificates: int = 0
    pin_locked: bool = False
    containers: tuple[Container, ...] = ()


class Obstacle(StrEnum):
    """Why a carrier (or all of a module's) could not be read."""

    DEADLINE = "deadline"
    MODULE_DIED = "module-died"
    MODULE_ABSENT = "module-absent"
    PKCS11_ERROR = "pkcs11-error"
    NOT_RECOGNISED = "not-recognised"
    NOT_INITIALISED = "not-initialised"
    NO_SERIAL = "no-serial"
    NO_TOKEN_APPEARED = "no-token-appeared"
    NONSENSE = "nonsense"
    NO_WORKER = "no-worker"
    FILE_SYSTEM_ERROR = "file-system-error"
    TOO_MANY_FILES = "too-many-files"
    NO_UDEV = "no-udev"
    MODULE_NOT_ASKED = "module-not-asked"
    PCSCD_DOWN = "pcscd-down"
    PCSCD_DENIED = "pcscd-denied"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A slot that holds something that is no identified carrier. ``detail`` is for an engineer:
    the PKCS#11 function with its return value, or the defect of the serial. ``maker`` where that
    is known of what could not be identified."""

    module: str
    slot: int
    obstacle: Obstacle
    detail: str
    label: str = ""
    defect: SerialDefect | None = None
    maker: Maker | None = None
