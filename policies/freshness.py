"""Is what this workstation knows of the ledger fresh enough to judge on (clause 3.1)?

An older snapshot never gives a milder verdict, and none at all is the oldest.
"""

from __future__ import annotations

from domain.text import Text
from domain.verdict import Level
from policies.key_end import instant
from policies.rule import Remark, rule
from policies.situation import LedgerView, Situation

CLOCK_TOLERANCE_S = 300
"""Two clocks that keep time may differ by this much; more means that one of them is wrong."""

_RESTORE_THE_LINK = Text(
    ru="Сообщите ответственному пользователю криптосредств: у этого компьютера нет связи с "
    "журналом учёта",
    en="Tell the responsible user: this computer has no connection to the ledger",
)


@rule(
    Level.DENY,
    clause="3.1",
    asks=Text(
        ru="Есть ли на этом компьютере сведения журнала учёта?",
        en="Has this computer any data of the ledger?",
    ),
)
def snapshot_absent(situation: Situation) -> Remark | None:
    if situation.ledger is not None:
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="На этом компьютере нет сведений журнала учёта: проверить носитель не по чему",
            en="This computer has no data of the ledger: there is nothing to check the carrier by",
        ),
        advice=_RESTORE_THE_LINK,
    )


@rule(
    Level.DENY,
    clause="3.1",
    asks=Text(ru="Не отстают ли часы этого компьютера?", en="Is this computer's clock behind?"),
)
def clock_behind(situation: Situation) -> Remark | None:
    ledger = situation.ledger
    if ledger is None or ledger.age >= -CLOCK_TOLERANCE_S:
        return None
    made = _made(ledger)
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru=f"Часы этого компьютера отстают: сведения журнала учёта{made.ru} для них ещё в "
            "будущем. Ни возраст сведений, ни сроки ключей проверить нельзя",
            en=f"This computer's clock is behind: the ledger's data{made.en} are still in its "
            "future. Neither their age nor the ends of keys can be checked",
        ),
        advice=Text(
            ru="Сообщите ответственному пользователю криптосредств или администратору: на "
            "компьютере надо поправить дату и время",
            en="Tell the responsible user or the administrator: the computer's date and time have "
            "to be set right",
        ),
    )


@rule(
    Level.DENY,
    Level.WARN,
    clause="3.1",
    asks=Text(ru="Не устарели ли сведения журнала учёта?", en="Are the ledger's data out of date?"),
)
def snapshot_old(situation: Situation) -> Remark | None:
    ledger, limits = situation.ledger, situation.limits
    if ledger is None or ledger.age <= min(limits.snapshot_warn_s, limits.snapshot_deny_s):
        return None
    made = _made(ledger)
    if ledger.age > limits.snapshot_deny_s:
        return Remark(
            level=Level.DENY,
            reason=Text(
                ru=f"Сведения журнала учёта{made.ru} слишком старые: судить по ним о носителе "
                "нельзя",
                en=f"The ledger's data{made.en} are too old to judge the carrier by",
            ),
            advice=_RESTORE_THE_LINK,
        )
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru=f"Сведения журнала учёта{made.ru} давно не обновлялись: с тех пор о носителе могли "
            "сделать новую запись",
            en=f"The ledger's data{made.en} have not been renewed for long: there may be newer "
            "entries on the carrier",
        ),
        advice=_RESTORE_THE_LINK,
    )


def _made(ledger: LedgerView) -> Text:
    """When the snapshot was made, in UTC; nothing where its own word for it can't be read."""
    made = instant(ledger.mark.made_at)
    if made is None:
        return Text(ru="", en="")
    return Text(ru=made.strftime(" от %d.%m.%Y"), en=made.strftime(" of %Y-%m-%d"))
