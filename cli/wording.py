"""What happened, in the words of the person at the computer: one line for every event.

Labels, reasons and details come from devices and vendors' modules, so whatever could command a
terminal is taken out of the finished line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from cli.causes import explained, remedy
from cli.inventory_words import told as told_of_inventory
from cli.vocabulary import (
    CONTAINERS,
    LEVELS,
    OBSTACLES,
    SIGHTS,
    STORAGE_OBSTACLES,
)
from domain.carrier import STORAGE, Maker
from domain.events import (
    Appeared,
    Blind,
    Checkpoint,
    Event,
    Identified,
    Inventoried,
    Judged,
    Missed,
    Noticed,
    Pulled,
    Reconfigured,
    Reenumerated,
    Repaired,
    Seeing,
    SegmentReleased,
    SettingsRefused,
    SnapshotAccepted,
    SnapshotRefused,
    Started,
    Stopped,
    Unreadable,
    Unrecorded,
    Vanished,
)
from domain.names import MAKERS, named
from domain.sighting import Device, Obstacle, Sighting, Unread
from domain.text import Text

if TYPE_CHECKING:
    from journal.decode import Record


def line(record: Record) -> Text:
    """The wording of one record, printable and on one line."""
    told = lines(record)
    return Text(ru=" ".join(text.ru for text in told), en=" ".join(text.en for text in told))


def lines(record: Record) -> list[Text]:
    """The wording of one record, printable: a verdict, why, and what to do are lines of their
    own, everything else is one line."""
    event = record.event
    if isinstance(event, Judged) and event.verdict.findings:
        told = _judged(event)
    else:
        told = [_unknown(record.name) if event is None else _event(event)]
    return [Text(ru=printable(text.ru), en=printable(text.en)) for text in told]


def _event(event: Event) -> Text:  # noqa: C901, PLR0912  one branch an event
    match event:
        case Started() | Stopped() | Repaired() | Checkpoint():
            return _own(event)
        case Reconfigured() | SettingsRefused() | Unrecorded() | SegmentReleased():
            return _upkeep(event)
        case Appeared(device=device):
            return _device(device, Text(ru="Подключено", en="Plugged in"))
        case Vanished(device=device):
            return _device(device, Text(ru="Отключено", en="Unplugged"))
        case Identified(sighting=sighting):
            return _identified(sighting)
        case Unreadable(unread=unread, device=device):
            return _unreadable(unread, device)
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
            return _unknown(Judged.__name__)  # without any finding: no version of ours writes it
        case Blind(what=what, reason=reason):
            return blindness(what, reason)
        case Seeing(what=what):
            it = _sight(what)
            return Text(ru=f"Снова вижу: {it.ru}.", en=f"Seeing again: {it.en}.")
        case Noticed(what=what, finding=finding, detail=detail):
            return notice(what, f"{finding}: {detail}")
        case SnapshotAccepted() | SnapshotRefused():
            return _snapshot(event)
        case Inventoried(inventory=inventory):
            it = told_of_inventory(inventory)
            return Text(ru=f"Опись рабочего места. {it.ru}", en=f"Inventory. {it.en}")
        case _:
            assert_never(event)


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


def _upkeep(event: Reconfigured | SettingsRefused | Unrecorded | SegmentReleased) -> Text:
    """What concerns settings and the disk."""
    match event:
        case Reconfigured(changed=changed, waiting=waiting):
            what = ", ".join(f"{each.name} = {each.value}" for each in changed)
            names = ", ".join(waiting)
            later = Text(
                ru=f" Только после перезапуска агента: {names}." if names else "",
                en=f" Only when the agent starts again: {names}." if names else "",
            )
            return Text(
                ru=f"Настройки перечитаны. Изменилось: {what or 'ничего'}.{later.ru}",
                en=f"The settings were read again. Changed: {what or 'nothing'}.{later.en}",
            )
        case SettingsRefused(reason=reason):
            return Text(
                ru=f"Новые настройки не приняты, действуют прежние. {reason}",
                en=f"The new settings were refused, the former stay in force. {reason}",
            )
        case SegmentReleased(first_seq=first, last_seq=last):
            return Text(
                ru=f"Записи № {first}–{last} хранит теперь только журнал учёта: он подтвердил их "
                "подписью, файл на этом компьютере удаляется.",
                en=f"Records No. {first} to {last} are kept by the ledger alone now: it "
                "acknowledged them by its signature, the file on this machine is removed.",
            )
        case Unrecorded(count=count, since=since, reason=reason):
            return Text(
                ru=f"НЕ ЗАПИСАНО событий: {count}, с {since}. {reason} Что вставлено сейчас, "
                "проверено заново.",
                en=f"NOT RECORDED: {count} events, since {since}. {reason} What is here now was "
                "looked at afresh.",
            )
        case _:
            assert_never(event)


def _device(device: Device, verb: Text) -> Text:
    kind = (
        Text(ru="считыватель карт", en="card reader")
        if device.is_reader
        else Text(ru="устройство", en="device")
    )
    what = _made(device)
    return Text(ru=f"{verb.ru} {kind.ru}: {what}.", en=f"{verb.en}: {kind.en} {what}.")


def _made(device: Device) -> str:
    """Make and model, the make once."""
    maker = MAKERS.get(device.maker)
    names = [name for name in (maker.ru if maker else "", device.model) if name]
    if maker and device.model.lower().startswith((maker.ru.lower(), maker.en.lower())):
        names = [device.model]
    return " ".join(names) or device.usb_id


def _identified(sighting: Sighting) -> Text:
    it = named(sighting.carrier)
    contents = _contents(sighting)
    locked = Text(ru=" ПИН-код заблокирован.", en=" Its PIN is locked.")
    ru, en = (f" «{sighting.label}»", f' "{sighting.label}"') if sighting.label else ("", "")
    return Text(
        ru=f"{it.ru}{ru}: опознан. {contents.ru}{locked.ru if sighting.pin_locked else ''}",
        en=f"{it.en}{en}: identified. {contents.en}{locked.en if sighting.pin_locked else ''}",
    )


def _contents(sighting: Sighting) -> Text:
    """Never "empty": what needs a PIN is not visible."""
    if sighting.carrier.maker in STORAGE:
        return _containers(sighting)
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


def _containers(sighting: Sighting) -> Text:
    """What names of folders say; the keys themselves are not read."""
    if sighting.objects < 0:
        return Text(
            ru="Он не открыт (не смонтирован): есть ли на нём ключи, не видно.",
            en="It is not mounted: whether there are keys on it can't be seen.",
        )
    if sighting.objects == 0:
        return Text(ru="Контейнеров ключей не видно.", en="No key containers are seen.")
    ru, en = (
        ", ".join(
            f"{one.folder} ({CONTAINERS[one.kind].in_language(language)})"
            for one in sighting.containers
        )
        for language in ("ru", "en")
    )
    more = sighting.objects - len(sighting.containers)
    ru, en = (f"{ru} и ещё {more}", f"{en} and {more} more") if more > 0 else (ru, en)
    return Text(ru=f"Контейнеры ключей (по именам папок): {ru}.", en=f"Key containers: {en}.")


def _unreadable(unread: Unread, device: Device | None) -> Text:
    obstacle = OBSTACLES[unread.obstacle]
    if unread.module == "storage":
        return _unread_storage(unread, STORAGE_OBSTACLES.get(unread.obstacle, obstacle))
    name = unread.label or (device.model if device else "")
    label = f" «{name}»" if name else ""
    by_usb = device is not None and unread.detail == device.usb_id  # said below
    detail = f" ({unread.detail})" if unread.detail and not by_usb else ""
    usb, todo = _by_usb(device), _todo(unread.obstacle, unread.detail)
    return Text(
        ru=f"Вставленный носитель{label} не опознан: {obstacle.ru}{detail}.{usb.ru}{todo.ru}",
        en=f"The carrier{label} that came could not be identified: {obstacle.en}{detail}."
        f"{usb.en}{todo.en}",
    )


def _unread_storage(unread: Unread, obstacle: Text) -> Text:
    it = (
        Text(ru="Диск этого компьютера", en="This computer's disk")
        if unread.maker is Maker.WORKSTATION
        else Text(ru="Флэш-накопитель", en="A flash drive")
    )
    detail = f" ({unread.detail})" if unread.detail else ""
    return Text(
        ru=f"{it.ru} просмотрен не весь, ключей могли не заметить: {obstacle.ru}{detail}.",
        en=f"{it.en} was not read in full, keys may have been missed: {obstacle.en}{detail}.",
    )


def _by_usb(device: Device | None) -> Text:
    """What is known of a carrier by its USB descriptor alone: what it is, and not which one."""
    if device is None or device.is_reader or not device.usb_id:
        return Text(ru="", en="")
    it = _made(device)
    ru = f" Номер неизвестен: по USB видно только, что это {it} ({device.usb_id})"
    en = f" Its serial is unknown: USB tells only that it is {it} ({device.usb_id})"
    if device.usb_serial:
        ru += f"; номер в описателе USB, {device.usb_serial}, — не номер носителя"
        en += f"; the number in its USB descriptor, {device.usb_serial}, is not the carrier's"
    return Text(ru=f"{ru}.", en=f"{en}.")


def _reenumerated(sighting: Sighting, gap_ms: int) -> Text:
    it = named(sighting.carrier)
    seconds = f"{gap_ms / 1000:.1f}"
    return Text(
        ru=f"{it.ru}: пропал и вернулся через {seconds.replace('.', ',')} с сам, его не вынимали.",
        en=f"{it.en}: gone and back after {seconds} s by itself, nobody pulled it.",
    )


def _judged(event: Judged) -> list[Text]:
    """The carrier and the verdict, why, and what to do."""
    it = (
        named(event.carrier)
        if event.carrier
        else Text(ru="Неопознанный носитель", en="The unidentified carrier")
    )
    deciding = event.verdict.deciding
    level, clause = LEVELS[deciding.level], deciding.clause
    by = Text(ru=f" (п. {clause})", en=f" (clause {clause})") if clause else Text(ru="", en="")
    reason, advice = deciding.reason, deciding.advice
    told = [
        Text(ru=f"{it.ru}: {level.ru}{by.ru}.", en=f"{it.en}: {level.en}{by.en}."),
        Text(ru=_sentence(reason.ru), en=_sentence(reason.en)),
    ]
    if advice.ru:
        todo = Text(ru=f"Что делать: {advice.ru}", en=f"What to do: {advice.en or advice.ru}")
        told.append(Text(ru=_sentence(todo.ru), en=_sentence(todo.en)))
    return told


def blindness(what: str, reason: str) -> Text:
    """What can't be seen, why, and what to do."""
    it = _sight(what)
    cause, todo = _because(reason, what)
    return Text(
        ru=f"НЕ ВИЖУ: {it.ru}. Причина: {cause.ru}.{todo.ru}",
        en=f"BLIND: {it.en}. Reason: {cause.en}.{todo.en}",
    )


