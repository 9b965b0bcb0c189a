"""What `klyuchar doctor` says to a person."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cli.doctor.finding import Finding, Gravity
from cli.wording import printable
from domain.text import Text

_GRAVITY = {
    Gravity.FAULT: Text(ru="НЕИСПРАВНОСТЬ", en="FAULT"),
    Gravity.WARNING: Text(ru="ВНИМАНИЕ", en="WARNING"),
    Gravity.NOTE: Text(ru="К СВЕДЕНИЮ", en="NOTE"),
}


def finding_lines(finding: Finding, language: str) -> Iterator[str]:
    """What is wrong, with its code, and the command that mends it, fit to be copied."""
    gravity = _GRAVITY[finding.gravity].in_language(language)
    what = finding.what.in_language(language)
    by = Text(ru=f" (п. {finding.clause})", en=f" (clause {finding.clause})")
    clause = by.in_language(language) if finding.clause else ""
    mend = Text(ru="Команда", en="Command").in_language(language)
    yield printable(f"{gravity}: {what}{clause}. [{finding.code}]")
    yield f"    {mend}: {finding.mend}"


def unseen_line(what: Text, language: str) -> str:
    """What could not be looked at."""
    it = Text(ru="НЕ ПРОВЕРЕНО", en="NOT LOOKED AT").in_language(language)
    return printable(f"{it}: {what.in_language(language)}.")


def ending(findings: Sequence[Finding], unseen: Sequence[Text]) -> Text:
    """The sum of it."""
    wrong = sum(1 for one in findings if one.gravity is not Gravity.NOTE)
    if wrong:
        return Text(ru=f"Найдено: {wrong}.", en=f"Found: {wrong}.")
    if unseen:
        return Text(
            ru="Неисправностей не найдено, но проверено не всё.",
            en="Nothing was found, but not all could be looked at.",
        )
    return Text(ru="Неисправностей не найдено.", en="Nothing is wrong.")
