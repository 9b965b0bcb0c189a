"""The C modules of these tests, compiled once a session."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from domain import canonical
from drivers.catalogue import Module
from drivers.eye import Look
from tests.softhsm import MODULE, Tokens
from tests.workers import Workers

_HERE = Path(__file__).parent


def compiled(name: str, directory: Path) -> Path:
    """``tests/drivers/<name>/<name>.c`` as a shared library in ``directory``."""
    target = directory / f"{name}.so"
    source = _HERE / name / f"{name}.c"
    warnings = ["-Wall", "-Wextra", "-Werror"]
    command = ["gcc", "-shared", "-fPIC", "-O1", *warnings]
    subprocess.run([*command, "-o", str(target), str(source), "-ldl"], check=True)
    return target


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """SoftHSM behind the module that misbehaves by plan, and workers that load it."""

    tokens: Tokens
    workers: Workers
    plan_file: Path
    library: Path

    def plan(self, *lines: str) -> None:
        """What goes wrong from now on; see fault.c."""
        fresh = self.plan_file.with_suffix(".new")
        fresh.write_text("".join(f"{line}\n" for line in lines))
        fresh.rename(self.plan_file)

    @property
    def module(self) -> Module:
        return Module(name="faulty", path=str(self.library), general=False)


def fault_environment(plan_file: Path) -> dict[str, str]:
    """What the module needs to know."""
    return {"KLYUCHAR_FAULT_MODULE": MODULE, "KLYUCHAR_FAULT_PLAN": str(plan_file)}


def labels(look: Look) -> set[str]:
    """The labels of the carriers seen."""
    return {sighting.label for sighting in look.sightings}


def told(look: Look) -> set[tuple[int, str, str]]:
    """Slot, obstacle and detail of everything not read."""
    return {(u.slot, u.obstacle.value, u.detail) for u in look.unread}


def as_json(look: Look) -> object:
    """The look as its journal form."""
    return canonical.plain(look)