def notice(what: str, reason: str) -> Text:
    """What is not as it should be, and what to do."""
    cause, todo = _because(reason, what)
    return Text(
        ru=f"Модуль «{what}»: {cause.ru}.{todo.ru}", en=f'Module "{what}": {cause.en}.{todo.en}'
    )


def _because(reason: str, what: str) -> tuple[Text, Text]:
    """A cause with its detail in words, and what to do about it as a sentence."""
    name, _, detail = reason.partition(": ")
    known, todo = explained(name), _todo(name, detail)
    if known is None:
        return Text(ru=reason, en=reason), Text(ru="", en="")
    if what == "storage" and name in list(Obstacle):
        known, todo = STORAGE_OBSTACLES.get(Obstacle(name), known), _todo(f"storage-{name}", detail)
    shown = f" ({detail})" if detail else ""
    return Text(ru=f"{known.ru}{shown}", en=f"{known.en}{shown}"), todo


def _todo(cause: str, detail: str) -> Text:
    what = remedy(cause, detail)
    if not what.ru:
        return what
    return Text(ru=f" Что делать: {what.ru}.", en=f" What to do: {what.en}.")


def _sight(what: str) -> Text:
    return SIGHTS.get(what) or Text(ru=f"носители через «{what}»", en=f'carriers through "{what}"')


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


def printable(words: str) -> str:
    """One line without anything that a terminal would obey: devices tell their own names."""
    flat = " ".join(words.split())
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in flat)
