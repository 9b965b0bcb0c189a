"""What `klyuchar status` says to a person."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.dates import ago, here
from cli.inventory_words import told as told_of_inventory
from cli.vocabulary import LEVELS
from cli.wording import blindness, notice, printable
from domain.inventory import from_json
from domain.text import Text
from domain.verdict import Level

_INVENTORY_OLD_S = 2 * 24 * 3600
"""It is taken once a day: then the service failed at least once."""

_WATCHES = {
    "usb (kernel)": Text(ru="шина USB (сообщения ядра)", en="the USB bus (messages of the kernel)"),
    "usb (udev)": Text(ru="шина USB (сообщения udev)", en="the USB bus (messages of udev)"),
    "disks (kernel, mounts)": Text(
        ru="флэш-накопители (сообщения ядра)", en="flash drives (messages of the kernel)"
    ),
    "disks (udev, mounts)": Text(
        ru="флэш-накопители (сообщения udev)", en="flash drives (messages of udev)"
    ),
    "on request": Text(ru="по запросу (D-Bus)", en="on request (D-Bus)"),
    "demonstration": Text(ru="показ", en="the demonstration"),
}

_NEARLY = 0.8
_LITTLE_ROOM = 64 << 20
"""Bytes below which the journal's disk is said to be nearly full: months of records."""


def told(report: dict[str, Any], language: str) -> Iterator[str]:
    """The lines for what `status.gather` found."""
    for text in _texts(report, language):
        yield printable(text.in_language(language))
    for carrier in report["carriers"]:
        yield "  " + printable(f"{carrier['name'][language]}: {_verdict(carrier, language)}")
    for one in report["unidentified"]:
        it = Text(ru="Неопознанный носитель", en="An unidentified carrier").in_language(language)
        port = f" ({one['port']})" if one["port"] else ""
        yield "  " + printable(f"{it}{port}: {_verdict(one, language)}")


def _texts(report: dict[str, Any], language: str) -> Iterator[Text]:
    running = report["agent"]["running"]
    yield _agent(report["agent"], language)
    if running:
        yield _watching(report)
        every = report["polling"]["cards_in_readers_every_s"]
        yield Text(
            ru=f"Карты в стоящих считывателях видны только опросом, раз в {every} с.",
            en=f"Cards in standing readers are only seen by polling, every {every} s.",
        )
        for what, reason in report["blind"].items():
            yield blindness(what, reason)
        for one in report["noticed"]:
            yield notice(one["what"], one["reason"])
    yield from _settings(report["settings"])
    yield _snapshot(report["snapshot"])
    yield _journal(report["journal"])
    yield from _disk(report["journal"])
    yield _inventory(report["inventory"])
    yield _heading(any((report["carriers"], report["unidentified"])), running)


def _agent(agent: dict[str, Any], language: str) -> Text:
    if agent["running"]:
        since = here(agent["since"], language)
        return Text(
            ru=f"Агент работает с {since} (версия {agent['version']}).",
            en=f"The agent has been running since {since} (version {agent['version']}).",
        )
    return Text(
        ru="Агент не запущен: за носителями никто не наблюдает. Запустите его: "
        "systemctl start klyuchar-agent, а показ — make run.",
        en="The agent is not running: nobody watches carriers. Start it: "
        "systemctl start klyuchar-agent, or the demonstration: make run.",
    )


def _watching(report: dict[str, Any]) -> Text:
    watches = [_WATCHES.get(name, Text(ru=name, en=name)) for name in report["watching"]]
    modules = ", ".join(report["modules"])
    return Text(
        ru=f"Наблюдение: {', '.join(watch.ru for watch in watches)}. Модули PKCS#11: "
        f"{modules or 'нет ни одного, опознать носитель нечем'}.",
        en=f"It watches {', '.join(watch.en for watch in watches)}. PKCS#11 modules: "
        f"{modules or 'none, so no carrier can be identified'}.",
    )


