"""Inventories of workstations: what each one last said, and the cases that a change opens.

The first inventory is where the ledger begins: what is installed then is taken for accounted for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from domain import canonical
from domain.inventory import Control, Inventory, Machine, Manager, Package, from_json
from domain.means import CRYPTOPRO, Kind, Product, installed, product_of
from domain.text import Text
from ledger import cases
from ledger.events import Origin, Severity, WorkstationInventoried
from ledger.projections import record
from ledger.store import Reading, Transaction

_LONGEST_TIME = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the books have of a workstation; ``seen`` is the workstation's own time of its last
    word, RFC 3339 UTC. ``since`` has every package that counts as installed."""

    seen: str
    inventory: Inventory
    since: dict[Package, str]

    def products(self) -> dict[Product, tuple[str, str]]:
        """Every installed product with its version and the time since when that one is there."""
        return {
            product: (version, self._first(product, version))
            for product, version in installed(self.since).items()
        }

    def _first(self, product: Product, version: str) -> str:
        return min(
            since
            for one, since in self.since.items()
            if one.version == version and product_of(one.name) is product
        )


def known(reading: Reading, workstation: int) -> Known | None:
    """What the workstation said of itself; None where it never did."""
    row = reading.one("SELECT seen, inventory FROM inventories WHERE workstation = ?", workstation)
    if row is None:
        return None
    packages = reading.all(
        "SELECT package, version, manager, since FROM installed_packages "
        "WHERE workstation = ? ORDER BY package, version, manager",
        workstation,
    )
    return Known(
        seen=row[0],
        inventory=from_json(json.loads(row[1])),
        since={
            Package(name=name, version=version, manager=Manager(manager)): since
            for name, version, manager, since in packages
        },
    )


def take(
    transaction: Transaction, origin: Origin, workstation: int, seen: str, untrusted: Inventory
) -> None:
    """Enter what the workstation said at its time ``seen``, and open the cases that follow.

    Raises ValueError where it is out of the bounds that our agent keeps to.
    """
    inventory = from_json(canonical.plain(untrusted))
    before = known(transaction, workstation)
    if before is not None and before.inventory == inventory:
        return
    fact = WorkstationInventoried(
        workstation=workstation, seen=seen[:_LONGEST_TIME], inventory=inventory
    )
    record(transaction, origin, [fact])
    after = known(transaction, workstation)
    assert after is not None
    for what, subject in _matters(before, after):
        cases.open_case(
            transaction,
            origin,
            workstation=workstation,
            severity=Severity.WARN,
            what=what,
            subject=subject,
        )


def _matters(before: Known | None, after: Known) -> Iterator[tuple[str, str]]:
    """What the responsible user has to look into: of what, and about what."""
    was_off = before is not None and before.inventory.time_control.state is Control.OFF
    if after.inventory.time_control.state is Control.OFF and not was_off:
        yield "time-control-off", CRYPTOPRO.name.ru
    if before is None:
        return
    yield from _changes(_means(before), _means(after))
    old, new = before.inventory.machine, after.inventory.machine
    if _hardware(old) and _hardware(new) and _hardware(old) != _hardware(new):
        yield "hardware-changed", f"{_hardware(old)} → {_hardware(new)}"


def _means(known: Known) -> dict[Text, str]:
    products = installed(known.since)
    return {one.name: version for one, version in products.items() if one.kind is Kind.MEANS}


def _changes(old: dict[Text, str], new: dict[Text, str]) -> Iterator[tuple[str, str]]:
    for name, version in new.items():
        if name not in old:
            yield "means-appeared", f"{name.ru} {version}"
        elif old[name] != version:
            yield "means-changed", f"{name.ru} {old[name]} → {version}"
    for name, version in old.items():
        if name not in new:
            yield "means-vanished", f"{name.ru} {version}"


def _hardware(machine: Machine) -> str:
    """The firmware's word; empty where it has no number, which tells no machine from another."""
    return f"{machine.vendor} {machine.product} {machine.serial}" if machine.serial else ""
