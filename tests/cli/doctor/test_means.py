"""CryptoPro's time control: its configuration where its installer puts it."""

from __future__ import annotations

import pytest

from tests.cli.doctor.ward import ROOT_ONLY, Ward
from tests.machines import CONTROLLED, UNCONTROLLED

pytestmark = ROOT_ONLY


def configured(ward: Ward, content: str) -> str:
    (ward.root / "config64.ini").write_text(content, encoding="cp1251")
    return (
        "mount -t tmpfs tmpfs /etc/opt; mkdir -p /etc/opt/cprocsp\n"
        f"cp {ward.root}/config64.ini /etc/opt/cprocsp/config64.ini\n"
    )


@pytest.mark.parametrize("content", [CONTROLLED, UNCONTROLLED])
def test_only_what_is_switched_off_is_found(ward: Ward, content: str) -> None:
    told = ward.doctor(configured(ward, content))
    assert ("time-control-off" in told.codes) is (content == UNCONTROLLED)
    if content == UNCONTROLLED:
        assert "-add long ControlKeyTimeValidity 1" in told.what("time-control-off")


def test_a_configuration_that_makes_no_sense_is_not_taken_for_a_good_one(ward: Ward) -> None:
    told = ward.doctor(configured(ward, f"{CONTROLLED}ControlKeyTimeValidity=maybe\n"))
    assert any("ControlKeyTimeValidity=maybe" in what for what in told.unseen)
    assert "time-control-off" not in told.codes
