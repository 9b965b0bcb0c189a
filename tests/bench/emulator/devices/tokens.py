"""The devices of the bench by name, with the descriptors of the real ones.

Class descriptors, ids and endpoints were read from real devices and are published with libccid
(readers/Aktiv_Rutoken_ECP.txt, Aktiv_Rutoken_SCR_3001_Reader.txt). That a Rutoken has no serial in
its USB descriptors is our assumption.
"""

from __future__ import annotations

from dataclasses import replace

from ..cards.card import Card
from ..cards.rutoken import RutokenCard
from .ccid import Abilities, Ccid
from .usb import Identity

RUTOKEN_ECP = Identity(vendor=0x0A89, product=0x0030, manufacturer="Aktiv", name="Rutoken ECP")
RUTOKEN_SCR_3001 = Identity(
    vendor=0x0A89,
    product=0x0069,
    manufacturer="Aktiv",
    name="Rutoken SCR 3001 Reader",
    release=0x0511,
)

_TOKEN = Abilities(
    revision=0x0100,
    voltages=0x01,
    protocols=0x02,
    clocks=(3580, 3580),
    speeds=(9600, 9600),
    features=0x00020840,
    tells=False,
)
_READER = Abilities(
    revision=0x0110,
    voltages=0x07,
    protocols=0x03,
    clocks=(3580, 5000),
    speeds=(9600, 625000),
    rates=(9600, 19531, 26881, 39062, 53763, 78125, 156250, 161290, 312500, 625000),
    features=0x000204B8,
    tells=True,
)


class RutokenEcp(Ccid):
    """A Rutoken ECP with its card. Two bulk endpoints and no interrupt one, as the real one has.

    ``usb_serial`` and ``identity`` are for a device that differs from the real one on purpose.
    """

    def __init__(
        self,
        card: RutokenCard,
        *,
        usb_serial: str | None = None,
        identity: Identity = RUTOKEN_ECP,
    ) -> None:
        super().__init__(replace(identity, serial=usb_serial), _TOKEN, card)
        self.card = card


class CardReader(Ccid):
    """A reader of the same maker, empty at first, into which cards are pushed while it stays."""

    def __init__(self, *, identity: Identity = RUTOKEN_SCR_3001) -> None:
        super().__init__(identity, _READER, None)

    def push(self, card: Card) -> None:
        """Push a card in, in place of the one that is there."""
        self.change_card(card)

    def pop(self) -> None:
        """Pull the card out."""
        self.change_card(None)
