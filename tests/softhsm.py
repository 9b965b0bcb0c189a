"""Real PKCS#11 tokens without hardware: SoftHSM, one directory a token.

A token is pulled by moving its directory into a drawer and inserted by moving it back: the same
serial and slot return. SoftHSM notices only when it is initialised anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN, SO_PIN = "12345678", "87654321"
_PINS = ("--pin", PIN, "--so-pin", SO_PIN)
_CONFIGURATION = """\
directories.tokendir = {tokens}
objectstore.backend = file
log.level = ERROR
slots.removable = true
"""

# In a process of its own: SoftHSM reads its configuration once a process.
PUT_CERTIFICATE = """
import sys
import pkcs11
from pkcs11 import Attribute, CertificateType, ObjectClass
module, label, pin = sys.argv[1:]
token = pkcs11.lib(module).get_token(token_label=label)
with token.open(rw=True, user_pin=pin or None) as session:
    session.create_object({
        Attribute.CLASS: ObjectClass.CERTIFICATE,
        Attribute.CERTIFICATE_TYPE: CertificateType.X_509,
        Attribute.TOKEN: True,
        Attribute.PRIVATE: False,
        Attribute.SUBJECT: b"0\\0",
        Attribute.ID: b"1",
        Attribute.VALUE: sys.stdin.buffer.read(),
    })
"""
_PUT_DATA = """
import sys
import pkcs11
from pkcs11 import Attribute, ObjectClass
module, label, pin, count = sys.argv[1:]
token = pkcs11.lib(module).get_token(token_label=label)
with token.open(rw=True, user_pin=pin) as session:
    for number in range(int(count)):
        session.create_object({
            Attribute.CLASS: ObjectClass.DATA,
            Attribute.TOKEN: True,
            Attribute.PRIVATE: False,
            Attribute.LABEL: f"data {number}",
            Attribute.VALUE: b"x",
        })
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token that was made: where its directory is when inserted, and what PKCS#11 tells."""

    name: str
    label: str
    serial: str
    slot: int


class Tokens:
    """Tokens of one test, under ``directory``."""

    def __init__(self, directory: Path) -> None:
        self._tokens = directory / "tokens"
        self._drawer = directory / "drawer"
        self._configuration = directory / "softhsm2.conf"
        for folder in (self._tokens, self._drawer):
            folder.mkdir(parents=True)
        self._configuration.write_text(_CONFIGURATION.format(tokens=self._tokens))
        self.env = {"SOFTHSM2_CONF": str(self._configuration)}

    def make(self, label: str) -> Token:
        """A fresh, inserted token with the public PINs of this module."""
        before = set(self._tokens.iterdir())
        said = self._run(["softhsm2-util", "--init-token", "--free", "--label", label, *_PINS])
        (made,) = set(self._tokens.iterdir()) - before
        slot = int(said.split()[-1])
        # SoftHSM makes the slot of the serial's last 31 bits; its directory is named by it too.
        serial = "".join(made.name.split("-")[3:])
        return Token(name=made.name, label=label, serial=serial, slot=slot)

    def put_certificate(self, token: Token, der: bytes) -> None:
        """Store any bytes as the value of a public certificate object."""
        self._python(PUT_CERTIFICATE, token, stdin=der)

    def put_data(self, token: Token, count: int) -> None:
        """Store public data objects."""
        self._python(_PUT_DATA, token, str(count))

    def remove(self, token: Token) -> None:
        """Pull the token: into the drawer."""
        (self._tokens / token.name).rename(self._drawer / token.name)

    def insert(self, token: Token) -> None:
        """Push the token back in."""
        (self._drawer / token.name).rename(self._tokens / token.name)

    def _python(self, script: str, token: Token, *more: str, stdin: bytes = b"") -> None:
        arguments = [MODULE, token.label, PIN, *more]
        self._run([sys.executable, "-c", script, *arguments], stdin)

    def _run(self, command: list[str], stdin: bytes = b"") -> str:
        environment = os.environ | self.env
        done = subprocess.run(
            command, env=environment, input=stdin, capture_output=True, timeout=60, check=False
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout.decode()
