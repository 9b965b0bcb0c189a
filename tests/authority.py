"""A certificate authority for tests, and certificates of servers on this machine."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)


class Authority:
    """Signs certificates for servers; ``ca_file`` is what their clients trust."""

    def __init__(self, directory: Path, name: str = "Проверочный удостоверяющий центр") -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named(name)
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_bytes(_pem(self._certificate(self._key, self._name, "")))

    def server(self, host: str = "127.0.0.1") -> tuple[Path, Path]:
        """Certificate and key files of a server called ``host`` (an address or a name)."""
        key = ec.generate_private_key(ec.SECP256R1())
        certificate_file = self._directory / f"{host}.pem"
        key_file = self._directory / f"{host}.key"
        certificate_file.write_bytes(_pem(self._certificate(key, _named(host), host)))
        key_file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return certificate_file, key_file

    def context(self, host: str = "127.0.0.1") -> ssl.SSLContext:
        """A server's TLS context with a certificate for ``host``."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.server(host))
        return context

    def _certificate(
        self, key: ec.EllipticCurvePrivateKey, subject: x509.Name, host: str
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _DAY)
            .not_valid_after(now + _DAY)
            .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
        )
        if host:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(host)]), critical=False
            )
        return builder.sign(self._key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
