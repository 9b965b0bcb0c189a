"""What could not be read (clauses 3.4, 3.10, 5.1). "Could not ask" is never "no"."""

from __future__ import annotations

from domain.carrier import STORAGE
from domain.sighting import Obstacle, Unread
from domain.text import Text
from domain.verdict import Level
from policies.rule import STOP_AND_TELL, Remark, rule
from policies.situation import Situation

_THE_COMPUTERS = frozenset(
    {
        Obstacle.MODULE_ABSENT,
        Obstacle.MODULE_NOT_ASKED,
        Obstacle.PCSCD_DOWN,
        Obstacle.PCSCD_DENIED,
        Obstacle.NO_WORKER,
    }
)
"""What keeps any carrier from being read here, whatever is wrong with this one."""

_MEND_THE_COMPUTER = Text(
    ru="Дело в компьютере, а не в носителе: скажите администратору (причину показывает klyuchar "
    "status). До этого не работайте с носителем здесь",
    en="It is the computer and not the carrier: tell the administrator (klyuchar status says why). "
    "Do not work with the carrier here until then",
)

_PLUG_AGAIN = Text(
    ru="Выньте носитель и вставьте снова. Если не поможет, не работайте с ним и отдайте "
    "его ответственному пользователю криптосредств: отказ носителя может быть признаком "
    "компрометации ключа (п. 5.1)",
    en="Pull the carrier out and plug it in again. If that does not help, do not work with "
    "it and hand it to the responsible user: a failed carrier may be a sign of a "
    "compromised key (clause 5.1)",
)


@rule(
    Level.WARN,
    clause="3.10",
    asks=Text(ru="Удалось ли опознать носитель?", en="Could the carrier be identified?"),
)
def unreadable(situation: Situation) -> Remark | None:
    seen = situation.seen
    if not isinstance(seen, Unread) or _answered(seen):
        return None
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru="Носитель вставлен, но опознать его не удалось: чей он и можно ли им пользоваться, "
            "неизвестно",
            en="The carrier is plugged in and could not be identified: whose it is and whether it "
            "may be used is not known",
        ),
        advice=_MEND_THE_COMPUTER if seen.obstacle in _THE_COMPUTERS else _PLUG_AGAIN,
    )


@rule(
    Level.DENY,
    clause="3.4",
    asks=Text(
        ru="Есть ли у носителя номер, по которому его можно учесть?",
        en="Has the carrier a number it can be accounted for by?",
    ),
)
def no_usable_serial(situation: Situation) -> Remark | None:
    if not _serial_says_nothing(situation):
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="У носителя нет своего номера (пусто, одни нули или непечатные знаки): узнать по "
            "нему носитель в журнале учёта нельзя",
            en="The carrier has no number of its own (empty, only zeros or unprintable): it can't "
            "be found in the ledger by it",
        ),
        advice=STOP_AND_TELL,
    )


@rule(
    Level.DENY,
    clause="3.3",
    asks=Text(
        ru="Подготовлен ли носитель к записи ключей?",
        en="Is the carrier prepared to hold keys?",
    ),
)
def not_initialised(situation: Situation) -> Remark | None:
    seen = situation.seen
    if not isinstance(seen, Unread) or seen.obstacle is not Obstacle.NOT_INITIALISED:
        return None
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru="Носитель не подготовлен к работе (не инициализирован): учтённого ключа на нём нет",
            en="The carrier is not initialised: there is no accounted key on it",
        ),
        advice=Text(
            ru="Отдайте носитель ответственному пользователю криптосредств. Если вчера он работал, "
            "скажите об этом: ключ мог быть стёрт",
            en="Hand the carrier to the responsible user. Say so if it worked yesterday: its key "
            "may have been erased",
        ),
    )


@rule(
    Level.WARN,
    clause="3.10",
    asks=Text(
        ru="Удалось ли узнать, что записано на носителе?",
        en="Could it be asked what the carrier holds?",
    ),
)
def contents_not_read(situation: Situation) -> Remark | None:
    sighting = situation.sighting
    if sighting is None or (sighting.objects >= 0 and sighting.unparsed_certificates <= 0):
        return None
    if sighting.carrier.maker in STORAGE:
        return _NOT_MOUNTED
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru="Носитель опознан, но записанное на нём прочитано не всё: проверить его "
            "сертификаты не удалось",
            en="The carrier was identified, but not all it holds could be read: its certificates "
            "could not be checked",
        ),
        advice=Text(
            ru="Выньте носитель и вставьте снова. Если сообщение повторится, покажите его "
            "ответственному пользователю криптосредств",
            en="Pull the carrier out and plug it in again. If this comes again, show it to the "
            "responsible user",
        ),
    )


@rule(
    Level.WARN,
    clause="3.10",
    asks=Text(ru="Не заблокирован ли ПИН-код носителя?", en="Is the carrier's PIN locked?"),
)
def pin_locked(situation: Situation) -> Remark | None:
    if situation.sighting is None or not situation.sighting.pin_locked:
        return None
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru="ПИН-код носителя заблокирован: неверный код вводили слишком много раз, ключ "
            "сейчас неработоспособен",
            en="The carrier's PIN is locked: a wrong one was entered too often, its key does not "
            "work now",
        ),
        advice=Text(
            ru="Отдайте носитель ответственному пользователю криптосредств. Если неверный код "
            "вводили не вы, скажите об этом сразу (п. 5.1)",
            en="Hand the carrier to the responsible user. If it was not you who entered a wrong "
            "PIN, say so at once (clause 5.1)",
        ),
    )


_NOT_MOUNTED = Remark(
    level=Level.WARN,
    reason=Text(
        ru="Носитель опознан, но не открыт (не смонтирован): какие на нём контейнеры ключей, не "
        "видно",
        en="The carrier was identified but is not mounted: which key containers it holds can't be "
        "seen",
    ),
    advice=Text(
        ru="Откройте его в файловом менеджере. Если он не открывается, покажите его ответственному "
        "пользователю криптосредств",
        en="Open it in the file manager. If that fails, show it to the responsible user",
    ),
)


def _answered(unread: Unread) -> bool:
    """Whether the carrier did answer, with something that another rule speaks of."""
    if unread.defect is not None:
        return True
    return unread.obstacle in {Obstacle.NO_SERIAL, Obstacle.NOT_INITIALISED}


def _serial_says_nothing(situation: Situation) -> bool:
    seen = situation.seen
    if isinstance(seen, Unread):
        return seen.obstacle is Obstacle.NO_SERIAL or seen.defect is not None
    return not seen.carrier.serial.strip("0")
