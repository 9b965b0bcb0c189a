"""SHA-256 for the journal, by libsodium: hashlib would map libcrypto into the agent (+3.5 MiB)."""

from __future__ import annotations

from nacl.bindings import crypto_hash_sha256


def sha256(data: bytes) -> bytes:
    """The 32-byte SHA-256 of ``data`` (FIPS 180-4)."""
    return crypto_hash_sha256(data)
