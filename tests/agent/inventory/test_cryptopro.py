"""CryptoPro's configuration as its installer and cpconfig write it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inventory.cryptopro import FILES, judge, time_control
from domain.inventory import Control
from tests.machines import CONTROLLED, UNCONTROLLED

SHIPPED = """\
#vim:set sw=4 ts=8 fileencoding=cp1251::Кодировка:WINDOWS-1251[АБЁЪЯабёъя]
[Random\\CPSD\\Default]
Name = "CPSD RNG"
[Parameters]
# Параметры провайдера
##dynamic_readers=1
tls_server_fixed_dh_allowed = 1
CurlUseSignals=false
warning_time_gen_2001=ll:9223372036854775807
{here}
[Parameters\\PasswordPolicies]
AsciiPasswordPolicy = "[ [:punct:][:digit:]ABCDEF]*"
[parameters\\"Crypto-Pro RSA Cryptographic Service Provider"]
KeyTimeValidityControlMode = 128
{provider}
[Defaults\\"Provider Types"\\"Type 080"]
TypeName = "GOST R 34.10-2012 (256) Signature with Diffie-Hellman Key Ex" \\
  "change"
{elsewhere}
"""


def state(here: str = "", provider: str = "", elsewhere: str = "") -> Control:
    text = SHIPPED.format(here=here, provider=provider, elsewhere=elsewhere)
    return judge(text.encode("cp1251")).state


def test_as_it_is_shipped_it_is_on() -> None:
    assert state() is Control.ON


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("ControlKeyTimeValidity=0", Control.OFF),
        ("ControlKeyTimeValidity = 0x00", Control.OFF),
        ('"ControlKeyTimeValidity" = 0', Control.OFF),
        ("controlkeytimevalidity=ll:0", Control.OFF),
        ("ControlKeyTimeValidity=1", Control.ON),
        ("ControlKeyTimeValidity = 0x2", Control.ON),
        ("# ControlKeyTimeValidity=0", Control.ON),
        ("ControlKeyTimeValidity=off", Control.UNKNOWN),
        ("ControlKeyTimeValidity=", Control.UNKNOWN),
        ("ControlKeyTimeValidity=3", Control.UNKNOWN),
        ("ControlKeyTimeValidity=-1", Control.UNKNOWN),
        ("ControlKeyTimeValidity=1\nControlKeyTimeValidity=0", Control.OFF),
    ],
)
def test_what_is_written_counts(line: str, told: Control) -> None:
    assert state(here=line) is told


def test_off_for_one_provider_is_off_and_says_for_which() -> None:
    assert state(provider="ControlKeyTimeValidity = 0") is Control.OFF
    text = SHIPPED.format(here="", provider="ControlKeyTimeValidity=0x0", elsewhere="")
    assert "Crypto-Pro RSA" in judge(text.encode("cp1251")).detail


def test_another_sections_setting_of_that_name_is_none() -> None:
    assert state(elsewhere="ControlKeyTimeValidity=0") is Control.ON


def test_a_configuration_that_is_not_there_says_neither(tmp_path: Path) -> None:
    assert time_control(tmp_path).state is Control.UNKNOWN


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_one_that_can_not_be_read_says_neither(tmp_path: Path) -> None:
    _configure(tmp_path, UNCONTROLLED).chmod(0)
    assert time_control(tmp_path).state is Control.UNKNOWN


def test_a_directory_in_its_place_says_neither(tmp_path: Path) -> None:
    (tmp_path / FILES[0]).mkdir(parents=True)
    told = time_control(tmp_path)
    assert told.state is Control.UNKNOWN
    assert "directory" in told.detail


def test_off_in_the_32_bit_one_is_off(tmp_path: Path) -> None:
    _configure(tmp_path, CONTROLLED)
    assert time_control(tmp_path).state is Control.ON
    (tmp_path / FILES[1]).write_text(UNCONTROLLED, "cp1251")
    assert time_control(tmp_path).state is Control.OFF


def test_a_huge_one_says_neither() -> None:
    assert judge(b"#" * (5 << 20)).state is Control.UNKNOWN


@given(content=st.binary())
def test_any_bytes_get_a_printable_answer(content: bytes) -> None:
    told = judge(b"[Parameters]\nControlKeyTimeValidity=" + content)
    assert told.detail.isprintable()


def _configure(root: Path, text: str) -> Path:
    path = root / FILES[0]
    path.parent.mkdir(parents=True)
    path.write_text(text, "cp1251")
    return path
