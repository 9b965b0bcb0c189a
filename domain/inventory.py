"""What a machine is and what is installed on it: values, and how they travel as canonical JSON.

The inventory service writes a file, the agent records it and the ledger keeps it. Each of them
reads what another one wrote as untrusted: `from_json` bounds every number and every text.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

FORMAT = "klyuchar inventory 1"
LARGEST_INVENTORY = 64 << 10
"""Bytes of the file."""
MOST_PACKAGES = 200
LONGEST_TEXT = 200


class Control(StrEnum):
    """Whether CryptoPro CSP refuses keys whose period has ended (ControlKeyTimeValidity).

    ``UNKNOWN`` could not be asked, which is neither on nor off; ``ABSENT``: no CryptoPro CSP here.
    """

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"
    ABSENT = "absent"


class Manager(StrEnum):
    """Whose data say that a package is installed."""

    DPKG = "dpkg"
    RPM = "rpm"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The hardware with which software means are accounted (clause 3.2); empty: not known.

    ``machine_id`` is made of the system's own machine-id for klyuchar alone, and another after a
    reinstallation; ``vendor``, ``product`` and ``serial`` are the firmware's word (DMI).
    """

    host: str
    machine_id: str
    vendor: str
    product: str
    serial: str
    system: str
    system_version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """An installed package that belongs to a product of `domain.means`."""

    name: str
    version: str
    manager: Manager


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeControl:
    """``detail`` says where it is switched off, or why it could not be asked."""

    state: Control
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """``unasked`` are the sources that could not be asked, each with the reason: "rpm: …"."""

    machine: Machine
    packages: tuple[Package, ...]
    time_control: TimeControl
    unasked: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether what is not among ``packages`` is not installed."""
        return not any(reason.startswith(tuple(Manager)) for reason in self.unasked)


def from_json(untrusted_value: object) -> Inventory:
    """The inventory in parsed JSON. Raises ValueError where it is none, or out of all bounds."""
    try:
        return _inventory(untrusted_value)
    except (KeyError, TypeError) as error:
        raise ValueError(f"not an inventory: {error!r}") from error


def _inventory(untrusted_value: object) -> Inventory:
    value = _members(untrusted_value)
    packages = _list(value["packages"])
    control = _members(value["time_control"])
    return Inventory(
        machine=Machine(**_texts(value["machine"], *(field.name for field in fields(Machine)))),
        packages=tuple(_package(package) for package in packages),
        time_control=TimeControl(
            state=Control(_text(control["state"])), detail=_text(control["detail"])
        ),
        unasked=tuple(_text(reason) for reason in _list(value["unasked"])),
    )


def _package(untrusted_value: object) -> Package:
    texts = _texts(untrusted_value, "name", "version", "manager")
    return Package(name=texts["name"], version=texts["version"], manager=Manager(texts["manager"]))


def _texts(untrusted_value: object, *names: str) -> dict[str, str]:
    value = _members(untrusted_value)
    return {name: _text(value[name]) for name in names}


def _members(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise ValueError("an object was expected")
    return value


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > MOST_PACKAGES:
        raise ValueError(f"a list of at most {MOST_PACKAGES} was expected")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or len(value) > LONGEST_TEXT or not value.isprintable():
        raise ValueError(f"a printable text of at most {LONGEST_TEXT} characters was expected")
    return value
