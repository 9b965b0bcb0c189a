"""What a person is told where the carrier is the workstation itself: nobody pulls a disk out.

The rules are the same, only what they say of a thing in the hand would be wrong of a disk.
"""

from __future__ import annotations

from dataclasses import replace

from domain.carrier import Maker
from domain.sighting import Sighting
from domain.text import Text
from domain.verdict import Finding
from policies.situation import Situation

_TELL = Text(
    ru="Не пользуйтесь ключом с диска и сообщите ответственному пользователю криптосредств",
    en="Do not use the key on the disk and tell the responsible user",
)
_ONLY_YOUR_OWN = Text(
    ru="Пользуйтесь ключом с диска, только если он выдан вам. Если нет, сообщите ответственному "
    "пользователю криптосредств",
    en="Use the key on the disk only if it was issued to you. If not, tell the responsible user",
)

_UNREAD = Text(
    ru="Диск этого компьютера просмотреть не удалось: есть ли на нём ключи, неизвестно",
    en="This computer's disk could not be searched: whether there are keys on it is not known",
)
_TELL_THE_ADMINISTRATOR = Text(
    ru="Сообщите администратору: службе чтения имён нужны права на папку контейнеров",
    en="Tell the administrator: the worker that reads names needs to enter the folder of the "
    "containers",
)

_REASONS = {
    "unknown-carrier": Text(
        ru="На диске этого компьютера есть контейнеры ключей, а сам компьютер как ключевой "
        "носитель в журнале поэкземплярного учёта не значится",
        en="There are key containers on this computer's disk, and the ledger does not have the "
        "computer as a carrier",
    ),
    "destroyed-carrier-seen": Text(
        ru="По журналу учёта диск этого компьютера как ключевой носитель уничтожен",
        en="By the ledger this computer's disk was destroyed as a carrier",
    ),
    "not-issued": Text(
        ru="Ключ на диске учтён, но никому не выдан под расписку",
        en="The key on the disk is in the ledger but not issued to anybody",
    ),
    "issued-to-another": Text(
        ru="На диске есть ключ, выданный не тому, кто сейчас работает за этим компьютером",
        en="The disk holds a key issued to another person than the one at this computer",
    ),
    "issued-to-the-seat": Text(
        ru="Ключ на диске учтён и выдан под расписку тому, кто сейчас за этим компьютером",
        en="The key on the disk is in the ledger and issued under a receipt to the person at this "
        "computer",
    ),
    "empty-carrier": Text(
        ru="Компьютер учтён как ключевой носитель, но ключей на его диске по журналу нет",
        en="The computer is registered as a carrier, but the ledger has no key on its disk",
    ),
    "unreadable": _UNREAD,
    "contents-not-read": _UNREAD,
}

_ADVICE = {
    "unknown-carrier": Text(
        ru="Сообщите ответственному пользователю криптосредств: он учтёт компьютер как носитель "
        "(изготовитель workstation) или скажет, как убрать ключи с диска",
        en="Tell the responsible user: he will register the computer as a carrier (maker "
        "workstation) or say how to take the keys off the disk",
    ),
    "out-of-action": Text(
        ru="Этим ключом не пользуйтесь. С диска его уничтожает сам пользователь, под расписку в "
        "техническом (аппаратном) журнале (п. 6.9)",
        en="Do not use this key. Its user destroys it on the disk himself, under a receipt in the "
        "technical journal (clause 6.9)",
    ),
    "unreadable": _TELL_THE_ADMINISTRATOR,
    "contents-not-read": _TELL_THE_ADMINISTRATOR,
    "issued-to-the-seat": Text(
        ru="Работайте. Уходя, заблокируйте экран: ключ на диске нельзя убрать в сейф",
        en="Go on. When you leave, lock the screen: a key on a disk can't be locked away",
    ),
    "seat-unknown": _ONLY_YOUR_OWN,
    "login-shared": _ONLY_YOUR_OWN,
    "holder-login-unknown": _ONLY_YOUR_OWN,
}

_AS_ELSEWHERE = frozenset(
    {
        "snapshot-absent",
        "snapshot-old",
        "clock-behind",
        "key-ended",
        "key-ended-by-estimate",
        "key-end-unreadable",
        "key-ending",
        "more-containers-than-keys",
    }
)
"""Rules whose advice has nothing that is done with the hands."""


def worded(finding: Finding, situation: Situation) -> Finding:
    """The finding as it is said of what was seen."""
    if _maker(situation) is not Maker.WORKSTATION:
        return finding
    advice = finding.advice if finding.rule in _AS_ELSEWHERE else _TELL
    return replace(
        finding,
        reason=_REASONS.get(finding.rule, finding.reason),
        advice=_ADVICE.get(finding.rule, advice),
    )


def _maker(situation: Situation) -> Maker | None:
    seen = situation.seen
    return seen.carrier.maker if isinstance(seen, Sighting) else seen.maker
