"""What the ledger's facts and lists look like on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from domain.carrier import Maker
from domain.matters import matter
from domain.text import Text

Row = Mapping[str, Any]

MAKERS = {
    Maker.RUTOKEN.value: Text(ru="Рутокен", en="Rutoken"),
    Maker.JACARTA.value: Text(ru="JaCarta", en="JaCarta"),
    Maker.ETOKEN.value: Text(ru="eToken (SafeNet)", en="eToken (SafeNet)"),
    Maker.ESMART.value: Text(ru="ESMART", en="ESMART"),
    Maker.YUBIKEY.value: Text(ru="YubiKey", en="YubiKey"),
    Maker.SOFTHSM.value: Text(ru="SoftHSM (программный)", en="SoftHSM (software)"),
    Maker.FLASH.value: Text(ru="флэш-накопитель", en="flash drive"),
    Maker.WORKSTATION.value: Text(ru="диск рабочего места", en="a workstation's disk"),
    Maker.OTHER.value: Text(ru="другой", en="other"),
}

REASONS = {
    "expired": Text(ru="истёк срок", en="expired"),
    "replaced": Text(ru="заменён", en="replaced"),
    "compromised": Text(ru="скомпрометирован", en="compromised"),
    "dismissed": Text(ru="увольнение держателя", en="its holder was dismissed"),
    "inoperable": Text(ru="неработоспособен", en="inoperable"),
    "unused": Text(ru="не используется", en="unused"),
}

METHODS = {
    "physical": Text(ru="физически, вместе с носителем", en="physically, with its carrier"),
    "erased": Text(ru="стиранием, носитель остаётся", en="by erasing, the carrier stays"),
}

STANDINGS = {
    "registered": Text(ru="у ответственного", en="at the responsible user"),
    "issued": Text(ru="выдан", en="issued"),
    "out-of-action": Text(ru="выведен из действия", en="out of action"),
    "destroyed": Text(ru="уничтожен", en="destroyed"),
}


def _registered(fact: Row) -> Text:
    number, copy = fact["number"], fact["copy"]
    return Text(
        ru=f"Ключевой документ {number}: носитель № {fact['carrier']}, экземпляр {copy}.",
        en=f"Key document {number}: carrier {fact['carrier']}, copy {copy}.",
    )


def _carrier(fact: Row) -> Text:
    number, serial = fact["carrier"], fact["identity"]["serial"]
    return Text(
        ru=f"Носитель внесён под № {number} (номер {serial}).",
        en=f"The carrier has the number {number} (serial {serial}).",
    )


def _out_of_action(fact: Row) -> Text:
    reason = REASONS[fact["reason"]]
    return Text(
        ru=f"{fact['number']} выведен из действия: {reason.ru}. Если документацией не установлен "
        "иной срок, ключ уничтожают не позднее 10 суток (п. 6.8).",
        en=f"{fact['number']} is out of action: {reason.en}. Unless the documentation sets another "
        "term, the key is destroyed within 10 days (clause 6.8).",
    )


def _destroyed(fact: Row) -> Text:
    method = METHODS[fact["method"]]
    return Text(
        ru=f"{fact['number']} отмечен как уничтоженный ({method.ru}).",
        en=f"{fact['number']} is marked as destroyed ({method.en}).",
    )


def _case(fact: Row) -> Text:
    number, what = fact["case"], matter(fact["what"])
    if not fact["workstation"]:
        return Text(ru=f"Дело № {number}: {what.ru}.", en=f"Case {number}: {what.en}.")
    return Text(
        ru=f"Дело № {number}: {what.ru}, рабочее место № {fact['workstation']}.",
        en=f"Case {number}: {what.en}, workstation {fact['workstation']}.",
    )


def _broken(fact: Row) -> Text:
    what, seq = matter(fact["breach"]), fact["seq"]
    return Text(
        ru=f"Рабочее место № {fact['workstation']}: {what.ru}, запись № {seq}.",
        en=f"Workstation {fact['workstation']}: {what.en}, record {seq}.",
    )


ROLES = {
    "officer": Text(ru="ответственный пользователь", en="the responsible user"),
    "deputy": Text(ru="заместитель", en="the deputy"),
}

RECIPIENTS = {
    "officer": Text(ru="ответственному", en="responsible user"),
    "deputy": Text(ru="заместителю", en="deputy"),
}


def _delivered(fact: Row) -> Text:
    to, number = RECIPIENTS[fact.get("role", "officer")], fact.get("number", 1)
    repeated = Text(ru=f", напоминание {number - 1}", en=f", reminder {number - 1}")
    more = repeated if number > 1 else Text(ru="", en="")
    return Text(
        ru=f"Письмо {to.ru} о деле № {fact['case']}{more.ru} принято почтовым сервером.",
        en=f"The mail server took the message to the {to.en} about case {fact['case']}{more.en}.",
    )


def _undelivered(fact: Row) -> Text:
    to, why = RECIPIENTS[fact["role"]], refusal(fact["reply"], permanent=fact["permanent"])
    return Text(
        ru=f"Письмо {to.ru} о деле № {fact['case']} не отправлено: {why.ru}.",
        en=f"The message to the {to.en} about case {fact['case']} was not sent: {why.en}.",
    )


def refusal(reply: int, *, permanent: bool) -> Text:
    """Why a message was not taken; ``reply`` is the mail server's code, 0 where it gave none."""
    if permanent:
        return Text(
            ru=f"почтовый сервер не принимает адрес ({reply})",
            en=f"the mail server refuses the address ({reply})",
        )
    if not reply:
        return Text(
            ru="почтовый сервер недоступен или не тот", en="the mail server is not to be had"
        )
    return Text(ru=f"ответ почтового сервера {reply}", en=f"the mail server says {reply}")


