"""Cryptographic means: whether CryptoPro CSP refuses keys whose period has ended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.inventory.cryptopro import FILES, time_control
from cli.doctor.finding import Outcome, found, unseen
from cli.doctor.workstation import Workstation
from domain.inventory import Control

_ON = r"cpconfig -ini '\config\parameters' -add long ControlKeyTimeValidity 1"
_ROOT = Path("/")


def controlled(workstation: Workstation) -> Iterator[Outcome]:
    """Nothing is said where there is no CryptoPro CSP."""
    del workstation
    if not any((_ROOT / name).exists() for name in FILES):
        return
    control = time_control(_ROOT)
    if control.state is Control.OFF:
        yield found(
            "time-control-off",
            ru=f"КриптоПро CSP не проверяет срок ключей ({control.detail}): истёкшим ключом можно "
            "подписывать",
            en=f"CryptoPro CSP does not control the period of keys ({control.detail}): an ended "
            "key can sign",
            mend=f"/opt/cprocsp/sbin/amd64/{_ON}",
        )
    elif control.state is Control.UNKNOWN:
        yield unseen(
            f"контроль срока ключей в КриптоПро CSP: {control.detail}",
            f"CryptoPro CSP's control of the period of keys: {control.detail}",
        )
