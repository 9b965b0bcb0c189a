"""Making tokens ready for use, as an administrator would: with OpenSC's own tools, at a `Desk`.

The result is a card whose state is saved as JSON. Each serial needs a card of its own: OpenSC
copies it into EF(TokenInfo), and PKCS#11 tells that copy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from .cards.rutoken import RutokenCard
from .desk.desk import Desk

PIN, SO_PIN = "12345678", "87654321"
KEY_ID = "45"
_FIRST_CERTIFICATE = 0x45
_LOGIN = ("--login", "--pin", PIN)


def blank(serial: str) -> RutokenCard:
    """A card without any application: a token that PKCS#11 does not recognise."""
    return RutokenCard(serial)


def provisioned(
    serial: str, *, label: str = "Ivanov", key: bool = False, certificates: Sequence[bytes] = ()
) -> RutokenCard:
    """A card with PKCS#15 on it and the PINs above; ``key`` adds an RSA key pair.

    ``certificates`` are in DER. OpenSC 0.23 writes those with GOST R 34.10-2012 keys, yet shows
    none of them over PKCS#11: it does not know the algorithm.
    """
    card = blank(serial)
    with Desk(card) as desk, tempfile.TemporaryDirectory() as directory:
        desk.run("pkcs15-init", "--erase-card")
        so_pin = ("--so-pin", SO_PIN)
        desk.run("pkcs15-init", "--create-pkcs15", *so_pin, "--so-puk", "", "--label", label)
        user_pin = ("--auth-id", "02", "--label", "User PIN", "--pin", PIN, "--puk", "")
        desk.run("pkcs15-init", "--store-pin", *user_pin, *so_pin, "--finalize")
        if key:
            pair = ("--key-type", "rsa:2048", "--id", KEY_ID, "--label", label)
            desk.run("pkcs11-tool", *_LOGIN, "--keypairgen", *pair)
        for number, certificate in enumerate(certificates, _FIRST_CERTIFICATE):
            der = Path(directory, "certificate.der")
            der.write_bytes(certificate)
            what = ("--store-certificate", str(der), "--format", "der", "--id", f"{number:x}")
            desk.run("pkcs15-init", *what, "--auth-id", "02", "--pin", PIN)
    return card
