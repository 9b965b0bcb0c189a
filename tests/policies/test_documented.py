"""docs/rules.md lists the rules that there are, in their order, with their clauses and levels."""

from __future__ import annotations

from pathlib import Path

from domain.verdict import Level
from policies.judge import NOTHING_MATCHED, RULES

_DOCS = Path(__file__).parents[2] / "docs" / "rules.md"
_WORDS = {Level.ALLOW: "можно", Level.WARN: "внимание", Level.DENY: "нельзя"}


def _table() -> list[list[str]]:
    rows = [line for line in _DOCS.read_text().splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def test_every_rule_is_documented_as_it_is() -> None:
    coded = [(rule.name, rule.clause, rule.levels) for rule in RULES]
    coded.append((NOTHING_MATCHED.rule, NOTHING_MATCHED.clause, (NOTHING_MATCHED.level,)))
    assert [(name.strip("`"), clause, levels) for name, clause, levels, _, _ in _table()] == [
        (name, clause, ", ".join(_WORDS[level] for level in levels))
        for name, clause, levels in coded
    ]


def test_each_says_when_it_speaks_and_what_a_person_does_then() -> None:
    assert all(when and what for *_, when, what in _table())


def test_names_are_given_once() -> None:
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
