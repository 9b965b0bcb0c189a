"""What inventories leave in the books; part of `ledger.projections`."""

from __future__ import annotations

from domain import canonical
from ledger.events import WorkstationInventoried
from ledger.store import Transaction


def enter_inventory(transaction: Transaction, seq: int, fact: WorkstationInventoried) -> None:
    """A package stays with its first day, another version of it begins anew. What is not listed is
    gone where all could be asked."""
    transaction.run(
        "INSERT INTO inventories (workstation, seen, inventory) VALUES (?, ?, ?) "
        "ON CONFLICT (workstation) DO UPDATE SET seen = excluded.seen, "
        "inventory = excluded.inventory",
        fact.workstation,
        fact.seen,
        canonical.text(fact.inventory),
    )
    transaction.many(
        "INSERT INTO installed_packages (workstation, package, version, manager, since, seq) "
        "VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (workstation, package, version, manager) "
        "DO UPDATE SET seq = excluded.seq",
        [
            (fact.workstation, one.name, one.version, one.manager.value, fact.seen, seq)
            for one in fact.inventory.packages
        ],
    )
    gone = "DELETE FROM installed_packages WHERE workstation = ? AND seq < ?"
    if fact.inventory.is_complete:
        transaction.run(gone, fact.workstation, seq)
    else:
        transaction.many(
            f"{gone} AND package = ? AND manager = ?",
            [
                (fact.workstation, seq, one.name, one.manager.value)
                for one in fact.inventory.packages
            ],
        )
