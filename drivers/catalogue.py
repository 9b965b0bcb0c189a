"""What is known of makers, models and modules: data, and the few ways to ask it.

USB ids are those of the CCID driver's list of supported readers and of makers' own udev rules;
module paths those of the makers' packages for Debian, RED OS and ALT. A vendor id alone says
nothing: 08e6 is mostly plain readers and 0529 copy-protection dongles too.

Models. PKCS#11 tells the model twice over: a Rutoken is "Rutoken ECP" by its maker's module and
"PKCS#15" by OpenSC, which knows the file system and not the product. `model_of` maps the second
to the first, because the only Rutokens OpenSC drives as PKCS#15 cards are of the ECP family. Its
limit: where OpenSC learns to drive another family, that carrier is told as "rutoken ecp" until a
maker's module reads it, and the ledger shows it as a namesake (same serial, another model) rather
than as a match. PIV cards (YubiKey through OpenSC) show the PIV applet's own number and not the
one printed on the case: they stay `Maker.OTHER` and are never matched with the YubiKey.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.carrier import Maker, canonical_model
from domain.sighting import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A PKCS#11 module as the agent handles it: a name and a path, never a loaded library.

    ``general``: it yields to a maker's own module where both show one carrier. ``maker``: whose
    carriers it reads, None for those of many or where nobody said. ``deadline_s``: what one group
    of its calls may take, None for what the settings say.
    """

    name: str
    path: str
    general: bool
    maker: Maker | None = None
    deadline_s: int | None = None


STORAGE = "storage"
"""What stands for a module's name where no module is asked, but names of files are read."""


