"""`klyuchar doctor`: what is wrong with this workstation, and the command that mends it.

Looks and asks, changes nothing. Exit codes: 0 nothing found, 1 something is to be mended, 75
nothing found but not all could be looked at.
"""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from domain.errors import Wrong
from domain.text import Text

if TYPE_CHECKING:
    from cli.doctor.finding import Finding, Outcome

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_COULD_NOT_ASK = 75


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor", help="что не так и какой командой исправить (what is wrong and what mends it)"
    )
    parser.add_argument("--json", action="store_true", help="для программ (for programs)")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from cli.doctor.finding import Finding, Gravity, Unseen

    outcomes = examined(args.settings)
    findings = [one for one in outcomes if isinstance(one, Finding)]
    unseen = [one.what for one in outcomes if isinstance(one, Unseen)]
    if args.json:
        print(json.dumps(_report(findings, unseen), ensure_ascii=False, indent=2))
    else:
        _tell(findings, unseen, args.language)
    if any(finding.gravity is not Gravity.NOTE for finding in findings):
        return 1
    return _COULD_NOT_ASK if unseen else 0


def examined(settings_file: str) -> list[Outcome]:
    """All that is found of the workstation with these settings."""
    from agent.settings import load
    from cli.doctor import settings
    from cli.doctor.checks import CHECKS
    from cli.doctor.examination import examine
    from cli.doctor.finding import unseen
    from cli.doctor.workstation import Workstation

    try:
        loaded = load(settings_file)
    except Wrong:
        rest = unseen(
            "всё остальное: сначала исправьте настройки", "all the rest: mend the settings first"
        )
        return [*settings.of_file(settings_file), rest]
    return examine(Workstation(settings_file=settings_file, settings=loaded), CHECKS)


def _report(findings: list[Finding], unseen: list[Text]) -> dict[str, Any]:
    return {
        "findings": [
            {
                "code": one.code,
                "gravity": one.gravity.value,
                "clause": one.clause,
                "what": {"ru": one.what.ru, "en": one.what.en},
                "mend": one.mend,
            }
            for one in findings
        ],
        "unseen": [{"ru": what.ru, "en": what.en} for what in unseen],
    }


def _tell(findings: list[Finding], unseen: list[Text], language: str) -> None:
    from cli.doctor.finding import Gravity
    from cli.doctor.words import ending, finding_lines, unseen_line
    from cli.terminal import out

    # The gravest first, and otherwise as the checks stand: causes before what they cause.
    order = list(Gravity)
    for one in sorted(findings, key=lambda finding: order.index(finding.gravity)):
        for line in finding_lines(one, language):
            out(line, indent="    ")
    for what in unseen:
        out(unseen_line(what, language), indent="    ")
    out(ending(findings, unseen).in_language(language))
