"""What a case is about: a rule that warned or denied, a breach of a journal, nobody in charge."""

from __future__ import annotations

from domain.text import Text

_WHAT = {
    "compromised": Text(ru="ключ скомпрометирован", en="the key is compromised"),
    "destroyed-carrier-seen": Text(ru="уничтоженный носитель", en="a destroyed carrier"),
    "destroyed-key-seen": Text(ru="уничтоженный ключ", en="a destroyed key"),
    "snapshot-absent": Text(ru="нет сведений журнала учёта", en="no data of the ledger"),
    "clock-behind": Text(ru="отстают часы", en="the clock is behind"),
    "snapshot-old": Text(ru="устарели сведения журнала учёта", en="old data of the ledger"),
    "no-usable-serial": Text(ru="нет заводского номера", en="no usable serial"),
    "not-initialised": Text(ru="носитель не подготовлен", en="not initialised"),
    "unreadable": Text(ru="носитель не опознан", en="not identified"),
    "duplicate-identity": Text(ru="два носителя с одним номером", en="two of one serial"),
    "namesake": Text(ru="номер другого носителя", en="another carrier's serial"),
    "unknown-carrier": Text(ru="носитель не учтён", en="not in the ledger"),
    "empty-carrier": Text(ru="ключей на носителе не числится", en="no keys on it by the ledger"),
    "out-of-action": Text(ru="ключ выведен из действия", en="the key is out of action"),
    "key-ended": Text(ru="срок ключа истёк", en="the key's period ended"),
    "issued-to-another": Text(ru="выдан другому", en="issued to another"),
    "not-issued": Text(ru="никому не выдан", en="issued to nobody"),
    "seat-unknown": Text(ru="неизвестно, кто за компьютером", en="unknown who is at the seat"),
    "login-shared": Text(ru="общее имя входа", en="a shared login"),
    "holder-login-unknown": Text(
        ru="неизвестно имя входа получателя", en="the holder's login is unknown"
    ),
    "key-ended-by-estimate": Text(
        ru="срок ключа истёк по расчёту", en="the key's period ended by estimate"
    ),
    "key-end-unreadable": Text(ru="срок ключа не читается", en="the key's end is unreadable"),
    "key-ending": Text(ru="срок ключа кончается", en="the key's period is ending"),
    "pin-locked": Text(ru="ПИН-код заблокирован", en="the PIN is locked"),
    "contents-not-read": Text(ru="содержимое не прочитано", en="its contents were not read"),
    "nothing-matched": Text(ru="ни одно правило не разрешило", en="no rule allowed it"),
    "more-containers-than-keys": Text(
        ru="контейнеров больше, чем учтено ключей", en="more containers than keys in the ledger"
    ),
    "gap": Text(ru="пропуск в журнале рабочего места", en="a gap in the journal"),
    "truncated": Text(ru="журнал рабочего места усечён", en="the journal was cut"),
    "rewritten": Text(ru="журнал рабочего места переписан", en="the journal was rewritten"),
    "unrecorded": Text(
        ru="события рабочего места не записаны: не было места на диске",
        en="events were not recorded: the workstation's disk was full",
    ),
    "reinstalled": Text(ru="журнал рабочего места начат заново", en="the journal began anew"),
    "unreadable-journal": Text(ru="журнал рабочего места не читается", en="it can't be read"),
    "bad-checkpoint": Text(ru="подпись журнала не сходится", en="a checkpoint is wrong"),
    "nobody-in-charge": Text(ru="некому разбирать дела", en="nobody is in charge"),
    "means-appeared": Text(
        ru="установлено криптосредство, нужно заключение (п. 2.1)",
        en="a cryptographic means was installed, a conclusion of fitness is needed (clause 2.1)",
    ),
    "means-changed": Text(
        ru="криптосредство другой версии, нужно заключение (п. 2.1)",
        en="a cryptographic means has another version, a conclusion is needed (clause 2.1)",
    ),
    "means-vanished": Text(
        ru="криптосредство удалено (п. 6.7)", en="a cryptographic means was removed (clause 6.7)"
    ),
    "time-control-off": Text(
        ru="контроль срока ключей выключен (п. 4.2)",
        en="the control of the period of keys is switched off (clause 4.2)",
    ),
    "hardware-changed": Text(
        ru="другое железо рабочего места (п. 3.2)", en="the hardware is another (clause 3.2)"
    ),
    "enrolled-again": Text(ru="рабочее место подключено заново", en="enrolled again"),
}
_DIGEST = 64


def matter(what: str) -> Text:
    """What the case is about; as it is where a later program has opened it."""
    return _WHAT.get(what, Text(ru=what, en=what))


def about(subject: str) -> str:
    """The carrier, the port, or the beginning of a journal's long fingerprint."""
    return f"{subject[:12]}…" if _is_digest(subject) else subject


def _is_digest(subject: str) -> bool:
    return len(subject) == _DIGEST and all(char in "0123456789abcdef" for char in subject)
