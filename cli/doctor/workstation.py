"""What is examined: this workstation by its settings, and where a check finds what it looks at."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from domain.sighting import Device
from drivers.catalogue import device_for

if TYPE_CHECKING:
    from agent.settings import Settings

USB = Path("/sys/bus/usb/devices")
PACKAGED = Path("/var/lib/klyuchar")
_ADMINISTRATORS = "/usr/sbin:/sbin"
"""Where some programs are that an ordinary user does not find."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """A carrier or reader on USB as sysfs shows it. ``node`` is its file under /dev/bus/usb."""

    device: Device
    directory: Path
    node: str

    def attribute(self, name: str) -> str:
        """What the kernel says of it, empty where it does not."""
        return _read(self.directory / name)


@dataclass(frozen=True, kw_only=True)
class Workstation:
    """``settings_file`` is where ``settings`` are from."""

    settings_file: str
    settings: Settings

    @property
    def is_demonstration(self) -> bool:
        """Whether `klyuchar run` serves here: no services of a package, no need of pcscd."""
        return bool(self.settings.agent.demo_socket)

    @property
    def is_packaged(self) -> bool:
        """Whether the state lies where the package puts it, with users of its own."""
        return self.settings.agent.state.is_relative_to(PACKAGED)

    @property
    def patience_s(self) -> float:
        """How long a check may take: where modules have more time, the machine is a slow one."""
        return 4.0 * self.settings.agent.module_deadline_s

    @cached_property
    def plugged(self) -> tuple[Plugged, ...]:
        """The carriers and readers on USB that we know by their ids."""
        found = (_plugged(directory) for directory in sorted(USB.glob("*")))
        return tuple(one for one in found if one is not None)

    def printed(self, *command: str) -> subprocess.CompletedProcess[str]:
        """What a program says, in the language we can read. Raises OSError where there is none and
        TimeoutExpired where it does not end."""
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            env=os.environ
            | {"PATH": f"{os.environ.get('PATH', '/usr/bin')}:{_ADMINISTRATORS}", "LC_ALL": "C"},
            timeout=self.patience_s / 2,
            check=False,
        )


def _plugged(directory: Path) -> Plugged | None:
    usb_id = f"{_read(directory / 'idVendor')}:{_read(directory / 'idProduct')}"
    device = device_for(usb_id, directory.name)
    if device is None:
        return None
    bus, number = _read(directory / "busnum"), _read(directory / "devnum")
    return Plugged(
        device=device,
        directory=directory,
        node=f"/dev/bus/usb/{bus:0>3}/{number:0>3}",
    )


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""
