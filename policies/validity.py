"""Private keys whose period ended or is about to (clauses 4.2, 4.3). See `policies.key_end`.

Reasons name dates and not days left, so that a standing verdict does not change every day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from domain.text import Text
from domain.verdict import Level
from policies.key_end import KeyEnd
from policies.rule import Remark, rule
from policies.situation import Situation

_DAY_S = 24 * 3600

_ASK_FOR_A_NEW_KEY = Text(
    ru="Не пользуйтесь этим ключом. Сообщите ответственному пользователю криптосредств: нужен "
    "новый ключ, а прежний уничтожают не позднее 10 суток (п. 6.8), если в документации не "
    "сказано иного. Если им зашифрованы данные, скажите об этом до уничтожения",
    en="Do not use this key. Tell the responsible user: a new key is needed, and the old one is "
    "destroyed within 10 days (clause 6.8) unless its documentation says otherwise. If data are "
    "encrypted with it, say so before it is destroyed",
)


@rule(
    Level.DENY,
    Level.WARN,
    clause="4.2",
    asks=Text(
        ru="Не истёк ли срок действия закрытого ключа?", en="Has the private key's period ended?"
    ),
)
def key_ended(situation: Situation) -> Remark | None:
    now, keys = situation.now, situation.keys
    ended = [one for one in keys if one.stated is not None and one.stated <= now]
    if not ended:
        return None
    good = any(one.first is not None and one.first > now for one in keys)
    which = _listed(ended, lambda one: one.stated)
    if good:
        reason = Text(
            ru=f"Срок действия одного из закрытых ключей на носителе истёк: {which.ru}",
            en=f"The period of one of the private keys on the carrier has ended: {which.en}",
        )
    else:
        reason = Text(
            ru=f"Срок действия закрытого ключа истёк: {which.ru}. Сертификат может быть ещё "
            "действителен, но подписывать этим ключом уже нельзя",
            en=f"The private key's period has ended: {which.en}. Its certificate may run on, but "
            "nothing may be signed with this key any more",
        )
    return Remark(
        level=Level.WARN if good else Level.DENY, reason=reason, advice=_ASK_FOR_A_NEW_KEY
    )


@rule(
    Level.WARN,
    clause="4.2",
    asks=Text(
        ru="Не истёк ли срок закрытого ключа по расчёту от даты изготовления?",
        en="Has the private key's period ended by an estimate from its making?",
    ),
)
def key_ended_by_estimate(situation: Situation) -> Remark | None:
    now = situation.now
    over = [
        one
        for one in situation.keys
        if (one.stated is None or one.stated > now)
        and one.estimated is not None
        and one.estimated <= now
    ]
    if not over:
        return None
    which = _listed(over, lambda one: one.estimated)
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru="Срок закрытого ключа, видимо, истёк: 1 год 3 месяца от изготовления, расчётно "
            f"{which.ru}. Точной даты нет ни в сертификате, ни в журнале учёта",
            en="The private key's period has probably ended: 1 year 3 months from its making, "
            f"estimated {which.en}. Neither certificate nor ledger states the date",
        ),
        advice=Text(
            ru="Попросите ответственного пользователя криптосредств узнать точный срок ключа и "
            "внести его в журнал учёта",
            en="Ask the responsible user to find out the key's exact end and to enter it in the "
            "ledger",
        ),
    )


@rule(
    Level.WARN,
    clause="4.3",
    asks=Text(
        ru="Не скоро ли кончится срок закрытого ключа?",
        en="Will the private key's period end soon?",
    ),
)
def key_ending(situation: Situation) -> Remark | None:
    within = situation.limits.key_ending_days * _DAY_S
    ending = [
        one
        for one in situation.keys
        if one.first is not None and 0 < (one.first - situation.now).total_seconds() <= within
    ]
    if not ending:
        return None
    which = _listed(ending, lambda one: one.first)
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru=f"Срок действия закрытого ключа скоро кончится: {which.ru}",
            en=f"The private key's period will end soon: {which.en}",
        ),
        advice=Text(
            ru="Работать можно. Попросите ответственного пользователя криптосредств заказать "
            "новый ключ заранее",
            en="You may go on working. Ask the responsible user to order a new key in time",
        ),
    )


@rule(
    Level.WARN,
    clause="4.2",
    asks=Text(
        ru="Читается ли срок действия закрытого ключа?",
        en="Can the end of the private key's period be read?",
    ),
)
def key_end_unreadable(situation: Situation) -> Remark | None:
    unread = [one for one in situation.keys if one.unread]
    if not unread:
        return None
    which = _listed(unread, lambda one: None)
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru=f"Дата окончания срока закрытого ключа не читается: {which.ru}. Не истёк ли он, "
            "достоверно узнать не удалось",
            en=f"The end of the private key's period can't be read: {which.en}. Whether it has "
            "ended could not be told for certain",
        ),
        advice=Text(
            ru="Попросите ответственного пользователя криптосредств внести срок ключа в журнал "
            "учёта",
            en="Ask the responsible user to enter the key's end in the ledger",
        ),
    )


def _listed(ends: Iterable[KeyEnd], date: Callable[[KeyEnd], datetime | None]) -> Text:
    """Keys by their numbers, each with its date where there is one. Dates are UTC."""
    rows = [(one, date(one)) for one in ends]
    return Text(
        ru="; ".join(_key(one, "сертификат ") + _on(at, " — %d.%m.%Y") for one, at in rows),
        en="; ".join(
            _key(one, "certificate ").replace("№", "No.") + _on(at, " - %Y-%m-%d")
            for one, at in rows
        ),
    )


def _key(end: KeyEnd, certificate: str) -> str:
    return f"№ {end.number}" if end.number else f"{certificate}№ {end.certificate}"


def _on(moment: datetime | None, form: str) -> str:
    return moment.strftime(form) if moment is not None else ""
