"""The header of an ELF file, from any bytes."""

from __future__ import annotations

import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import elf
from drivers.elf import HEADER_BYTES, Architecture
from tests.drivers.foreign import header
from tests.softhsm import MODULE


def first_bytes(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(HEADER_BYTES)


def test_a_real_module_is_for_this_machine() -> None:
    read = elf.parse(first_bytes(MODULE))
    assert read is not None
    assert read.loadable
    assert read.architecture == elf.own()
    assert elf.own().bits == struct.calcsize("P") * 8
    assert elf.own().order == sys.byteorder


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (header(machine=3, bits=32), "32-bit x86"),
        (header(machine=62, bits=64), "64-bit x86"),
        (header(machine=183, bits=64), "64-bit ARM"),
        (header(machine=175, bits=64), "64-bit Elbrus"),
        (header(machine=21, bits=64, order="big"), "64-bit PowerPC, big-endian"),
        (header(machine=999, bits=64), "64-bit machine 999"),
    ],
)
def test_architectures_are_told_apart_and_named(made: bytes, words: str) -> None:
    read = elf.parse(made)
    assert read is not None
    assert str(read.architecture) == words


def test_a_program_and_an_object_file_are_no_libraries() -> None:
    """A relocatable file is what a build leaves behind; an executable one was linked for good."""
    for kind in (1, 2, 4):
        read = elf.parse(header(kind=kind))
        assert read is not None
        assert not read.loadable


@given(st.binary(max_size=64))
def test_whatever_the_bytes_are_nothing_is_raised(untrusted: bytes) -> None:
    elf.parse(untrusted)
    elf.parse(b"\x7fELF" + untrusted)


@given(st.integers(0, 0xFFFF), st.sampled_from([32, 64]), st.sampled_from(["little", "big"]))
def test_what_was_written_is_read(machine: int, bits: int, order: str) -> None:
    read = elf.parse(header(machine=machine, bits=bits, order=order))
    assert read is not None
    assert read.architecture == Architecture(machine=machine, bits=bits, order=order)


@given(st.integers(0, HEADER_BYTES - 1))
def test_half_a_header_is_none(size: int) -> None:
    assert elf.parse(header()[:size]) is None
