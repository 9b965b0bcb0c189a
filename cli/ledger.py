"""`klyuchar ledger`: the responsible user's commands.

What a command needs and was not given is asked for at the terminal. Everything goes through the
ledger's HTTP interface; only init, serve and rebuild open the ledger's files.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

_GROUND = ("--happened", "--ground")

_ACTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("person add", "внести человека (add a person)", ("--name", "--post", "--unit", *_GROUND)),
    (
        "person login",
        "его учётная запись (a login of theirs)",
        ("--person", "--login", "--host", "--domain", *_GROUND),
    ),
    (
        "person admit",
        "допустить приказом, п. 2.2 (admit by order)",
        ("--person", "--order", "--date", *_GROUND),
    ),
    ("person list", "список (list)", ()),
    (
        "workstation add",
        "внести рабочее место (add a workstation)",
        ("--host", "--inventory", "--place", *_GROUND),
    ),
    ("workstation code", "новый код подключения (a new enrolment code)", ("--host",)),
    (
        "workstation show",
        "что за машина и что установлено, п. 3.2 (which machine, what is installed)",
        ("--host",),
    ),
    ("workstation list", "список (list)", ()),
    (
        "carrier add",
        "внести носитель (add a carrier)",
        ("--maker", "--model", "--serial", "--serial-decimal", "--serial-hex", *_GROUND),
    ),
    ("carrier list", "список (list)", ()),
    (
        "document add",
        "внести запись ключа на носитель, п. 3.3 (add a key document)",
        (
            "--carrier",
            "--name",
            "--copy",
            "--certificate",
            "--key-not-after",
            "--made-on",
            *_GROUND,
        ),
    ),
    ("document list", "список (list)", ()),
    (
        "issue",
        "выдать под расписку, п. 3.5 (issue)",
        ("--document", "--person", "--receipt", *_GROUND),
    ),
    ("return", "принять обратно (take back)", ("--document", "--receipt", *_GROUND)),
    (
        "out-of-action",
        "вывести из действия (put out of action)",
        ("--document", "--reason", *_GROUND),
    ),
    (
        "destroy",
        "отметить уничтожение, п. 6.3 (record a destruction)",
        ("--document", "--method", *_GROUND),
    ),
    ("case list", "дела (cases)", ()),
    ("case take", "взять дело: о нём больше не напоминают (take a case)", ("--case",)),
    ("case close", "закрыть дело (close a case)", ("--case", "--conclusion", *_GROUND)),
    (
        "officer absent",
        "записать отсутствие ответственного или заместителя, п. 2.3 (record an absence)",
        ("--role", "--from", "--to", *_GROUND),
    ),
    ("officer back", "записать возвращение (record a return)", ("--role", "--from", *_GROUND)),
    ("officer list", "список отсутствий (list of absences)", ()),
    (
        "fingerprint",
        "отпечаток ключа журнала: сверить при подключении (fingerprint to compare when enrolling)",
        (),
    ),
    ("verify", "проверить цепочку событий (verify the chain)", ()),
    ("events", "события (events)", ("--after",)),
    ("init", "создать журнал по настройкам (make the ledger)", ()),
    ("serve", "запустить журнал (serve)", ()),
    ("rebuild", "перестроить таблицы по событиям (rebuild the tables)", ()),
)

_GROUPS = {
    "person": "люди (people)",
    "workstation": "рабочие места (workstations)",
    "carrier": "ключевые носители (carriers)",
    "document": "ключевые документы (key documents)",
    "case": "дела: что нужно разобрать (cases)",
    "officer": "ответственный пользователь и заместитель (the responsible user and deputy)",
}

_HELP = {
    "--name": "фамилия, имя, отчество; для документа — условное наименование (name)",
    "--post": "должность (post)",
    "--unit": "подразделение (unit)",
    "--person": "№ или фамилия (number or name)",
    "--login": "учётная запись (login)",
    "--host": "имя компьютера (host name)",
    "--domain": "домен (domain)",
    "--order": "номер приказа (order number)",
    "--date": "дата приказа: 12.01.2026 или 2026-01-12 (date of the order)",
    "--inventory": "инвентарный номер (inventory number)",
    "--place": "помещение (place)",
    "--maker": "изготовитель: rutoken, jacarta, etoken, esmart, yubikey, softhsm, "
    "flash, workstation, other (maker)",
    "--model": "модель (model)",
    "--serial": "заводской номер (serial)",
    "--serial-decimal": "заводской номер, десятичный, с корпуса (decimal, from the case)",
    "--serial-hex": "заводской номер, шестнадцатеричный, с экрана (hexadecimal)",
    "--carrier": "№ носителя в журнале или заводской номер (carrier's number or serial)",
    "--copy": "номер экземпляра, если не следующий (copy number)",
    "--certificate": "отпечаток SHA-256 или файл сертификата (fingerprint or file)",
    "--key-not-after": "конец срока закрытого ключа: дата или время RFC 3339 (key's end)",
    "--made-on": "дата изготовления ключа (date of making)",
    "--document": "учётный номер ключевого документа (account number)",
    "--receipt": "расписка: номер, дата (receipt)",
    "--reason": "expired, replaced, compromised, dismissed, inoperable, unused (reason)",
    "--case": "номер дела (case)",
    "--conclusion": "что выяснено и что сделано (conclusion)",
    "--method": "physical — физически, erased — стиранием (how)",
    "--happened": "когда произошло: дата или время RFC 3339; по умолчанию сейчас (happened)",
    "--ground": "основание: приказ, письмо, акт (ground)",
    "--role": "officer — ответственный (как есть), deputy — заместитель (who)",
    "--from": "первый день, по умолчанию сегодня (first day)",
    "--to": "последний день; без него — до officer back (last day)",
    "--after": "после события № (after event)",
}


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("ledger", help="журнал учёта (the ledger)")
    actions = parser.add_subparsers(required=True, metavar="ДЕЙСТВИЕ")
    groups = {
        name: actions.add_parser(name, help=text).add_subparsers(required=True, metavar="ДЕЙСТВИЕ")
        for name, text in _GROUPS.items()
    }
    for words, help_text, options in _ACTIONS:
        group, _, name = words.rpartition(" ")
        _add_action(groups.get(group, actions).add_parser(name, help=help_text), words, options)


def _add_action(parser: argparse.ArgumentParser, words: str, options: tuple[str, ...]) -> None:
    for option in options:
        several = "+" if (words, option) == ("destroy", "--document") else None
        parser.add_argument(option, help=_HELP[option], metavar="…", nargs=several)
    parser.add_argument("--json", action="store_true", help="ответ в JSON (answer in JSON)")
    parser.set_defaults(run=_runner(words))


def _runner(words: str) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        from cli.ledger_actions import RUN

        return RUN[words](args)

    return run