def _snapshot(snapshot: dict[str, Any] | None) -> Text:
    if snapshot is None:
        return Text(
            ru="Сведений журнала учёта ещё нет. Если рабочее место не подключено: klyuchar enrol.",
            en="There are no data of the ledger yet. If this is not enrolled: klyuchar enrol.",
        )
    if snapshot.get("damaged"):
        return Text(
            ru="Сведения журнала учёта на этом компьютере испорчены; новые придут от журнала "
            "учёта.",
            en="The ledger's data on this machine are damaged; new ones come from the ledger.",
        )
    version, entries, age = snapshot["version"], snapshot["entries"], ago(snapshot["age_s"])
    return Text(
        ru=f"Сведения журнала учёта: версия {version}, составлены {age.ru}, носителей {entries}.",
        en=f"The ledger's data: version {version}, made {age.en}, {entries} carriers.",
    )


def _settings(settings: dict[str, Any]) -> Iterator[Text]:
    if refused := settings["refused"]:
        yield Text(
            ru=f"Новые настройки не приняты, действуют прежние. {refused}",
            en=f"The new settings were refused, the former are in force. {refused}",
        )
    if names := ", ".join(settings["waiting"]):
        yield Text(
            ru=f"Ждут перезапуска агента (systemctl restart klyuchar-agent) настройки: {names}.",
            en=f"Settings that wait for the agent to start again: {names}.",
        )


def _disk(journal: dict[str, Any]) -> Iterator[Text]:
    if journal["unrecorded"]:
        yield Text(
            ru=f"НЕ ЗАПИСАНО событий, пока на диске не было места: {journal['unrecorded']}.",
            en=f"Events NOT RECORDED while the disk was full: {journal['unrecorded']}.",
        )
    size, most = journal["bytes"], journal["most_bytes"]
    if size > most * _NEARLY:
        yield Text(
            ru=f"Журнал рабочего места занимает {size >> 20} МиБ из {most >> 20} "
            "(journal_max_mib). Старое удаляется, когда журнал учёта подтвердил его.",
            en=f"The workstation's journal takes {size >> 20} MiB of {most >> 20} "
            "(journal_max_mib). What is old goes when the ledger has acknowledged it.",
        )
    room = journal["room_bytes"]
    if room is not None and room < _LITTLE_ROOM:
        yield Text(
            ru=f"МАЛО МЕСТА на диске журнала: {room >> 10} КиБ. Когда его не станет, события не "
            "запишутся. Освободите место.",
            en=f"LITTLE ROOM on the journal's disk: {room >> 10} KiB. Without any, events are not "
            "recorded. Free some space.",
        )


def _journal(journal: dict[str, Any]) -> Text:
    records, left = journal["records"], journal["not_shipped"]
    if left <= 0:
        return Text(
            ru=f"Журнал рабочего места: записей {records}, журналу учёта переданы все.",
            en=f"The workstation's journal: {records} records, the ledger has all of them.",
        )
    return Text(
        ru=f"Журнал рабочего места: записей {records}, журналу учёта ещё не передано {left}.",
        en=f"The workstation's journal: {records} records, {left} not shipped to the ledger yet.",
    )


def _inventory(inventory: dict[str, Any] | None) -> Text:
    if inventory is None or inventory.get("damaged"):
        return Text(
            ru="Описи рабочего места нет. Составить: systemctl start klyuchar-inventory.",
            en="There is no inventory. Take it: systemctl start klyuchar-inventory.",
        )
    it, age = told_of_inventory(from_json(inventory)), ago(inventory["age_s"])
    old = inventory["age_s"] > _INVENTORY_OLD_S
    return Text(
        ru=f"Опись рабочего места составлена {age.ru}{' (УСТАРЕЛА)' if old else ''}. {it.ru}",
        en=f"The inventory was taken {age.en}{' (OUT OF DATE)' if old else ''}. {it.en}",
    )


def _heading(some: bool, running: bool) -> Text:
    if running:
        return (
            Text(ru="Вставлены:", en="Plugged in:")
            if some
            else Text(ru="Носителей сейчас нет.", en="No carriers are here now.")
        )
    return (
        Text(ru="Когда агент остановился, были вставлены:", en="Plugged in when it stopped:")
        if some
        else Text(ru="Когда агент остановился, носителей не было.", en="None were here then.")
    )


def _verdict(one: dict[str, Any], language: str) -> str:
    if "verdict" not in one:
        return Text(ru="вердикта ещё нет.", en="no verdict yet.").in_language(language)
    level = LEVELS[Level(one["verdict"])].in_language(language)
    clause = Text(ru=f"п. {one['clause']}", en=f"clause {one['clause']}").in_language(language)
    return f"{level} ({clause}). {one['reason'][language]}."
