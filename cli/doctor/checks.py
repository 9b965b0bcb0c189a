"""Everything that `klyuchar doctor` looks at, in the order in which it tells of it."""

from __future__ import annotations

from cli.doctor import (
    clock,
    files,
    journal,
    ledger,
    means,
    modules,
    pcscd,
    seat,
    settings,
    snapshot,
    units,
    usb,
)
from cli.doctor.examination import Check
from domain.text import Text


def _check(ru: str, en: str, look: object) -> Check:
    return Check(name=Text(ru=ru, en=en), look=look)  # type: ignore[arg-type]


CHECKS: tuple[Check, ...] = (
    _check("настройки", "settings", settings.checked),
    _check("службы", "services", units.units),
    _check("агент", "the agent", journal.running),
    _check("целость журнала", "the journal's chain", journal.whole),
    _check("пользователи", "users", files.users),
    _check("права на файлы", "permissions", files.permissions),
    _check("место на диске", "room on the disk", files.disks),
    _check("udev", "udev", units.udevd),
    _check("pcscd", "pcscd", pcscd.service),
    _check("polkit и hidepid", "polkit and hidepid", pcscd.polkit),
    _check("допуск устройств USB", "USB devices let in", usb.authorised),
    _check("питание USB", "USB power", usb.power),
    _check("число считывателей", "number of readers", usb.limit),
    _check("кто занял считыватель", "who holds a reader", usb.held),
    _check("модули носителей", "modules for carriers", modules.missing),
    _check("файлы модулей", "files of modules", modules.files),
    _check("ответы модулей", "answers of modules", modules.answers),
    _check("кто за компьютером", "who sits here", seat.remote),
    _check("контроль срока ключей", "control of key periods", means.controlled),
    _check("сверка часов", "synchronised clock", clock.synchronised),
    _check("ход часов", "clock against the journal", clock.forward),
    _check("подключение к журналу учёта", "enrolment", ledger.enrolment),
    _check("связь с журналом учёта", "the line to the ledger", ledger.line),
    _check("передача записей", "shipping", ledger.shipping),
    _check("сведения журнала учёта", "the ledger's data", snapshot.snapshot),
)
