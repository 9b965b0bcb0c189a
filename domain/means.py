"""Which packages are which product: cryptographic means, what carriers need, and for information.

Names of packages as their makers' installers, distributions and public deployment scripts have
them; docs/inventory.md says which were never seen in such a source. That a product is listed as a
means says that the responsible user has to account for it (clauses 2.1, 3.2). It says nothing of
a certificate of conformity: that belongs to a copy and its papers, not to a package's name.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase

from domain.inventory import Package
from domain.text import Text


class Kind(StrEnum):
    """``MEANS`` a cryptographic means (криптосредство), ``CARRIER`` what makes carriers readable,
    ``INFORMATION`` neither, and worth knowing."""

    MEANS = "means"
    CARRIER = "carrier"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """``patterns`` match its packages' names in lower case; the version of the first of ``main``
    that is installed is the product's, else that of any package."""

    name: Text
    kind: Kind
    patterns: tuple[str, ...]
    main: tuple[str, ...] = ()


def _brand(name: str) -> Text:
    return Text(ru=name, en=name)


PRODUCTS: tuple[Product, ...] = (
    Product(
        name=Text(ru="КриптоПро ЭЦП (CAdES)", en="CryptoPro CAdES"),
        kind=Kind.INFORMATION,
        patterns=("cprocsp-pki-*",),
        main=("cprocsp-pki-cades-64", "cprocsp-pki-cades"),
    ),
    Product(
        name=Text(ru="КриптоПро CSP, исполнение КС2", en="CryptoPro CSP, class KC2"),
        kind=Kind.MEANS,
        patterns=("lsb-cprocsp-kc2", "lsb-cprocsp-kc2-64"),
    ),
    Product(
        name=Text(ru="КриптоПро CSP", en="CryptoPro CSP"),
        kind=Kind.MEANS,
        patterns=("lsb-cprocsp-*", "cprocsp-*"),
        main=("lsb-cprocsp-base", "lsb-cprocsp-rdr-64", "lsb-cprocsp-rdr"),
    ),
    Product(
        name=_brand("ViPNet CSP"),
        kind=Kind.MEANS,
        patterns=("itcs-*",),
        main=("itcs-csp-gost",),
    ),
    Product(
        name=_brand("ViPNet Client"),
        kind=Kind.MEANS,
        patterns=("vipnetclient", "vipnetclient-*"),
        main=("vipnetclient", "vipnetclient-gui"),
    ),
    Product(
        name=Text(ru="Сигнал-КОМ CSP", en="Signal-COM CSP"),
        kind=Kind.MEANS,
        patterns=("signalcom*", "signal-com*"),
    ),
    Product(name=Text(ru="ЛИССИ-CSP", en="LISSI-CSP"), kind=Kind.MEANS, patterns=("lissi*",)),
    Product(
        name=Text(ru="Валидата CSP", en="Validata CSP"), kind=Kind.MEANS, patterns=("validata*",)
    ),
    Product(name=Text(ru="МагПро", en="MagPro"), kind=Kind.MEANS, patterns=("magpro*",)),
    Product(
        name=Text(ru="драйвер Рутокен", en="Rutoken driver"),
        kind=Kind.CARRIER,
        patterns=("librtpkcs11ecp*", "ifd-rutokens*", "pcsc-lite-rutokens"),
        main=("librtpkcs11ecp",),
    ),
    Product(
        name=Text(ru="Единый Клиент JaCarta", en="JaCarta Unified Client"),
        kind=Kind.CARRIER,
        patterns=("jacartauc*", "jcpkcs11*", "libjcpkcs11*", "jcsecurbio*"),
        main=("jacartauc",),
    ),
    Product(
        name=Text(ru="модуль ESMART", en="ESMART module"),
        kind=Kind.CARRIER,
        patterns=("isbc-pkcs11*", "isbc-cryptopro*"),
    ),
    Product(
        name=_brand("SafeNet Authentication Client"),
        kind=Kind.CARRIER,
        patterns=("safenetauthenticationclient*",),
    ),
    Product(
        name=_brand("OpenSC"),
        kind=Kind.INFORMATION,
        patterns=("opensc", "opensc-pkcs11", "opensc-libs"),
        main=("opensc",),
    ),
    Product(
        name=Text(ru="служба считывателей pcscd", en="reader service pcscd"),
        kind=Kind.INFORMATION,
        patterns=("pcscd", "pcsc-lite"),
    ),
    Product(
        name=Text(ru="модуль ГОСТ для OpenSSL", en="GOST engine of OpenSSL"),
        kind=Kind.INFORMATION,
        patterns=("libengine-gost-openssl*", "openssl-gost-engine"),
    ),
)
"""The first whose patterns match is a package's product."""

CRYPTOPRO = next(product for product in PRODUCTS if product.name.en == "CryptoPro CSP")


def product_of(package: str) -> Product | None:
    """The product that the package called so belongs to; None for all that is of no interest."""
    name = package.lower()
    for product in PRODUCTS:
        if any(fnmatchcase(name, pattern) for pattern in product.patterns):
            return product
    return None


def installed(packages: Iterable[Package]) -> dict[Product, str]:
    """Every product among ``packages`` with its version, in the order of `PRODUCTS`."""
    of: dict[Product, dict[str, str]] = {}
    for package in sorted(packages, key=lambda one: (one.name, one.version)):
        if (product := product_of(package.name)) is not None:
            of.setdefault(product, {})[package.name.lower()] = package.version
    return {product: _version(product, of[product]) for product in PRODUCTS if product in of}


def _version(product: Product, versions: dict[str, str]) -> str:
    main = next((name for name in product.main if name in versions), None)
    return versions[main] if main else next(iter(versions.values()))
