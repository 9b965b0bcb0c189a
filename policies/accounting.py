"""Is the carrier on the books (clauses 3.1, 3.3, 3.4)?"""

from __future__ import annotations

from domain.accounting import Standing
from domain.text import Text
from domain.verdict import Level
from policies.rule import Remark, rule
from policies.situation import Situation


@rule(
    Level.DENY,
    clause="3.1",
    asks=Text(ru="Учтён ли носитель в журнале?", en="Is the carrier in the ledger?"),
)
def unknown_carrier(situation: Situation) -> Remark | None:
    if situation.sighting is None or situation.ledger is None:
        return None
    if situation.entry is not None or situation.namesakes:
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="Такого носителя в журнале поэкземплярного учёта нет",
            en="The ledger has no such carrier",
        ),
        advice=Text(
            ru="Не пользуйтесь носителем и отнесите его ответственному пользователю "
            "криптосредств: он его учтёт или выяснит, чей он",
            en="Do not use the carrier, take it to the responsible user: he will register it or "
            "find out whose it is",
        ),
    )


@rule(
    Level.DENY,
    clause="3.4",
    asks=Text(
        ru="Не числится ли этот номер за носителем другого вида?",
        en="Does the number belong to another kind of carrier?",
    ),
)
def namesake(situation: Situation) -> Remark | None:
    if situation.entry is not None or not situation.namesakes:
        return None
    models = ", ".join(sorted({f"«{one.carrier.model}»" for one in situation.namesakes}))
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="Такой номер в журнале учёта есть, но у носителя другого вида "
            f"({models}): это не тот же носитель",
            en="The ledger has this number, but for a carrier of another kind "
            f"({models.translate(_ENGLISH_QUOTES)}): it is not the same carrier",
        ),
        advice=Text(
            ru="Не пользуйтесь носителем. Ответственный пользователь криптосредств сверит "
            "изготовителя и модель с записью журнала",
            en="Do not use the carrier. The responsible user will compare its maker and model "
            "with the ledger",
        ),
    )


_ENGLISH_QUOTES = str.maketrans("«»", '""')


@rule(
    Level.DENY,
    clause="3.4",
    asks=Text(
        ru="Не показывает ли тот же номер ещё один носитель?",
        en="Does another carrier show the same number?",
    ),
)
def duplicate_identity(situation: Situation) -> Remark | None:
    if situation.sighting is None or situation.duplicates <= 0:
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="Сразу несколько носителей показывают один и тот же номер: какой из них учтён, "
            "различить нельзя",
            en="Several carriers show the same number at once: which of them is in the ledger "
            "can't be told",
        ),
        advice=Text(
            ru="Выньте все носители, вставьте один свой. Если сообщение останется, позовите "
            "ответственного пользователя криптосредств: возможно, носитель скопирован",
            en="Pull all carriers out and plug in only your own. If this stays, call the "
            "responsible user: a carrier may have been copied",
        ),
    )


@rule(
    Level.DENY,
    clause="3.3",
    asks=Text(
        ru="Числится ли на носителе хотя бы один ключ?",
        en="Does the ledger have any key on the carrier?",
    ),
)
def empty_carrier(situation: Situation) -> Remark | None:
    entry = situation.entry
    if entry is None or any(one.standing is not Standing.DESTROYED for one in entry.documents):
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="Носитель учтён как пустой: ключей на нём по журналу нет, и он никому не выдан",
            en="The carrier is registered as empty: the ledger has no key on it, and it is not "
            "issued to anybody",
        ),
        advice=Text(
            ru="Если на носитель записали ключ, отнесите его ответственному пользователю "
            "криптосредств: каждую запись ключа учитывают отдельно",
            en="If a key was written to it, take it to the responsible user: every writing of a "
            "key is registered separately",
        ),
    )


@rule(
    Level.WARN,
    clause="3.3",
    asks=Text(
        ru="Не больше ли на носителе контейнеров, чем ключей по журналу?",
        en="Are there more containers on the carrier than keys in the ledger?",
    ),
)
def more_containers_than_keys(situation: Situation) -> Remark | None:
    sighting, entry = situation.sighting, situation.entry
    if sighting is None or entry is None or not sighting.containers:
        return None
    keys = sum(1 for one in entry.documents if one.standing is not Standing.DESTROYED)
    if sighting.objects <= keys:
        return None
    seen = sighting.objects
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru=f"Контейнеров ключей на носителе больше, чем ключей по журналу учёта: {seen} против "
            f"{keys}",
            en=f"There are more key containers on the carrier than keys in the ledger: {seen} "
            f"against {keys}",
        ),
        advice=Text(
            ru="Покажите это ответственному пользователю криптосредств: каждую запись и каждую "
            "копию ключа учитывают отдельно",
            en="Show this to the responsible user: every writing and every copy of a key is "
            "registered separately",
        ),
    )