def storage(directories: Sequence[str]) -> Module:
    """The eye on flash drives and on key containers in these directories of this machine."""
    return Module(name=STORAGE, path=":".join(directories), general=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModule:
    """Where a module may be installed: the first of ``files`` in the first of the directories
    comes first, those of its maker before all others. ``maker`` is None for a module that reads
    carriers of many makers; ``package`` is what brings it; ``software`` marks tokens in files,
    which are read only where the settings or a drop-in name the module."""

    name: str
    maker: Maker | None
    files: tuple[str, ...]
    package: str
    directories: tuple[str, ...] = ()
    general: bool = False
    software: bool = False


_LIBRARIES = (
    "/usr/lib/x86_64-linux-gnu/pkcs11",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu/pkcs11",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64/pkcs11",
    "/usr/lib64",
    "/usr/lib/pkcs11",
    "/usr/lib",
    "/usr/local/lib",
)

_BUNDLES = "opt/*/pkcs11"
"""Where programs keep modules of their own, such as kontur.plugin: often old ones."""

MODULES: tuple[KnownModule, ...] = (
    KnownModule(
        name="rutoken",
        maker=Maker.RUTOKEN,
        files=("librtpkcs11ecp.so",),
        package="librtpkcs11ecp",
        directories=(
            "/opt/aktivco/rutokenecp/amd64",
            "/opt/aktivco/rutokenecp/x86_64",
            "/opt/aktivco/rutokenecp/arm64",
            "/opt/aktivco/rutokenecp/e2k64",
        ),
    ),
    KnownModule(
        name="jacarta",
        maker=Maker.JACARTA,
        files=("libjcPKCS11-2.so", "libjcPKCS11-2.so.2", "libjcPKCS11.so"),
        package="jacartauc",
    ),
    KnownModule(
        name="jacarta-pki",
        maker=Maker.JACARTA,
        files=("libASEP11.so",),
        package="IDProtect Client",
        directories=("/usr/lib/x64-athena", "/lib64"),
    ),
    KnownModule(
        name="etoken",
        maker=Maker.ETOKEN,
        files=("libeToken.so", "libeTPkcs11.so", "libIDPrimePKCS11.so"),
        package="SafeNet Authentication Client",
    ),
    KnownModule(
        name="esmart",
        maker=Maker.ESMART,
        files=("libisbc_pkcs11_main.so",),
        package="ESMART PKI Client",
    ),
    KnownModule(
        name="yubikey",
        maker=Maker.YUBIKEY,
        files=("libykcs11.so", "libykcs11.so.2"),
        package="ykcs11",
    ),
    KnownModule(
        name="softhsm",
        maker=Maker.SOFTHSM,
        files=("libsofthsm2.so",),
        package="softhsm2",
        directories=("/usr/lib/softhsm", "/usr/lib64/softhsm"),
        software=True,
    ),
    KnownModule(
        name="opensc", maker=None, files=("opensc-pkcs11.so",), package="opensc", general=True
    ),
)

_READER = True

_USB: tuple[tuple[str, Maker, str, bool], ...] = (
    ("0a89:0020", Maker.RUTOKEN, "Rutoken S", False),
    ("0a89:0025", Maker.RUTOKEN, "Rutoken lite", False),
    ("0a89:0030", Maker.RUTOKEN, "Rutoken ECP", False),
    ("0a89:0060", Maker.RUTOKEN, "Rutoken Magistra", False),
    ("0a89:0069", Maker.RUTOKEN, "Rutoken SCR 3001", _READER),
    ("0a89:006a", Maker.RUTOKEN, "Rutoken SCR 3101 NFC", _READER),
    ("0a89:0080", Maker.RUTOKEN, "Rutoken PINPad Ex", False),
    ("0a89:0081", Maker.RUTOKEN, "Rutoken PINPad In", False),
    ("0a89:0082", Maker.RUTOKEN, "Rutoken PINPad 2", False),
    ("24dc:0101", Maker.JACARTA, "JaCarta", False),
    ("24dc:0102", Maker.JACARTA, "JaCarta LT", False),
    ("24dc:0402", Maker.JACARTA, "JaCarta", False),
    ("24dc:100f", Maker.JACARTA, "JaCarta Flash", False),
    ("24dc:0201", Maker.JACARTA, "JCR-770", _READER),
    ("24dc:0420", Maker.JACARTA, "JCR SecurBio", _READER),
    ("24dc:0428", Maker.JACARTA, "JaCartaReader", _READER),
    ("0529:0602", Maker.ETOKEN, "SafeNet eToken 7300", False),
    ("0529:0620", Maker.ETOKEN, "SafeNet eToken 5100", False),
    ("08e6:34cc", Maker.ETOKEN, "SafeNet eToken 5300", False),
    ("08e6:34ce", Maker.ETOKEN, "SafeNet eToken 5300 C", False),
    ("08e6:34cf", Maker.ETOKEN, "SafeNet eToken 5110+ FIPS", False),
    ("08e6:34d2", Maker.ETOKEN, "SafeNet eToken Fusion", False),
    ("2ce4:7479", Maker.ESMART, "ESMART Token GOST", False),
    ("2ce4:5001", Maker.ESMART, "ESMART reader", _READER),
    ("2ce4:5020", Maker.ESMART, "ESMART reader", _READER),
    ("1050:0111", Maker.YUBIKEY, "YubiKey NEO", False),
    ("1050:0112", Maker.YUBIKEY, "YubiKey NEO", False),
    ("1050:0115", Maker.YUBIKEY, "YubiKey NEO", False),
    ("1050:0116", Maker.YUBIKEY, "YubiKey NEO", False),
    ("1050:0404", Maker.YUBIKEY, "YubiKey 4/5", False),
    ("1050:0405", Maker.YUBIKEY, "YubiKey 4/5", False),
    ("1050:0406", Maker.YUBIKEY, "YubiKey 4/5", False),
    ("1050:0407", Maker.YUBIKEY, "YubiKey 4/5", False),
    ("23a0:0001", Maker.OTHER, "BIFIT iBank2Key", False),
    ("23a0:0002", Maker.OTHER, "BIFIT iToken", False),
    ("23a0:0003", Maker.OTHER, "BIFIT iToken", False),
    ("23a0:0008", Maker.OTHER, "BIFIT ANGARA", False),
    ("2a0c:0021", Maker.OTHER, "ANGARA Token", False),
    ("2fb0:003a", Maker.OTHER, "Infocrypt Token++ lite", False),
    ("2022:016c", Maker.OTHER, "Infocrypt HWDSSL", False),
)

_BY_USB_ID = {usb_id: (maker, model, reader) for usb_id, maker, model, reader in _USB}

# Beginnings of CK_TOKEN_INFO.manufacturerID in canonical form.
_MANUFACTURERS: tuple[tuple[str, Maker], ...] = (
    ("aktiv", Maker.RUTOKEN),
    ("aladdin r.d", Maker.JACARTA),
    ("зао аладдин", Maker.JACARTA),
    ("safenet", Maker.ETOKEN),
    ("aladdin knowledge", Maker.ETOKEN),
    ("isbc", Maker.ESMART),
    ("esmart", Maker.ESMART),
    ("yubico", Maker.YUBIKEY),
    ("softhsm", Maker.SOFTHSM),
)

# Makers whose names are shared with other products: the model decides.
_MODELS: tuple[tuple[str, Maker], ...] = (
    ("rutoken", Maker.RUTOKEN),
    ("jacarta", Maker.JACARTA),
    ("etoken", Maker.ETOKEN),
    ("esmart", Maker.ESMART),
    ("yubikey", Maker.YUBIKEY),
)

_GENERAL_MODELS = {(Maker.RUTOKEN, "pkcs#15"): "rutoken ecp"}


def device_for(usb_id: str, port: str) -> Device | None:
    """The device with these ids ("vvvv:pppp", lower case) at ``port``; None where it is neither
    a carrier nor a reader we know."""
    known = _BY_USB_ID.get(usb_id)
    if known is None:
        return None
    maker, model, is_reader = known
    return Device(port=port, usb_id=usb_id, maker=maker, model=model, is_reader=is_reader)


def maker_of(untrusted_manufacturer: str, untrusted_model: str) -> Maker:
    """Who made a token, by CK_TOKEN_INFO; `Maker.OTHER` where that can't be told."""
    manufacturer = canonical_model(untrusted_manufacturer)
    for beginning, maker in _MANUFACTURERS:
        if manufacturer.startswith(beginning):
            return maker
    model = canonical_model(untrusted_model)
    return next((maker for name, maker in _MODELS if model.startswith(name)), Maker.OTHER)


def model_of(maker: Maker, untrusted_model: str) -> str:
    """The canonical model of a token; the module's docstring says what OpenSC hides."""
    model = canonical_model(untrusted_model)
    return _GENERAL_MODELS.get((maker, model), model)


def known(name: str) -> KnownModule | None:
    """The module that the catalogue has under this name."""
    return next((module for module in MODULES if module.name == name), None)


READ_BY_OPENSC = frozenset({"0a89:0030"})
"""Tokens that need no module of their maker's: OpenSC's rtecp driver reads them."""


def own_modules(maker: Maker) -> tuple[KnownModule, ...]:
    """The modules that the maker's carriers are read with, apart from general ones."""
    return tuple(module for module in MODULES if module.maker is maker)


def candidates(module: KnownModule, root: Path = Path("/")) -> tuple[str, ...]:
    """The files under ``root`` that may be the module, resolved, each once, best first.

    A path is resolved, for some modules refuse to be loaded by two names of one file. A link that
    leads nowhere is a candidate too: somebody meant the module to be there.
    """
    places = (
        root / directory.lstrip("/") / file
        for directory in (*module.directories, *_LIBRARIES)
        for file in module.files
    )
    return tuple(dict.fromkeys(_resolved(place) for place in places if os.path.lexists(place)))


def bundled(module: KnownModule, root: Path = Path("/")) -> tuple[str, ...]:
    """Copies of the module that other programs bring for themselves, whatever their age."""
    found = (path for file in module.files for path in sorted(root.glob(f"{_BUNDLES}/{file}")))
    return tuple(dict.fromkeys(_resolved(path) for path in found))


def _resolved(place: Path) -> str:
    return os.path.realpath(place) if place.exists() else str(place)
