"""The clock as the kernel has it; whether it is wrong, test_ledger and test_journal provoke."""

from __future__ import annotations

import ctypes

import pytest

from tests.cli.doctor.ward import Ward


def kernel_calls_it_synchronised() -> bool:
    return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(208)) != 5


def test_what_the_kernel_says_is_told_where_a_ledger_elsewhere_compares(ward: Ward) -> None:
    ward.configure(ledger="https://ledger.invalid:8443")
    assert ("clock-not-synchronised" in ward.doctor().codes) is not kernel_calls_it_synchronised()


@pytest.mark.parametrize("ledger", ["unix:/nowhere", "http://127.0.0.1:1", "http://localhost:1"])
def test_beside_the_ledger_no_other_clock_counts(ward: Ward, ledger: str) -> None:
    ward.configure(ledger=ledger)
    assert "clock-not-synchronised" not in ward.doctor().codes
