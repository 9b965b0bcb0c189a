from __future__ import annotations

import pytest

from domain.loopback import is_this_machine


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1"])
def test_what_never_leaves_the_machine(host: str) -> None:
    assert is_this_machine(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "ledger.example.org", "localhost.org"])
def test_anything_else_may_leave_it(host: str) -> None:
    assert not is_this_machine(host)
