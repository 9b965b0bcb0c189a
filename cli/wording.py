"""What happened, in the words of the person at the computer: one line for every event.

Labels, reasons and details come from devices and vendors' modules, so whatever could command a
terminal is taken out of the finished line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from domain.carrier import Carrier, Maker
from domain.events import (
    Appeared,
    Blind,
    Checkpoint,
    Event,
    Identified,
    Judged,
    Missed,
    Pulled,
    Reenumerated,
    Repaired,
    Seeing,
    SnapshotAccepted,
    SnapshotRefused,
    Started,
    Stopped,
    Unreadable,
    Vanished,
)
from domain.sighting import Device, Obstacle, Sighting, Unread
from domain.text import Text
from domain.verdict import Level

if TYPE_CHECKING:
    from journal.decode import Record

_MAKERS = {
    Maker.RUTOKEN: Text(ru="Рутокен", en="Rutoken"),
    Maker.JACARTA: Text(ru="JaCarta", en="JaCarta"),
    Maker.ETOKEN: Text(ru="eToken", en="eToken"),
    Maker.ESMART: Text(ru="ESMART", en="ESMART"),
    Maker.YUBIKEY: Text(ru="YubiKey", en="YubiKey"),
    Maker.SOFTHSM: Text(ru="SoftHSM", en="SoftHSM"),
}

LEVELS = {
    Level.ALLOW: Text(ru="МОЖНО пользоваться", en="ALLOWED"),
    Level.WARN: Text(ru="ОБРАТИТЕ ВНИМАНИЕ", en="ATTENTION"),
    Level.DENY: Text(ru="НЕЛЬЗЯ пользоваться", en="NOT ALLOWED"),
}

_OBSTACLES = {
    Obstacle.DEADLINE: Text(
        ru="программа изготовителя не ответила вовремя", en="the maker's module did not answer"
    ),
    Obstacle.MODULE_DIED: Text(
        ru="программа изготовителя аварийно завершилась", en="the maker's module crashed"
    ),
    Obstacle.MODULE_ABSENT: Text(
        ru="программа изготовителя не установлена", en="the maker's module is not installed"
    ),
    Obstacle.PKCS11_ERROR: Text(
        ru="программа изготовителя сообщила об ошибке", en="the maker's module reports an error"
    ),
    Obstacle.NOT_RECOGNISED: Text(
        ru="носитель не распознан, возможно, неизвестного вида",
        en="the carrier is not recognised, perhaps of an unknown kind",
    ),
    Obstacle.NOT_INITIALISED: Text(
        ru="носитель ещё не подготовлен к работе (не инициализирован)",
        en="the carrier is not initialised",
    ),
    Obstacle.NO_SERIAL: Text(
        ru="у носителя нет пригодного номера", en="the carrier has no usable serial number"
    ),
    Obstacle.NO_TOKEN_APPEARED: Text(
        ru="ни одна программа его не показала", en="no module shows it"
    ),
    Obstacle.NONSENSE: Text(
        ru="программа изготовителя ответила бессмыслицей", en="the maker's module answers nonsense"
    ),
    Obstacle.NO_WORKER: Text(
        ru="служба чтения носителей не запустилась", en="the worker that reads carriers is not up"
    ),
}

_SIGHTS = {
    "bus": Text(ru="подключение устройств", en="devices coming and going"),
    "ledger": Text(ru="сведения журнала учёта", en="the ledger's data"),
}


def line(record: Record) -> Text:
    """The wording of one record, printable and on one line."""
    text = _unknown(record.name) if record.event is None else _event(record.event)
    return Text(ru=_printable(text.ru), en=_printable(text.en))


def _event(event: Event) -> Text:  # noqa: C901, PLR0912  one branch an event
    match event:
        case Started() | Stopped() | Repaired() | Checkpoint():
            return _own(event)
        case Appeared(device=device):
            return _device(device, Text(ru="Подключено", en="Plugged in"))
        case Vanished(device=device):
            return _device(device, Text(ru="Отключено", en="Unplugged"))
        case Identified(sighting=sighting):
            return _identified(sighting)
        case Unreadable(unread=unread):
            return _unreadable(unread)
        case Missed(carrier=carrier):
            it = named(carrier)
            return Text(
                ru=f"{it.ru}: больше не виден, жду, не вернётся ли сам.",
                en=f"{it.en}: not seen any more, waiting whether it comes back by itself.",
            )
        case Pulled(carrier=carrier):
            it = named(carrier)
            return Text(ru=f"{it.ru}: вынут.", en=f"{it.en}: pulled out.")
        case Reenumerated(sighting=sighting, gap_ms=gap):
            return _reenumerated(sighting, gap)
        case Judged():
            return _judged(event)
        case Blind(what=what, reason=reason):
            return _blind(what, reason)
        case Seeing(what=what):
            it = _sight(what)
            return Text(ru=f"Снова вижу: {it.ru}.", en=f"Seeing again: {it.en}.")
        case SnapshotAccepted() | SnapshotRefused():
            return _snapshot(event)
        case _:
            assert_never(event)


def named(carrier: Carrier) -> Text:
    """The carrier as a person knows it: its make and the number on its case."""
    number = carrier.spelled()
    maker = _MAKERS.get(carrier.maker) or Text(ru=f"«{carrier.model}»", en=f'"{carrier.model}"')
    return Text(ru=f"{maker.ru} № {number}", en=f"{maker.en} No. {number}")


def _own(event: Started | Stopped | Repaired | Checkpoint) -> Text:
    """What concerns the program itself and its journal."""
    match event:
        case Started(version=version):
            return Text(
                ru=f"Ключарь начал наблюдать за носителями (версия {version}).",
                en=f"Klyuchar began to watch carriers (version {version}).",
            )
        case Stopped():
            return Text(
                ru="Ключарь остановлен: за носителями никто не наблюдает.",
                en="Klyuchar stopped: nobody watches carriers.",
            )
        case Repaired(size=size):
            return Text(
                ru=f"Прошлая запись прервалась (пропало питание?): недописанная строка, {size} "
                "байт, убрана. Подтверждённые записи целы.",
                en=f"The last write was cut short (a power cut?): an unfinished line of {size} "
                "bytes was cut off. Acknowledged records are whole.",
            )
        case Checkpoint(seq=seq):
            return Text(
                ru=f"Записи по № {seq} заверены контрольной точкой (контроль целостности).",
                en=f"Records up to No. {seq} are vouched for by a checkpoint (integrity control).",
            )
        case _:
            assert_never(event)


def _device(device: Device, verb: Text) -> Text:
    kind = (
        Text(ru="считыватель карт", en="card reader")
        if device.is_reader
        else Text(ru="устройство", en="device")
    )
    maker = _MAKERS.get(device.maker)
    names = [name for name in (maker.ru if maker else "", device.model) if name]
    if maker and device.model.lower().startswith((maker.ru.lower(), maker.en.lower())):
        names = [device.model]
    what = " ".join(names) or device.usb_id
    return Text(ru=f"{verb.ru} {kind.ru}: {what}.", en=f"{verb.en}: {kind.en} {what}.")


def _identified(sighting: Sighting) -> Text:
    it = named(sighting.carrier)
    contents = _contents(sighting)
    locked = Text(ru=" ПИН-код заблокирован.", en=" Its PIN is locked.")
    return Text(
        ru=f"{it.ru}: опознан. {contents.ru}{locked.ru if sighting.pin_locked else ''}",
        en=f"{it.en}: identified. {contents.en}{locked.en if sighting.pin_locked else ''}",
    )


def _contents(sighting: Sighting) -> Text:
    """Never "empty": what needs a PIN is not visible."""
    if sighting.objects < 0:
        return Text(
            ru="Что на нём записано, узнать не удалось.",
            en="What it holds could not be asked.",
        )
    if sighting.objects == 0:
        return Text(
            ru="Через PKCS#11 не видно объектов (без ПИН-кода видно не всё).",
            en="No objects visible through PKCS#11 (not all is visible without a PIN).",
        )
    count = len(sighting.certificates)
    ru = f"Видно объектов: {sighting.objects}, из них сертификатов: {count}"
    en = f"Objects visible: {sighting.objects}, certificates among them: {count}"
    if sighting.unparsed_certificates:
        ru += f"; не разобрано сертификатов: {sighting.unparsed_certificates}"
        en += f"; certificates that could not be parsed: {sighting.unparsed_certificates}"
    return Text(ru=f"{ru}.", en=f"{en}.")


def _unreadable(unread: Unread) -> Text:
    obstacle = _OBSTACLES[unread.obstacle]
    label = f" «{unread.label}»" if unread.label else ""
    detail = f" ({unread.detail})" if unread.detail else ""
    return Text(
        ru=f"Вставленный носитель{label} не опознан: {obstacle.ru}{detail}.",
        en=f"The carrier{label} that came could not be identified: {obstacle.en}{detail}.",
    )


def _reenumerated(sighting: Sighting, gap_ms: int) -> Text:
    it = named(sighting.carrier)
    seconds = f"{gap_ms / 1000:.1f}"
    return Text(
        ru=f"{it.ru}: пропал и вернулся через {seconds.replace('.', ',')} с сам, его не вынимали.",
        en=f"{it.en}: gone and back after {seconds} s by itself, nobody pulled it.",
    )


def _judged(event: Judged) -> Text:
    """The carrier, the verdict, why, and what to do."""
    if not event.verdict.findings:
        return _unknown(Judged.__name__)
    it = (
        named(event.carrier)
        if event.carrier
        else Text(ru="Неопознанный носитель", en="The unidentified carrier")
    )
    deciding = event.verdict.deciding
    level = LEVELS[deciding.level]
    clause = deciding.clause
    ru = f"{it.ru}: {level.ru}. {_sentence(deciding.reason.ru)}"
    en = f"{it.en}: {level.en}. {_sentence(deciding.reason.en)}"
    if deciding.advice.ru:
        ru += f" Что делать: {_sentence(deciding.advice.ru)}"
    if deciding.advice.en:
        en += f" What to do: {_sentence(deciding.advice.en)}"
    if clause:
        ru += f" (п. {clause})"
        en += f" (clause {clause})"
    return Text(ru=ru, en=en)


def _blind(what: str, reason: str) -> Text:
    it = _sight(what)
    name, _, detail = reason.partition(": ")
    known = _OBSTACLES[Obstacle(name)] if name in list(Obstacle) else None
    because = known or Text(ru=reason, en=reason)
    shown = f" ({detail})" if known and detail else ""
    return Text(
        ru=f"НЕ ВИЖУ: {it.ru}. Причина: {because.ru}{shown}.",
        en=f"BLIND: {it.en}. Reason: {because.en}{shown}.",
    )


def _sight(what: str) -> Text:
    return _SIGHTS.get(what) or Text(ru=f"носители через «{what}»", en=f'carriers through "{what}"')


def _snapshot(event: SnapshotAccepted | SnapshotRefused) -> Text:
    if isinstance(event, SnapshotAccepted):
        version = event.mark.version
        return Text(
            ru=f"Получены сведения журнала учёта: версия {version}, носителей {event.entries}.",
            en=f"The ledger's data came: version {version}, {event.entries} carriers.",
        )
    reason = _sentence(event.reason)
    return Text(
        ru=f"Сведения журнала учёта не приняты: {reason} Действуют прежние.",
        en=f"The ledger's data were refused: {reason} The former stay in force.",
    )


def _unknown(name: str) -> Text:
    return Text(
        ru=f"Событие «{name}»: эта версия программы его не знает, обновите Ключарь.",
        en=f'Event "{name}": this version does not know it, update klyuchar.',
    )


def _sentence(words: str) -> str:
    return words if words.endswith((".", "!", "?", "…")) else f"{words}."


def _printable(words: str) -> str:
    """One line without anything that a terminal would obey."""
    flat = " ".join(words.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
