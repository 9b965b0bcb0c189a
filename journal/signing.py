"""Ed25519 (RFC 8032) for checkpoints and snapshots: integrity control, not an electronic signature.

Neither an electronic signature in the sense of 63-ФЗ nor a certified cryptographic means.
"""

from __future__ import annotations

import os
from pathlib import Path

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair
from nacl.exceptions import CryptoError

from domain.errors import CouldNotAsk, Wrong
from domain.text import Text
from journal.digest import sha256

SEED_SIZE = 32
PUBLIC_KEY_SIZE = 32
SIGNATURE_SIZE = 64


class Signer:
    """Holds one private key in memory; never shows it."""

    __slots__ = ("_secret", "public_key")

    def __init__(self, seed: bytes) -> None:
        self.public_key: bytes
        self.public_key, self._secret = crypto_sign_seed_keypair(seed)

    def sign(self, message: bytes) -> bytes:
        """The 64-byte detached signature of ``message``."""
        return crypto_sign(message, self._secret)[:SIGNATURE_SIZE]


def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether ``signature`` over ``message`` is by ``public_key``; False for wrong sizes too."""
    if len(public_key) != PUBLIC_KEY_SIZE or len(signature) != SIGNATURE_SIZE:
        return False
    try:
        crypto_sign_open(signature + message, public_key)
    except CryptoError:
        return False
    return True


def fingerprint(public_key: bytes) -> str:
    """SHA-256 of the key in sixteen groups of four hexadecimal digits, to be compared aloud."""
    digits = sha256(public_key).hex()
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


def load_or_create(path: Path) -> Signer:
    """The key in ``path``, made there where it is missing: 32 bytes of seed, mode 0600.

    Raises Wrong where the file is no key or others may read it, CouldNotAsk where it can be
    neither read nor written.
    """
    try:
        try:
            return Signer(_read(path))
        except FileNotFoundError:
            _create(path)
            return Signer(_read(path))
    except OSError as error:
        raise CouldNotAsk(
            Text(
                ru=f"Ключ {path} недоступен: {error.strerror}. Проверьте права на файл и каталог, "
                "затем повторите.",
                en=f"The key {path} is out of reach: {error.strerror}. Check the permissions of "
                "file and directory, then try again.",
            )
        ) from error


def _read(path: Path) -> bytes:
    with open(path, "rb", buffering=0) as file:
        seed = file.read(SEED_SIZE + 1)
        mode = os.fstat(file.fileno()).st_mode
    if len(seed) != SEED_SIZE:
        raise Wrong(
            Text(
                ru=f"Файл {path} не содержит ключа: должно быть ровно {SEED_SIZE} байта. "
                "Восстановите его из копии или уберите, чтобы сделать новый ключ.",
                en=f"{path} holds no key: exactly {SEED_SIZE} bytes are expected. Restore it from "
                "a copy, or move it away so that a new key is made.",
            )
        )
    if mode & 0o077:
        raise Wrong(
            Text(
                ru=f"Ключ {path} могут прочитать другие пользователи. Проверьте, кто мог его "
                f"скопировать, и закройте доступ: chmod 600 {path}",
                en=f"Other users may read the key {path}. Find out who may have copied it and "
                f"close it: chmod 600 {path}",
            )
        )
    return seed


def _create(path: Path) -> None:
    """Complete or not at all, and never over a key that another process made meanwhile."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, os.urandom(SEED_SIZE))
        os.fsync(descriptor)
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        os.close(descriptor)
        draft.unlink()
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make a name that was just added to the directory survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
