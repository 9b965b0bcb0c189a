"""Checkpoints: the head of the chain, signed with the workstation's Ed25519 key.

A checkpoint shows that the lines up to it are those that the holder of the key saw. It is integrity
control: neither an electronic signature (63-ФЗ) nor a certified cryptographic means.
"""

from __future__ import annotations

from domain.events import Checkpoint
from journal.record import Head
from journal.signing import Signer


def message(host: str, seq: int, head_hex: str) -> bytes:
    """The bytes that are signed: four lines of text, so that any tool can make them."""
    return f"klyuchar checkpoint 1\n{host}\n{seq}\n{head_hex}\n".encode()


def signed(signer: Signer, host: str, head: Head) -> Checkpoint:
    """The checkpoint of ``head``."""
    head_hex = head.digest.hex()
    return Checkpoint(
        seq=head.seq,
        head=head_hex,
        public_key=signer.public_key.hex(),
        signature=signer.sign(message(host, head.seq, head_hex)).hex(),
    )
