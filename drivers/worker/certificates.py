"""A certificate's bytes into what a rule may know of it.

The public key is never touched: `cryptography` can't parse a GOST one and needn't.
"""

from __future__ import annotations

import hashlib
import warnings
from datetime import datetime

from domain.sighting import Certificate
from drivers.messages import MAX_LABEL, MAX_NAME
from drivers.worker.decoding import bounded

MAX_BYTES = 64 << 10
"""Real ones have 1 to 3 KiB, qualified ones with long names up to 5."""


def parse(untrusted_der: bytes) -> Certificate | None:
    """The certificate, or None where the bytes are not one that can be understood in full.

    A broken extension makes it None too: whether it was the private key's period can't be told.
    """
    # Costs 9 MiB: a worker that meets no certificate does without.
    from cryptography import x509

    if not 0 < len(untrusted_der) <= MAX_BYTES:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _parsed(x509.load_der_x509_certificate(untrusted_der), untrusted_der)
    except Exception:
        # The parser's errors are of many kinds, and each means only: not understood.
        return None


def _parsed(certificate: object, der: bytes) -> Certificate | None:
    from cryptography import x509

    assert isinstance(certificate, x509.Certificate)
    serial = f"{certificate.serial_number:x}"
    if len(serial) > MAX_LABEL:
        return None
    return Certificate(
        sha256=hashlib.sha256(der).hexdigest(),
        serial=serial,
        subject=bounded(certificate.subject.rfc4514_string(), MAX_NAME),
        issuer=bounded(certificate.issuer.rfc4514_string(), MAX_NAME),
        not_before=_instant(certificate.not_valid_before_utc),
        not_after=_instant(certificate.not_valid_after_utc),
        key_not_after=_key_not_after(certificate.extensions),
    )


def _key_not_after(extensions: object) -> str:
    from cryptography import x509

    assert isinstance(extensions, x509.Extensions)
    try:
        period = extensions.get_extension_for_class(x509.PrivateKeyUsagePeriod).value
    except x509.ExtensionNotFound:
        return ""
    return _instant(period.not_after) if period.not_after else ""


def _instant(moment: datetime) -> str:
    """RFC 3339; all times of a certificate are UTC."""
    return moment.replace(tzinfo=None, microsecond=0).isoformat() + "Z"
