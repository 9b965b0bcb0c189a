"""Is the carrier issued, and to the person at the seat (clauses 2.2, 3.5, 3.7)?

Only what is issued is compared. "Cannot tell who that is" is an answer of its own, never "another".
"""

from __future__ import annotations

from enum import Enum

from domain.accounting import KeyDocument, Standing
from domain.text import Text
from domain.verdict import Level
from policies.rule import Remark, named, rule
from policies.situation import Seat, Situation


class _Holder(Enum):
    """How the person a document is issued to relates to the person at the seat."""

    HERE = "here"
    ANOTHER = "another"
    SEAT_UNKNOWN = "seat-unknown"
    LOGIN_SHARED = "login-shared"
    LOGIN_UNKNOWN = "login-unknown"


@rule(
    Level.DENY,
    clause="3.5",
    asks=Text(ru="Выдан ли носитель под расписку?", en="Is the carrier issued under a receipt?"),
)
def not_issued(situation: Situation) -> Remark | None:
    registered = situation.standing(Standing.REGISTERED)
    if not registered or situation.standing(Standing.ISSUED):
        return None
    which = named(registered)
    return Remark(
        level=Level.DENY,
        reason=Text(
            ru=f"Носитель учтён, но никому не выдан под расписку ({which.ru})",
            en=f"The carrier is in the ledger but not issued to anybody ({which.en})",
        ),
        advice=Text(
            ru="Не пользуйтесь носителем. Получите его у ответственного пользователя "
            "криптосредств под расписку или верните ему",
            en="Do not use the carrier. Receive it from the responsible user under a receipt, or "
            "return it",
        ),
    )


@rule(
    Level.DENY,
    Level.WARN,
    clause="3.7",
    asks=Text(
        ru="Не другому ли человеку выдан носитель?",
        en="Is the carrier issued to another person?",
    ),
)
def issued_to_another(situation: Situation) -> Remark | None:
    others = _held(situation, _Holder.ANOTHER)
    if not others:
        return None
    if len(others) == len(situation.standing(Standing.ISSUED)):
        return Remark(
            level=Level.DENY,
            reason=Text(
                ru="Носитель выдан не тому, кто сейчас работает за этим компьютером",
                en="The carrier is issued to another person than the one at this computer",
            ),
            advice=Text(
                ru="Выньте носитель и верните его владельцу или ответственному пользователю "
                "криптосредств. Передавать носитель можно только под расписку и с его разрешения",
                en="Pull the carrier out and return it to its holder or to the responsible user. "
                "It may be passed on only under a receipt and with his sanction",
            ),
        )
    which = named(others)
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru=f"На носителе есть ключ, выданный другому человеку ({which.ru})",
            en=f"The carrier holds a key issued to another person ({which.en})",
        ),
        advice=Text(
            ru="Пользуйтесь только своим ключом и скажите ответственному пользователю "
            "криптосредств, что на носителе есть чужой",
            en="Use only your own key and tell the responsible user of the other one",
        ),
    )


@rule(
    Level.WARN,
    clause="3.7",
    asks=Text(
        ru="Известно ли, кто сейчас за компьютером?", en="Is it known who is at the computer?"
    ),
)
def seat_unknown(situation: Situation) -> Remark | None:
    if not _held(situation, _Holder.SEAT_UNKNOWN):
        return None
    why = _ONLY_REMOTE if situation.seat.remote else _NOBODY_KNOWN
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru=f"Носитель выдан, но {why.ru}: проверить, что носитель у того, кому выдан, не "
            "удалось",
            en=f"The carrier is issued, but {why.en}: it could not be checked that its holder "
            "uses it",
        ),
        advice=_USE_ONLY_YOUR_OWN,
    )


