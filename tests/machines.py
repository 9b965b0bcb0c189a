"""A machine's files in a directory, for the inventory to look at: nothing of it is this machine."""

from __future__ import annotations

from pathlib import Path

from domain.inventory import Control, Inventory, Machine, Manager, Package, TimeControl

CSP = {
    "lsb-cprocsp-base": "5.0.13000-7",
    "lsb-cprocsp-rdr-64": "5.0.13000-7",
    "lsb-cprocsp-kc1-64": "5.0.13000-7",
    "cprocsp-rdr-jacarta-64": "5.0.0.1237-4",
}
"""CryptoPro CSP as its installer leaves it, in a smaller selection."""

CONTROLLED = "# Параметры провайдера\n[Parameters]\nTesterPeriod=600\n"
UNCONTROLLED = f"{CONTROLLED}ControlKeyTimeValidity=0\n"


def stanza(name: str, version: str, state: str = "install ok installed") -> str:
    """One package as dpkg writes it down."""
    return (
        f"Package: {name}\nStatus: {state}\nPriority: optional\nSection: utils\n"
        f"Maintainer: nobody <nobody@example.org>\nArchitecture: amd64\nVersion: {version}\n"
        f"Depends: libc6 (>= 2.34)\nDescription: {name}\n Package: of no other\n .\n the end\n\n"
    )


def machine(root: Path, packages: dict[str, str], configuration: str | None = CONTROLLED) -> Path:
    """A machine below ``root`` with these Debian packages; anew where there was one."""
    files = {
        "var/lib/dpkg/status": "".join(stanza(*one) for one in packages.items()).encode(),
        "etc/os-release": b'PRETTY_NAME="Astra Linux"\nVERSION_ID=1.8_x86-64\n',
        "etc/machine-id": b"0123456789abcdef0123456789abcdef\n",
        "sys/class/dmi/id/sys_vendor": b"Aquarius\n",
        "sys/class/dmi/id/product_name": b"Pro P30 K43\n",
        "sys/class/dmi/id/product_serial": b"A1234567\n",
    }
    if configuration is not None:
        files["etc/opt/cprocsp/config64.ini"] = configuration.encode("cp1251")
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name("new")
        new.write_bytes(content)
        new.rename(path)
    return root


def inventory(
    packages: dict[str, str] | None = None,
    control: Control = Control.ON,
    *,
    unasked: tuple[str, ...] = (),
    serial: str = "A1234567",
) -> Inventory:
    """What the inventory of such a machine says."""
    named = sorted((CSP if packages is None else packages).items())
    return Inventory(
        machine=Machine(
            host="pc-17",
            machine_id="0" * 32,
            vendor="Aquarius",
            product="Pro P30 K43",
            serial=serial,
            system="Astra Linux",
            system_version="1.8_x86-64",
        ),
        packages=tuple(
            Package(name=name, version=version, manager=Manager.DPKG) for name, version in named
        ),
        time_control=TimeControl(state=control, detail=""),
        unasked=unasked,
    )
