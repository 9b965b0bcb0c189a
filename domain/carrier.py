"""What a key carrier (ключевой носитель) is, apart from where it is plugged.

A carrier's identity is maker, model and serial in canonical form. Slot numbers, reader names and
USB ports are places, never identities.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

_LOOK_ALIKES = str.maketrans("АВЕКМНОРСТХавекмнорстх", "ABEKMHOPCTXabekmhopctx")
_SEPARATORS = str.maketrans("", "", " :-.")
_TYPED_SEPARATORS = str.maketrans("", "", " :-.\t\u00a0\u200b\u2010\u2011\u2012\u2013\u2014")
_RUTOKEN_DIGITS = 10
_HEX = frozenset("0123456789abcdef")


class Maker(StrEnum):
    """Who made the carrier: decides how its serial is spelled."""

    RUTOKEN = "rutoken"
    JACARTA = "jacarta"
    ETOKEN = "etoken"
    ESMART = "esmart"
    YUBIKEY = "yubikey"
    SOFTHSM = "softhsm"
    FLASH = "flash"
    """A file system on USB storage, of whatever make: containers are folders there."""
    WORKSTATION = "workstation"
    """The workstation itself, where containers lie on its own disk."""
    OTHER = "other"


STORAGE = frozenset({Maker.FLASH, Maker.WORKSTATION})
"""Carriers that are no tokens: what they hold is told by names of files, not by PKCS#11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrier:
    """A carrier's identity: two carriers are the same one exactly when these are equal.

    ``model`` is the maker's model name, trimmed and in lower case; ``serial`` is canonical (see
    `canonical_serial`).
    """

    maker: Maker
    model: str
    serial: str

    def key(self) -> str:
        """The identity as one string."""
        return f"{self.maker.value}|{self.model}|{self.serial}"

    def spelled(self) -> str:
        """The serial as a person finds it: a Rutoken's case carries ten decimal digits."""
        decimal = self.maker is Maker.RUTOKEN and 0 < len(self.serial) <= 8
        if decimal and _HEX.issuperset(self.serial):
            return f"{int(self.serial, 16):010d}"
        if self.maker in STORAGE:
            uuid, slash, usb_serial = self.serial.upper().partition("/")
            return _grouped(uuid) + slash + usb_serial
        return self.serial.upper()


def flash_serial(untrusted_uuid: str, untrusted_usb_serial: str) -> str | SerialDefect:
    """The canonical serial of a file system on USB storage: its UUID, and after a slash the USB
    serial, where there is one that tells anything."""
    uuid = canonical_serial(Maker.FLASH, untrusted_uuid.replace("/", ""))
    usb_serial = canonical_serial(Maker.FLASH, untrusted_usb_serial.replace("/", ""))
    if isinstance(uuid, SerialDefect) or isinstance(usb_serial, SerialDefect):
        return uuid
    return f"{uuid}/{usb_serial}"


def canonical_model(untrusted_model: str) -> str:
    """A model name in canonical form: single blanks, lower case."""
    return " ".join(untrusted_model.split()).lower()


class SerialDefect(StrEnum):
    """Why a serial identifies nothing."""

    EMPTY = "empty"
    ZERO = "zero"
    UNPRINTABLE = "unprintable"


def canonical_serial(maker: Maker, untrusted_serial: str) -> str | SerialDefect:
    """The serial a *device* told, in canonical form, or why it identifies nothing.

    Lower case without blanks or separators; a Rutoken's is hexadecimal without leading zeros
    (PKCS#11 CK_TOKEN_INFO.serialNumber). Serials of zeros only, as software tokens and TPMs
    show them, are not identities.
    """
    # Before lower(): what is folded into ASCII there would make two serials one.
    if not untrusted_serial.isascii():
        return SerialDefect.UNPRINTABLE
    serial = untrusted_serial.rstrip("\0").translate(_SEPARATORS).lower()
    if not serial:
        return SerialDefect.EMPTY
    if not serial.isprintable():
        return SerialDefect.UNPRINTABLE
    if not serial.strip("0"):
        return SerialDefect.ZERO
    if maker is Maker.RUTOKEN and _HEX.issuperset(serial):
        return serial.lstrip("0")
    return serial


def typed_serials(maker: Maker, typed: str) -> tuple[str, ...]:
    """Every canonical serial that a *person's* spelling may mean: none, one, or two.

    Cyrillic look-alikes and separators are forgiven. A Rutoken's digits may be the decimal
    number on its case or the hexadecimal one on a screen: both readings are returned, decimal
    first, and the person is asked, for they name different carriers. With "0x" before them, or
    where they are more than a case carries, they are hexadecimal.
    """
    spelled = typed.translate(_LOOK_ALIKES).translate(_TYPED_SEPARATORS).lower()
    text = spelled.removeprefix("0x")
    readings = []
    if maker is Maker.RUTOKEN and text == spelled and _is_on_a_case(text):
        readings.append(f"{int(text):x}")
    hexadecimal = canonical_serial(maker, text)
    if not isinstance(hexadecimal, SerialDefect) and (
        maker is not Maker.RUTOKEN or (_HEX.issuperset(hexadecimal) and len(hexadecimal) <= 16)
    ):
        readings.append(hexadecimal)
    return tuple(dict.fromkeys(reading for reading in readings if reading.strip("0")))


def _grouped(uuid: str) -> str:
    """A UUID as lsblk(8) and blkid(8) show it; of another length as it is."""
    groups = {8: (4, 4), 32: (8, 4, 4, 4, 12)}.get(len(uuid), (len(uuid),))
    starts = accumulate(groups, initial=0)
    return "-".join(uuid[start : start + size] for start, size in zip(starts, groups, strict=False))


def _is_on_a_case(text: str) -> bool:
    """Whether these may be the ten digits of a Rutoken's case: a number of 32 bits."""
    if not (text.isascii() and text.isdecimal() and len(text) <= _RUTOKEN_DIGITS):
        return False
    return int(text) < 1 << 32
