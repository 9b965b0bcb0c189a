"""Which file stands for each known module on this machine: by place and content, not by name.

A module's maker puts it where `catalogue` says; other programs bring copies of their own that may
be years old and crash. The first candidate without a flaw is used. What was passed over, and other
libraries of the same name with another content, are findings.
"""

from __future__ import annotations

import filecmp
from dataclasses import dataclass
from pathlib import Path

from drivers.catalogue import MODULES, KnownModule, Module, bundled, candidates
from drivers.modules import Finding, Flaw, inspect


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The module and what is to be told of its files. ``usable``: it may be loaded; a module whose
    every candidate is flawed is one that can't."""

    module: Module
    usable: bool
    findings: tuple[Finding, ...]


def installed(root: Path = Path("/")) -> tuple[Choice, ...]:
    """The modules of the catalogue found under ``root``, each file once, general ones last."""
    found: dict[str, Choice] = {}
    for known in MODULES:
        choice = None if known.software else choose(known, root)
        if choice is not None:
            found.setdefault(choice.module.path, choice)
    return tuple(found.values())


def choose(known: KnownModule, root: Path = Path("/")) -> Choice | None:
    """The best candidate; None where there is none, for other programs' copies don't count."""
    paths = candidates(known, root)
    if not paths:
        return None
    passed_over: list[Finding] = []
    for path in paths:
        module = _module(known, path)
        flaws = inspect(module)
        if not flaws:
            stale = _stale(known, path, (*paths, *bundled(known, root)))
            return Choice(module=module, usable=True, findings=(*passed_over, *stale))
        passed_over += flaws
    return Choice(module=_module(known, paths[0]), usable=False, findings=tuple(passed_over))


def _module(known: KnownModule, path: str) -> Module:
    return Module(name=known.name, path=path, general=known.general, maker=known.maker)


def _stale(known: KnownModule, used: str, paths: tuple[str, ...]) -> list[Finding]:
    """Other loadable libraries of that name that are not the same."""
    return [
        Finding(module=known.name, path=path, flaw=Flaw.STALE_COPY, detail=used)
        for path in paths
        if path != used
        and not any(_can_not_load(one) for one in inspect(_module(known, path)))
        and not filecmp.cmp(path, used, shallow=False)
    ]


def _can_not_load(finding: Finding) -> bool:
    return finding.flaw is not Flaw.REPLACEABLE
