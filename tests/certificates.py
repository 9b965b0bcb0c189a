"""Certificates for tests, GOST ones without a GOST engine.

`gost` takes an ordinary certificate apart and puts GOST R 34.10-2012 in: its object identifiers,
a public key of the right shape, a signature of the right length. Nobody could verify it, and
nobody here does; what reads it must only not stumble over a key it can't parse.

    python -m tests.certificates gost.der        writes one, to look at with openssl asn1parse
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

FROM = datetime(2025, 3, 1, tzinfo=UTC)
UNTIL = datetime(2040, 3, 1, tzinfo=UTC)
KEY_UNTIL = datetime(2026, 6, 1, 12, 30, 15, tzinfo=UTC)

_SEQUENCE, _BIT_STRING, _OCTET_STRING = 0x30, 0x03, 0x04
_SIGNATURE_256 = bytes.fromhex("06082a85030701010302")
_KEY_256 = bytes.fromhex("06082a85030701010101")
_CURVE_AND_DIGEST = bytes.fromhex("06072a850302022301") + bytes.fromhex("06082a85030701010202")


def ordinary(
    holder: str = "Иванова И. И.",
    *,
    key_until: datetime | None = None,
    extensions: tuple[x509.ExtensionType, ...] = (),
) -> bytes:
    """A self-signed certificate in DER; ``key_until`` adds PrivateKeyUsagePeriod."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, holder),
            x509.NameAttribute(x509.ObjectIdentifier("1.2.643.3.131.1.1"), "007700000000"),
        ]
    )
    builder = x509.CertificateBuilder(name, name, key.public_key(), 0x1234ABCD, FROM, UNTIL)
    if key_until is not None:
        period = x509.PrivateKeyUsagePeriod(FROM, key_until)
        builder = builder.add_extension(period, critical=False)
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER)


def gost(holder: str = "Петров П. П.", *, key_until: datetime | None = KEY_UNTIL) -> bytes:
    """The same with GOST R 34.10-2012 (256 bits) in place of the key and the signature."""
    to_be_signed, _, _ = _parts(_content(ordinary(holder, key_until=key_until)))
    fields = _parts(_content(to_be_signed))
    algorithm = _wrap(_SEQUENCE, _SIGNATURE_256)
    key_algorithm = _wrap(_SEQUENCE, _KEY_256 + _wrap(_SEQUENCE, _CURVE_AND_DIGEST))
    key = _wrap(_BIT_STRING, b"\0" + _wrap(_OCTET_STRING, bytes(range(64))))
    # version, serial, [signature], issuer, validity, subject, [public key], extensions
    fields[2] = algorithm
    fields[6] = _wrap(_SEQUENCE, key_algorithm + key)
    body = _wrap(_SEQUENCE, b"".join(fields))
    signature = _wrap(_BIT_STRING, b"\0" + bytes(64))
    return _wrap(_SEQUENCE, body + algorithm + signature)


def _wrap(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _header(der: bytes) -> tuple[int, int]:
    """Sizes of the header and of the content of the first value."""
    if der[1] < 0x80:
        return 2, der[1]
    digits = der[1] & 0x7F
    return 2 + digits, int.from_bytes(der[2 : 2 + digits], "big")


def _content(der: bytes) -> bytes:
    header, size = _header(der)
    return der[header : header + size]


def _parts(content: bytes) -> list[bytes]:
    parts = []
    while content:
        header, size = _header(content)
        parts.append(content[: header + size])
        content = content[header + size :]
    return parts


if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(gost())
