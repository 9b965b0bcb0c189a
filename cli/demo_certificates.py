"""Certificates of the demonstration: real GOST ones, made by openssl with its GOST engine.

The key pair is made in a temporary directory and thrown away: a demonstration signs nothing.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from domain.errors import CouldNotAsk
from domain.text import Text

_CONFIGURATION = """\
[ca]
default_ca = demonstration
[demonstration]
database = index.txt
new_certs_dir = .
rand_serial = yes
policy = any
default_md = md_gost12_256
x509_extensions = extensions
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
utf8 = yes
string_mask = utf8only
[name]
CN = {holder}
[extensions]
keyUsage = critical,digitalSignature
2.5.29.16 = ASN1:SEQUENCE:private_key_usage_period
[private_key_usage_period]
notBefore = IMPLICIT:0,GENERALIZEDTIME:{not_before}
notAfter = IMPLICIT:1,GENERALIZEDTIME:{key_not_after}
"""
_INSTANT = "%Y%m%d%H%M%SZ"
_LONGEST_S = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A certificate to be made: whose, and its two periods."""

    holder: str
    not_before: datetime
    not_after: datetime
    key_not_after: datetime


def make(order: Order) -> bytes:
    """The certificate in DER. Raises CouldNotAsk where openssl or its GOST engine is missing."""
    with tempfile.TemporaryDirectory() as directory:
        folder = Path(directory)
        (folder / "index.txt").touch()
        (folder / "openssl.cnf").write_text(
            _CONFIGURATION.format(
                holder=order.holder,
                not_before=order.not_before.strftime(_INSTANT),
                key_not_after=order.key_not_after.strftime(_INSTANT),
            ),
            encoding="utf-8",
        )
        new_key = "-newkey gost2012_256 -pkeyopt paramset:A -nodes -keyout key.pem"
        _openssl(folder, f"req -engine gost -new {new_key} -out request.pem -config openssl.cnf")
        period = (
            f"-startdate {order.not_before.strftime(_INSTANT)} "
            f"-enddate {order.not_after.strftime(_INSTANT)}"
        )
        _openssl(
            folder,
            "ca -engine gost -config openssl.cnf -selfsign -keyfile key.pem -in request.pem "
            f"-out certificate.pem -batch -notext -utf8 {period}",
        )
        _openssl(folder, "x509 -in certificate.pem -outform DER -out certificate.der")
        return (folder / "certificate.der").read_bytes()


def _openssl(folder: Path, arguments: str) -> None:
    try:
        subprocess.run(
            ["openssl", *arguments.split()],
            cwd=folder,
            check=True,
            capture_output=True,
            timeout=_LONGEST_S,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = getattr(error, "stderr", b"") or b""
        raise CouldNotAsk(
            Text(
                ru="Не удалось сделать сертификаты показа: нужны пакеты openssl и "
                f"libengine-gost-openssl ({error}; {said[-300:].decode(errors='replace')}).",
                en="Could not make the demonstration's certificates: the packages openssl and "
                f"libengine-gost-openssl are needed ({error}).",
            )
        ) from error
