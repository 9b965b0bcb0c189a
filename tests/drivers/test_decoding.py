"""Bytes of tokens as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.worker.decoding import bounded, serial, text


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ("Подпись".encode().ljust(32), "Подпись"),
        ("Подпись".encode() + bytes(18), "Подпись"),
        (b"before\0behind" + b" " * 19, "before"),
        ("Подпись".encode("cp1251").ljust(32), "Подпись"),
        # 32 bytes of UTF-8 that end inside a letter: cut by the token.
        (b"a" + ("я" * 16).encode()[:31], "a" + "я" * 15),
        # The same bytes with room behind them were not cut: another encoding.
        ("Щ".encode("cp1251").ljust(32), "Щ"),
        # Neither: 0x98 is no letter of cp1251.
        (b"\x98abc".ljust(32), "\ufffdabc"),
        (b"\xff" * 32, "я" * 32),
        (b" " * 32, ""),
        (b"", ""),
    ],
)
def test_labels(field: bytes, shown: str) -> None:
    assert text(field, 64) == shown


@given(st.binary(max_size=64), st.integers(1, 64))
def test_whatever_comes_is_printable_and_bounded(field: bytes, longest: int) -> None:
    shown = text(field, longest)
    assert shown.isprintable()
    assert len(shown) <= longest


@given(st.text(st.characters(exclude_categories=("C", "Z")), max_size=8))
def test_utf8_is_shown_as_it_is(label: str) -> None:
    assert text(label.encode().ljust(64), 64) == label


def test_a_cut_is_seen() -> None:
    assert bounded("абвгд", 5) == "абвгд"
    assert bounded("абвгде", 5) == "абвг…"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_two_serials_never_become_one(one: bytes, other: bytes) -> None:
    same = one.rstrip(b" \0") == other.rstrip(b" \0")
    assert (serial(one) == serial(other)) == same
