"""What a rule is: a question about a situation, the clause it stands on, and its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from domain.accounting import KeyDocument
from domain.text import Text
from domain.verdict import Finding, Level
from policies.situation import Situation

STOP_AND_TELL = Text(
    ru="Не пользуйтесь носителем, выньте его и сообщите ответственному пользователю криптосредств",
    en="Do not use the carrier, pull it out and tell the responsible user",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a rule has to say; the rule itself adds its name and clause."""

    level: Level
    reason: Text
    advice: Text


Question = Callable[[Situation], Remark | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A pure function of a situation. None means that the rule does not apply.

    ``asks`` is its question in words; ``levels`` all that it may answer.
    """

    name: str
    clause: str
    asks: Text
    levels: tuple[Level, ...]
    question: Question

    def __call__(self, situation: Situation) -> Finding | None:
        remark = self.question(situation)
        if remark is None:
            return None
        return Finding(
            rule=self.name,
            clause=self.clause,
            level=remark.level,
            reason=remark.reason,
            advice=remark.advice,
        )


def rule(*levels: Level, clause: str, asks: Text) -> Callable[[Question], Rule]:
    """Make a rule of a function; its name is the function's, with hyphens."""

    def made(question: Question) -> Rule:
        name = question.__name__.replace("_", "-")
        return Rule(name=name, clause=clause, asks=asks, levels=levels, question=question)

    return made


def named(documents: Iterable[KeyDocument]) -> Text:
    """Key documents by their account numbers, sorted: the order of the books says nothing."""
    numbers = sorted({document.number for document in documents})
    several = len(numbers) > 1
    joined = ", ".join(numbers)
    return Text(
        ru=f"{'ключевые документы' if several else 'ключевой документ'} № {joined}",
        en=f"key document{'s' if several else ''} No. {joined}",
    )
