"""Keys and signatures."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import CouldNotAsk, Wrong
from journal.signing import Signer, fingerprint, load_or_create, verify
from tests.journal.values import OTHER_SIGNER, SIGNER


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200))
def test_another_library_signs_the_same(seed: bytes, message: bytes) -> None:
    theirs = Ed25519PrivateKey.from_private_bytes(seed)
    ours = Signer(seed)
    assert ours.public_key == theirs.public_key().public_bytes_raw()
    assert ours.sign(message) == theirs.sign(message)
    assert verify(ours.public_key, message, ours.sign(message))


@given(st.integers(min_value=0, max_value=63), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_of_a_signature_shows(at: int, change: int) -> None:
    signature = bytearray(SIGNER.sign(b"message"))
    signature[at] ^= change
    assert not verify(SIGNER.public_key, b"message", bytes(signature))


def test_what_does_not_belong_together_is_refused() -> None:
    signature = SIGNER.sign(b"message")
    assert not verify(SIGNER.public_key, b"other", signature)
    assert not verify(OTHER_SIGNER.public_key, b"message", signature)
    assert not verify(SIGNER.public_key, b"message", signature[:-1])
    assert not verify(SIGNER.public_key, b"message", b"")
    assert not verify(b"", b"message", signature)
    assert not verify(b"\xff" * 32, b"message", signature)


def test_a_fingerprint_can_be_read_aloud() -> None:
    shown = fingerprint(SIGNER.public_key)
    assert re.fullmatch(r"([0-9a-f]{4} ){15}[0-9a-f]{4}", shown)
    assert shown != fingerprint(OTHER_SIGNER.public_key)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = load_or_create(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == 32
    assert load_or_create(path).public_key == made.public_key
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_programs_that_make_it_at_once_agree_on_one_key(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from journal.signing import load_or_create;"
        "print(load_or_create(Path(sys.argv[1])).public_key.hex())"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path / "key")], stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    keys = {process.communicate(timeout=60)[0] for process in started}
    assert len(keys) == 1
    assert keys != {b""}


def test_a_key_that_another_program_made_meanwhile_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = tmp_path / "key", os.urandom

    def other_program_first(size: int) -> bytes:
        path.write_bytes(bytes(range(32)))
        path.chmod(0o600)
        return real(size)

    monkeypatch.setattr(os, "urandom", other_program_first)
    assert load_or_create(path).public_key == SIGNER.public_key
    assert [entry.name for entry in tmp_path.iterdir()] == ["key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(Wrong, match="Other users may read"):
        load_or_create(path)


@pytest.mark.parametrize("size", [0, 31, 33])
def test_a_file_that_is_no_key_is_refused_and_kept(tmp_path: Path, size: int) -> None:
    path = tmp_path / "key"
    path.write_bytes(bytes(size))
    path.chmod(0o600)
    with pytest.raises(Wrong, match="holds no key"):
        load_or_create(path)
    assert path.stat().st_size == size


def test_a_missing_directory_is_said(tmp_path: Path) -> None:
    with pytest.raises(CouldNotAsk, match="out of reach"):
        load_or_create(tmp_path / "absent" / "key")


def test_a_signer_shows_nothing_of_its_key() -> None:
    seed = b"secret seed of thirty-two bytes!"
    shown = repr(Signer(seed)) + str(Signer(seed))
    assert "secret" not in shown
    assert seed.hex() not in shown
