"""What the rules say of a carrier."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.snapshot import Mark
from domain.text import Text


class Level(StrEnum):
    """How grave: compare with `gravity`."""

    ALLOW = "allow"
    WARN = "warn"
    DENY = "deny"

    @property
    def gravity(self) -> int:
        return ("allow", "warn", "deny").index(self.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One rule's word: ``rule`` is its name, ``clause`` that of the instruction it stands on,
    ``advice`` what the person in front of the screen does now."""

    rule: str
    clause: str
    level: Level
    reason: Text
    advice: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The fold of all findings, gravest first; ``findings`` is never empty.

    ``snapshot`` is the ledger snapshot it was judged on and ``age`` its age in seconds;
    None where there was none.
    """

    findings: tuple[Finding, ...]
    snapshot: Mark | None
    age: int | None

    @property
    def level(self) -> Level:
        return self.deciding.level

    @property
    def deciding(self) -> Finding:
        """The finding that decided: the first of the gravest."""
        return self.findings[0]
