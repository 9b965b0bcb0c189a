"""The catalogue's data holds together, and answers what is asked of it."""

from __future__ import annotations

import re

import pytest

from domain.carrier import Maker, canonical_model
from drivers import catalogue
from drivers.catalogue import MODULES, device_for, maker_of, model_of


def test_every_usb_id_is_well_formed_and_told_once() -> None:
    ids = [usb_id for usb_id, *_ in catalogue._USB]
    assert all(re.fullmatch(r"[0-9a-f]{4}:[0-9a-f]{4}", usb_id) for usb_id in ids)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("usb_id", "maker", "is_reader"),
    [
        ("0a89:0030", Maker.RUTOKEN, False),
        ("0a89:0069", Maker.RUTOKEN, True),
        ("24dc:0102", Maker.JACARTA, False),
        ("08e6:34cf", Maker.ETOKEN, False),
        ("0529:0620", Maker.ETOKEN, False),
        ("2ce4:7479", Maker.ESMART, False),
        ("1050:0407", Maker.YUBIKEY, False),
    ],
)
def test_known_devices(usb_id: str, maker: Maker, is_reader: bool) -> None:
    device = device_for(usb_id, "/devices/1")
    assert device is not None
    assert (device.maker, device.is_reader, device.port) == (maker, is_reader, "/devices/1")


@pytest.mark.parametrize("usb_id", ["08e6:3437", "0529:0001", "0a89:0090", "24dc:0501", ""])
def test_a_known_vendor_is_not_enough(usb_id: str) -> None:
    """A plain Gemalto reader, a copy-protection dongle, keys for U2F: no carriers."""
    assert device_for(usb_id, "/devices/1") is None


@pytest.mark.parametrize(
    ("manufacturer", "model", "maker"),
    [
        ("Aktiv Co.", "Rutoken ECP", Maker.RUTOKEN),
        ("Aktiv Co.", "PKCS#15", Maker.RUTOKEN),
        ("Aladdin R.D.", "JaCarta GOST 2.0", Maker.JACARTA),
        ("SafeNet, Inc.", "eToken", Maker.ETOKEN),
        ("Gemalto", "eToken", Maker.ETOKEN),
        ("Gemalto", "IDPrime MD", Maker.OTHER),
        ("Yubico (www.yubico.com)", "YubiKey YK5", Maker.YUBIKEY),
        ("piv_II", "PKCS#15 emulated", Maker.OTHER),
        ("SoftHSM project", "SoftHSM v2", Maker.SOFTHSM),
        ("", "", Maker.OTHER),
    ],
)
def test_makers_by_what_a_token_tells(manufacturer: str, model: str, maker: Maker) -> None:
    assert maker_of(manufacturer, model) is maker


def test_a_rutoken_has_one_model_whoever_tells_it() -> None:
    assert model_of(Maker.RUTOKEN, "PKCS#15") == model_of(Maker.RUTOKEN, "Rutoken  ECP ")
    assert model_of(Maker.RUTOKEN, "Rutoken lite") == "rutoken lite"
    assert model_of(Maker.OTHER, "PKCS#15") == "pkcs#15"


def test_models_are_canonical() -> None:
    for usb_id, maker, model, _ in catalogue._USB:
        canonical = model_of(maker, model)
        assert canonical_model(canonical) == canonical, usb_id


def test_only_the_module_for_everybody_yields() -> None:
    assert [known.name for known in MODULES if known.general] == ["opensc"]
    assert all((known.maker is None) == known.general for known in MODULES)
