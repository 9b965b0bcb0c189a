"""Keys that must not be used or must not exist any more (clauses 5.2, 5.3, 6.1, 6.3, 6.4)."""

from __future__ import annotations

from domain.accounting import KeyDocument, OutOfAction, Standing
from domain.text import Text
from domain.verdict import Level
from policies.rule import STOP_AND_TELL, Remark, named, rule
from policies.situation import Situation

_IN_HAND = (Standing.REGISTERED, Standing.ISSUED)

_WHY = {
    OutOfAction.EXPIRED: Text(ru="истёк срок", en="expired"),
    OutOfAction.REPLACED: Text(ru="заменён новым", en="replaced by a new one"),
    OutOfAction.COMPROMISED: Text(ru="скомпрометирован", en="compromised"),
    OutOfAction.DISMISSED: Text(
        ru="сотрудник уволен или исключён из перечня допущенных",
        en="its holder was dismissed or taken off the admitted list",
    ),
    OutOfAction.INOPERABLE: Text(ru="неработоспособен", en="inoperable"),
    OutOfAction.UNUSED: Text(ru="не использован", en="unused"),
}


@rule(
    Level.DENY,
    clause="5.3",
    asks=Text(
        ru="Не скомпрометирован ли ключ на носителе?", en="Is a key on the carrier compromised?"
    ),
)
def compromised(situation: Situation) -> Remark | None:
    bad = [
        one
        for one in situation.documents
        if one.reason is OutOfAction.COMPROMISED and one.standing is not Standing.DESTROYED
    ]
    if not bad:
        return None
    which = named(bad)
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru=f"Ключ на этом носителе скомпрометирован: {which.ru}. Им и ключами, действующими "
            "вместе с ним, пользоваться нельзя",
            en=f"The key on this carrier is compromised: {which.en}. Neither it nor keys acting "
            "with it may be used",
        ),
        advice=Text(
            ru="Немедленно прекратите работу с криптосредствами, в том числе обмен документами, "
            "выньте носитель и сообщите ответственному пользователю криптосредств (п. 5.2)",
            en="Stop working with crypto means at once, exchanging documents included, pull the "
            "carrier out and tell the responsible user (clause 5.2)",
        ),
    )


@rule(
    Level.DENY,
    clause="6.4",
    asks=Text(
        ru="Не значится ли сам носитель уничтоженным?", en="Is the carrier itself destroyed?"
    ),
)
def destroyed_carrier_seen(situation: Situation) -> Remark | None:
    if situation.entry is None or not situation.entry.retired:
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="По журналу учёта этот носитель физически уничтожен, а он вставлен в компьютер",
            en="By the ledger this carrier was physically destroyed, and here it is",
        ),
        advice=STOP_AND_TELL,
    )


@rule(
    Level.DENY,
    clause="6.3",
    asks=Text(
        ru="Не виден ли на носителе уничтоженный ключ?",
        en="Is a destroyed key seen on the carrier?",
    ),
)
def destroyed_key_seen(situation: Situation) -> Remark | None:
    back = _destroyed_and_seen(situation)
    if not back:
        return None
    which = named(back)
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="По журналу учёта ключ уничтожен, а его сертификат по-прежнему на носителе: "
            f"{which.ru}",
            en="By the ledger the key was destroyed, yet its certificate is still on the carrier: "
            f"{which.en}",
        ),
        advice=STOP_AND_TELL,
    )


@rule(
    Level.DENY,
    Level.WARN,
    clause="6.1",
    asks=Text(
        ru="Не выведен ли из действия ключ на носителе?",
        en="Is a key on the carrier out of action?",
    ),
)
def out_of_action(situation: Situation) -> Remark | None:
    withdrawn = situation.standing(Standing.OUT_OF_ACTION)
    if not withdrawn:
        return None
    what = _with_reasons(withdrawn)
    if situation.standing(*_IN_HAND):
        return Remark(
            level=Level.WARN,
            reason=Text(
                ru=f"На носителе остался ключ, выведенный из действия: {what.ru}",
                en=f"A key that is out of action is still on the carrier: {what.en}",
            ),
            advice=Text(
                ru="Прежним ключом не пользуйтесь. Договоритесь с ответственным пользователем "
                "криптосредств, когда его уничтожат (п. 6.8: не позднее 10 суток, если в "
                "документации не сказано иного)",
                en="Do not use the old key. Agree with the responsible user when it will be "
                "destroyed (clause 6.8: within 10 days unless its documentation says otherwise)",
            ),
        )
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru=f"Ключ на носителе выведен из действия: {what.ru}",
            en=f"The key on the carrier is out of action: {what.en}",
        ),
        advice=Text(
            ru="Не пользуйтесь носителем и верните его ответственному пользователю криптосредств",
            en="Do not use the carrier and return it to the responsible user",
        ),
    )


def _destroyed_and_seen(situation: Situation) -> list[KeyDocument]:
    """Destroyed documents whose certificate is there, unless the key was registered anew."""
    if situation.sighting is None:
        return []
    seen = {certificate.sha256 for certificate in situation.sighting.certificates}
    anew = {one.certificate for one in situation.standing(*_IN_HAND)}
    return [
        one
        for one in situation.standing(Standing.DESTROYED)
        if one.certificate and one.certificate in seen - anew
    ]


def _with_reasons(documents: tuple[KeyDocument, ...]) -> Text:
    def listed(language: str) -> str:
        return "; ".join(
            sorted(
                f"№ {one.number}"
                + (f" ({_WHY[one.reason].in_language(language)})" if one.reason else "")
                for one in documents
            )
        )

    return Text(ru=listed("ru"), en=listed("en").replace("№", "No."))