@rule(
    Level.WARN,
    clause="3.7",
    asks=Text(
        ru="Не общее ли имя входа у тех, кто работает за компьютером?",
        en="Is the login at the computer shared by several people?",
    ),
)
def login_shared(situation: Situation) -> Remark | None:
    if not _held(situation, _Holder.LOGIN_SHARED):
        return None
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru="Под этим именем на компьютер входят несколько человек: тот ли это, кому выдан "
            "носитель, узнать нельзя",
            en="Several people log in by this name: whether this is the carrier's holder can't be "
            "told",
        ),
        advice=Text(
            ru="Работайте, только если носитель выдан вам. Попросите для себя отдельное имя входа",
            en="Work with it only if it was issued to you. Ask for a login of your own",
        ),
    )


@rule(
    Level.WARN,
    clause="3.7",
    asks=Text(
        ru="Известно ли, под каким именем входит тот, кому выдан носитель?",
        en="Is a login of the carrier's holder known?",
    ),
)
def holder_login_unknown(situation: Situation) -> Remark | None:
    if not _held(situation, _Holder.LOGIN_UNKNOWN):
        return None
    return Remark(
        level=Level.WARN,
        reason=Text(
            ru="В журнале учёта нет имени входа на этот компьютер для того, кому выдан носитель: "
            "вы это или нет, узнать нельзя",
            en="The ledger has no login at this computer for the person the carrier is issued to: "
            "whether that is you can't be told",
        ),
        advice=Text(
            ru="Если носитель выдан вам, попросите ответственного пользователя криптосредств "
            "внести ваше имя входа. Если не вам, выньте его и верните",
            en="If it was issued to you, ask the responsible user to enter your login. If not, "
            "pull it out and return it",
        ),
    )


@rule(
    Level.ALLOW,
    clause="3.7",
    asks=Text(
        ru="Выдан ли носитель тому, кто за компьютером?",
        en="Is the carrier issued to the person at the computer?",
    ),
)
def issued_to_the_seat(situation: Situation) -> Remark | None:
    if not _held(situation, _Holder.HERE):
        return None
    untold = any(end.untold for end in situation.keys)
    return Remark(
        level=Level.ALLOW,
        reason=Text(
            ru="Носитель учтён и выдан под расписку тому, кто сейчас за этим компьютером"
            + (_END_UNTOLD.ru if untold else ""),
            en="The carrier is in the ledger and issued under a receipt to the person at this "
            "computer" + (_END_UNTOLD.en if untold else ""),
        ),
        advice=Text(
            ru="Работайте. Уходя, выньте носитель и уберите его в шкаф или сейф",
            en="Go on. When you leave, pull the carrier out and lock it away",
        ),
    )


_USE_ONLY_YOUR_OWN = Text(
    ru="Работайте, только если носитель выдан вам. Если нет, выньте его и верните владельцу",
    en="Work with it only if it was issued to you. If not, pull it out and return it",
)


_END_UNTOLD = Text(
    ru=". Срок ключа не проверен: его нет ни на носителе, ни в журнале учёта",
    en=". The key's end was not checked: neither carrier nor ledger says when it is",
)


_ONLY_REMOTE = Text(
    ru="за самим этим компьютером никого нет, в него вошли только удалённо",
    en="nobody is at this computer itself, it was only entered from elsewhere",
)
_NOBODY_KNOWN = Text(
    ru="кто сейчас за этим компьютером, узнать нельзя",
    en="who is at this computer can't be told",
)


def _held(situation: Situation, holder: _Holder) -> tuple[KeyDocument, ...]:
    return tuple(
        one for one in situation.standing(Standing.ISSUED) if _holder(one, situation.seat) is holder
    )


def _holder(document: KeyDocument, seat: Seat) -> _Holder:
    if not seat.known:
        return _Holder.SEAT_UNKNOWN
    if not document.logins:
        return _Holder.LOGIN_UNKNOWN
    matching = set(document.logins).intersection(seat.marks)
    if not matching:
        return _Holder.ANOTHER
    # A bare login may be the host's or the domain's: one shared reading is enough for doubt.
    return _Holder.LOGIN_SHARED if matching & set(document.shared_logins) else _Holder.HERE
