"""What an inventory says, in words: for the journal, for `status` and for the ledger."""

from __future__ import annotations

from domain.inventory import Control, Inventory, TimeControl
from domain.means import Kind, installed
from domain.text import Text

CLAUSE = "4.2"
"""An ended key can't be used: that is what the switched-off control no longer sees to."""


def told(inventory: Inventory) -> Text:
    """Means, what could not be asked, and the time control, in one line."""
    found = _means(inventory)
    parts = [Text(ru=f"Криптосредства: {found.ru}.", en=f"Cryptographic means: {found.en}.")]
    parts += [unasked(inventory.unasked)] if inventory.unasked else []
    parts += [control] if (control := time_control(inventory.time_control)) else []
    return Text(ru=" ".join(part.ru for part in parts), en=" ".join(part.en for part in parts))


def time_control(control: TimeControl) -> Text | None:
    """Whether ended keys are refused; None where there is no CryptoPro CSP."""
    match control.state:
        case Control.ON:
            return Text(
                ru="Контроль срока ключей в КриптоПро CSP включён.",
                en="CryptoPro CSP controls the period of keys.",
            )
        case Control.OFF:
            return Text(
                ru=f"ВНИМАНИЕ (п. {CLAUSE}): контроль срока ключей в КриптоПро CSP выключен "
                f"({control.detail}), истёкшим ключом можно подписывать. Включить: "
                r"cpconfig -ini '\config\parameters' -add long ControlKeyTimeValidity 1",
                en=f"WARNING (clause {CLAUSE}): CryptoPro CSP's control of the period of keys is "
                f"switched off ({control.detail}), an ended key can sign. Switch it on: "
                r"cpconfig -ini '\config\parameters' -add long ControlKeyTimeValidity 1",
            )
        case Control.UNKNOWN:
            return Text(
                ru=f"Включён ли в КриптоПро CSP контроль срока ключей, узнать не удалось "
                f"({control.detail}).",
                en=f"Whether CryptoPro CSP controls the period of keys could not be asked "
                f"({control.detail}).",
            )
        case Control.ABSENT:
            return None


def unasked(reasons: tuple[str, ...]) -> Text:
    """What could not be asked: its absence from the inventory says nothing."""
    joined = "; ".join(reasons)
    return Text(ru=f"Узнать удалось не всё: {joined}.", en=f"Not all could be asked: {joined}.")


def _means(inventory: Inventory) -> Text:
    """The installed means with their versions; none is said too."""
    products = installed(inventory.packages)
    named = [(one.name, version) for one, version in products.items() if one.kind is Kind.MEANS]
    return Text(
        ru=", ".join(f"{name.ru} {version}".strip() for name, version in named) or "не найдены",
        en=", ".join(f"{name.en} {version}".strip() for name, version in named) or "none found",
    )
