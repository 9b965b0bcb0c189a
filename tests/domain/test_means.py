"""Packages by the names that makers and distributions give them."""

from __future__ import annotations

import pytest

from domain.inventory import Manager, Package
from domain.means import CRYPTOPRO, PRODUCTS, Kind, installed, product_of


@pytest.mark.parametrize(
    ("package", "product", "kind"),
    [
        ("lsb-cprocsp-base", "КриптоПро CSP", Kind.MEANS),
        ("cprocsp-rdr-rutoken-64", "КриптоПро CSP", Kind.MEANS),
        ("lsb-cprocsp-kc2-64", "КриптоПро CSP, исполнение КС2", Kind.MEANS),
        ("cprocsp-pki-cades-64", "КриптоПро ЭЦП (CAdES)", Kind.INFORMATION),
        ("itcs-csp-gost", "ViPNet CSP", Kind.MEANS),
        ("vipnetclient-gui", "ViPNet Client", Kind.MEANS),
        ("librtpkcs11ecp", "драйвер Рутокен", Kind.CARRIER),
        ("jcpkcs11-2", "Единый Клиент JaCarta", Kind.CARRIER),
        ("isbc-pkcs11", "модуль ESMART", Kind.CARRIER),
        ("SafenetAuthenticationClient", "SafeNet Authentication Client", Kind.CARRIER),
        ("opensc-pkcs11", "OpenSC", Kind.INFORMATION),
        ("pcsc-lite", "служба считывателей pcscd", Kind.INFORMATION),
        ("libengine-gost-openssl", "модуль ГОСТ для OpenSSL", Kind.INFORMATION),
    ],
)
def test_a_package_is_of_its_product(package: str, product: str, kind: Kind) -> None:
    found = product_of(package)
    assert found is not None
    assert (found.name.ru, found.kind) == (product, kind)


@pytest.mark.parametrize("package", ["openscad", "lsb-base", "libpcsclite1", "vipnet", "", "*"])
def test_any_other_is_of_none(package: str) -> None:
    assert product_of(package) is None


def test_each_product_is_found_by_its_own_patterns() -> None:
    """No product hides behind an earlier one."""
    for product in PRODUCTS:
        for pattern in product.patterns:
            assert product_of(pattern.replace("*", "zzz")) is product, pattern
        for main in product.main:
            assert product_of(main) is product, main


def test_a_products_version_is_its_main_packages() -> None:
    packages = [
        Package(name="cprocsp-curl-64", version="5.0.1", manager=Manager.RPM),
        Package(name="lsb-cprocsp-rdr-64", version="5.0.2", manager=Manager.RPM),
    ]
    assert installed(packages) == {CRYPTOPRO: "5.0.2"}
    packages.append(Package(name="LSB-cprocsp-base", version="5.0.3", manager=Manager.RPM))
    assert installed(packages) == {CRYPTOPRO: "5.0.3"}
    assert installed(packages[:1]) == {CRYPTOPRO: "5.0.1"}
