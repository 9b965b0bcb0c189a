"""The rules know nothing but the situation: no clock, no files, no network, no logger."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import policies

_FILES = sorted(Path(policies.__file__).parent.glob("*.py"))
_LIBRARY = {"__future__", "collections.abc", "dataclasses", "datetime", "enum"}
_IMPURE = {"now", "utcnow", "today", "open", "print", "input", "exec", "eval", "__import__"}


def test_there_are_rules_to_look_at() -> None:
    assert len(_FILES) > 8


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_only_the_domain_and_a_little_of_the_library_is_imported(path: Path) -> None:
    modules = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(node.module or "")
    ours = {name for name in modules if name.split(".")[0] in {"domain", "policies"}}
    assert modules - ours <= _LIBRARY


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_nothing_is_called_that_has_an_effect_or_asks_the_machine(path: Path) -> None:
    called = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            function = node.func
            called.add(getattr(function, "id", None) or getattr(function, "attr", None))
    assert not called & _IMPURE
