"""How people call carriers."""

from __future__ import annotations

from domain.carrier import Carrier, Maker
from domain.text import Text

MAKERS = {
    Maker.RUTOKEN: Text(ru="Рутокен", en="Rutoken"),
    Maker.JACARTA: Text(ru="JaCarta", en="JaCarta"),
    Maker.ETOKEN: Text(ru="eToken", en="eToken"),
    Maker.ESMART: Text(ru="ESMART", en="ESMART"),
    Maker.YUBIKEY: Text(ru="YubiKey", en="YubiKey"),
    Maker.SOFTHSM: Text(ru="SoftHSM", en="SoftHSM"),
    Maker.FLASH: Text(ru="Флэш-накопитель", en="Flash drive"),
    Maker.WORKSTATION: Text(ru="Диск этого компьютера", en="This computer's disk"),
}


def named(carrier: Carrier) -> Text:
    """The carrier as a person knows it: its make and the number on its case. A flash drive has no
    number there, so its model is named too: the ledger asks for both."""
    number = carrier.spelled()
    if carrier.maker is Maker.FLASH:
        it = MAKERS[Maker.FLASH]
        model = carrier.model
        return Text(ru=f"{it.ru} «{model}» № {number}", en=f'{it.en} "{model}" No. {number}')
    maker = MAKERS.get(carrier.maker) or Text(ru=f"«{carrier.model}»", en=f'"{carrier.model}"')
    return Text(ru=f"{maker.ru} № {number}", en=f"{maker.en} No. {number}")
