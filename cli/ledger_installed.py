"""What is installed on a workstation, as the ledger knows it, on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cli.dates import here
from cli.inventory_words import time_control, unasked
from cli.wording import printable
from domain.inventory import Control, from_json
from domain.means import Kind
from domain.text import Text

HEADINGS = (
    Text(ru="Что установлено", en="Installed"),
    Text(ru="Версия", en="Version"),
    Text(ru="С какого времени", en="Since"),
    Text(ru="Вид", en="Kind"),
)
_KINDS = {
    Kind.MEANS: Text(ru="криптосредство", en="cryptographic means"),
    Kind.CARRIER: Text(ru="для носителей", en="for carriers"),
    Kind.INFORMATION: Text(ru="для сведения", en="for information"),
}


def means_of(row: Mapping[str, Any], language: str) -> str:
    """The cell of the list: the means with their versions, and a time control switched off."""
    cells = [
        f"{one['name'][language]} {one['version']}"
        for one in row["products"]
        if one["kind"] == Kind.MEANS
    ]
    if row["control"] == Control.OFF:
        off = Text(ru="контроль срока ключей ВЫКЛЮЧЕН", en="control of keys' period is OFF")
        cells.append(off.in_language(language))
    return "; ".join(cells) or "—"


def rows(workstation: Mapping[str, Any], language: str) -> list[list[str]]:
    """The rows under `HEADINGS`."""
    return [
        [
            printable(one["name"][language]),
            printable(one["version"]),
            here(one["since"], language),
            _KINDS[Kind(one["kind"])].in_language(language),
        ]
        for one in workstation["products"]
    ]


def told(workstation: Mapping[str, Any], language: str) -> Iterator[str]:
    """Which machine it is, as of when, and what else its inventory says."""
    for text in _texts(workstation, language):
        yield printable(text.in_language(language))


def _texts(workstation: Mapping[str, Any], language: str) -> Iterator[Text]:
    host, number = workstation["host"], workstation["workstation"]
    yield Text(ru=f"Рабочее место {host}, № {number}.", en=f"Workstation {host}, No. {number}.")
    if "machine" not in workstation:
        yield Text(ru="Описи от него ещё не было.", en="It has not sent an inventory yet.")
        return
    inventory = from_json(workstation)
    machine, at = inventory.machine, here(workstation["inventory_of"], language)
    hardware = " ".join(filter(None, (machine.vendor, machine.product))) or "—"
    yield Text(
        ru=f"Машина: {hardware}, заводской номер {machine.serial or 'неизвестен'}, имя "
        f"{machine.host}, система {machine.system or '—'}. По описи от {at}.",
        en=f"Machine: {hardware}, serial number {machine.serial or 'unknown'}, name "
        f"{machine.host}, system {machine.system or '—'}. By its inventory of {at}.",
    )
    if (control := time_control(inventory.time_control)) is not None:
        yield control
    if inventory.unasked:
        yield unasked(inventory.unasked)
