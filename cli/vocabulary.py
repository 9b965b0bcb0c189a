"""The words for makers, levels of a verdict, obstacles and ways of seeing."""

from __future__ import annotations

from domain.sighting import ContainerKind, Obstacle
from domain.text import Text
from domain.verdict import Level

LEVELS = {
    Level.ALLOW: Text(ru="МОЖНО пользоваться", en="ALLOWED"),
    Level.WARN: Text(ru="ОБРАТИТЕ ВНИМАНИЕ", en="ATTENTION"),
    Level.DENY: Text(ru="НЕЛЬЗЯ пользоваться", en="NOT ALLOWED"),
}

OBSTACLES = {
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
    Obstacle.FILE_SYSTEM_ERROR: Text(
        ru="файловая система ответила ошибкой", en="the file system answers with an error"
    ),
    Obstacle.TOO_MANY_FILES: Text(
        ru="на нём слишком много файлов, просмотрены не все",
        en="it has too many files, not all of their names were read",
    ),
    Obstacle.NO_UDEV: Text(
        ru="udev не работает, без него не узнать, какой это накопитель",
        en="udev does not run, without it nothing tells which drive it is",
    ),
    Obstacle.MODULE_NOT_ASKED: Text(
        ru="программу изготовителя сейчас нельзя спросить", en="the maker's module can't be asked"
    ),
    Obstacle.PCSCD_DOWN: Text(ru="служба pcscd не отвечает", en="pcscd does not answer"),
    Obstacle.PCSCD_DENIED: Text(
        ru="служба pcscd отказывает (polkit) или обрывает соединение",
        en="pcscd refuses (polkit) or closes the connection",
    ),
}

STORAGE_OBSTACLES = {
    Obstacle.DEADLINE: Text(
        ru="файловая система не ответила вовремя", en="the file system did not answer in time"
    ),
    Obstacle.MODULE_DIED: Text(
        ru="служба чтения имён завершилась аварийно", en="the worker that reads names crashed"
    ),
    Obstacle.NONSENSE: Text(
        ru="служба чтения имён ответила бессмыслицей",
        en="the worker that reads names answers nonsense",
    ),
    Obstacle.NO_SERIAL: Text(
        ru="у него нет номера (UUID файловой системы), по которому его можно учесть",
        en="it has no number (UUID of the file system) to be accounted for by",
    ),
}
"""Where names of files are read instead of asking a maker's module."""

CONTAINERS = {
    ContainerKind.EXCHANGE: Text(ru="обмен и подпись", en="exchange and signature"),
    ContainerKind.SIGNATURE: Text(ru="только подпись", en="signature only"),
    ContainerKind.INCOMPLETE: Text(ru="неполный", en="incomplete"),
}

SIGHTS = {
    "storage": Text(
        ru="флэш-накопители и контейнеры ключей на диске",
        en="flash drives and key containers on the disk",
    ),
    "bus": Text(ru="подключение устройств", en="devices coming and going"),
    "udev": Text(ru="сообщения о подключении устройств", en="messages of devices"),
    "pcscd": Text(
        ru="носители во всех считывателях (служба pcscd)", en="carriers in all readers (pcscd)"
    ),
    "ledger": Text(ru="сведения журнала учёта", en="the ledger's data"),
    "inventory": Text(ru="опись рабочего места", en="the workstation's inventory"),
}