def _absent(fact: Row) -> Text:
    who, first, last = ROLES[fact["role"]], fact["first"], fact["last"]
    until = Text(ru=f"по {last}", en=f"to {last}") if last else Text(ru="без срока", en="on")
    return Text(
        ru=f"Отсутствует {who.ru}: с {first} {until.ru}.",
        en=f"Absent, {who.en}: from {first} {until.en}.",
    )


SEVERITIES = {
    "warn": Text(ru="предупреждение", en="warning"),
    "deny": Text(ru="запрет", en="denied"),
    "alarm": Text(ru="тревога", en="alarm"),
}

SAID: dict[str, Callable[[Row], Text]] = {
    "Opened": lambda f: Text(
        ru=f"Журнал учёта заведён: {f['organisation']}.",
        en=f"The ledger was opened: {f['organisation']}.",
    ),
    "PersonRegistered": lambda f: Text(
        ru=f"В журнал под № {f['person']} внесено имя: {f['name']}.",
        en=f"{f['name']} has number {f['person']}.",
    ),
    "LoginAdded": lambda f: Text(
        ru=f"Учётная запись {f['login']}@{f['realm']} записана за № {f['person']}.",
        en=f"The login {f['login']}@{f['realm']} belongs to number {f['person']}.",
    ),
    "PersonAdmitted": lambda f: Text(
        ru=f"№ {f['person']} допущен приказом {f['order_number']} от {f['order_date']}.",
        en=f"Number {f['person']} is admitted by order {f['order_number']} of {f['order_date']}.",
    ),
    "WorkstationRegistered": lambda f: Text(
        ru=f"Рабочее место {f['host']}: № {f['workstation']}.",
        en=f"Workstation {f['host']} has number {f['workstation']}.",
    ),
    "CarrierRegistered": _carrier,
    "KeyDocumentRegistered": _registered,
    "KeyDocumentIssued": lambda f: Text(
        ru=f"{f['number']} выдан под расписку: {f['receipt']}.",
        en=f"{f['number']} is issued under receipt: {f['receipt']}.",
    ),
    "KeyDocumentReturned": lambda f: Text(
        ru=f"{f['number']} принят обратно.", en=f"{f['number']} is back."
    ),
    "KeyDocumentPutOutOfAction": _out_of_action,
    "KeyDocumentDestroyed": _destroyed,
    "CarrierRetired": lambda f: Text(
        ru=f"Носитель № {f['carrier']} выбыл.", en=f"Carrier {f['carrier']} is retired."
    ),
    "EnrolmentCodeMade": lambda f: Text(
        ru=f"Для рабочего места № {f['workstation']} выдан код подключения.",
        en=f"An enrolment code was made for workstation {f['workstation']}.",
    ),
    "WorkstationEnrolled": lambda f: Text(
        ru=f"Рабочее место № {f['workstation']} подключено.",
        en=f"Workstation {f['workstation']} is enrolled.",
    ),
    "JournalBroken": _broken,
    "WorkstationInventoried": lambda f: Text(
        ru=f"Опись рабочего места № {f['workstation']}.",
        en=f"The inventory of workstation {f['workstation']}.",
    ),
    "CaseOpened": _case,
    "CaseClosed": lambda f: Text(
        ru=f"Дело № {f['case']} закрыто: {f['reason']}.",
        en=f"Case {f['case']} is closed: {f['reason']}.",
    ),
    "CaseTaken": lambda f: Text(
        ru=f"Дело № {f['case']} взято: напоминаний о нём больше не будет.",
        en=f"Case {f['case']} is taken: there will be no more reminders of it.",
    ),
    "MailDelivered": _delivered,
    "MailFailed": _undelivered,
    "OfficerAbsent": _absent,
    "OfficerBack": lambda f: Text(
        ru=f"Отсутствие № {f['absence']} окончено: на месте с {f['since']}.",
        en=f"Absence {f['absence']} has ended: there since {f['since']}.",
    ),
}
"""What to say of a fact that a command made, by the event's name."""
