"""Modules as an administrator and reality make them, and services that are not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from domain.events import Appeared, Blind, Pulled, Seeing, Unreadable
from domain.sighting import Obstacle
from tests.bench.cases.conftest import IVANOVA, Tokens
from tests.bench.workplace import Workplace
from tests.drivers.modules import compiled

pytestmark = pytest.mark.bench

OPENSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
LIBRARY = "/opt/vendor/faulty.so"
DROP_INS = "/etc/klyuchar/modules.d"
UDEVD = "systemd-udevd.service systemd-udevd-kernel.socket systemd-udevd-control.socket"
TICKS_S = 60.0
"""Two ticks of the agent, on a slow machine."""


@pytest.fixture
def library(workplace: Workplace, tmp_path: Path) -> str:
    """A module that does what /etc/faulty-plan says, at a place of its own in the guest."""
    guest = workplace.machine
    guest.put(LIBRARY, compiled("fault", tmp_path).read_bytes())
    guest.put("/etc/faulty-plan", b"")
    guest.put(
        "/etc/systemd/system/klyuchar-worker@.service.d/faulty.conf",
        b"[Service]\nEnvironment=KLYUCHAR_FAULT_PLAN=/etc/faulty-plan\n"
        b"Environment=KLYUCHAR_FAULT_MODULE=" + OPENSC.encode() + b"\n",
    )
    guest.run("systemctl daemon-reload")
    return LIBRARY


def drop_in(workplace: Workplace, name: str, *lines: str) -> None:
    workplace.machine.put(f"{DROP_INS}/{name}.toml", "\n".join(lines).encode())


def blind(workplace: Workplace, what: str, cause: str) -> Blind:
    return workplace.wait_for(
        Blind,
        lambda event: event.what == what and event.reason.startswith(f"{cause}: "),
        deadline_s=150,
    )


def test_the_package_brings_an_example_that_changes_nothing(workplace: Workplace) -> None:
    guest = workplace.machine
    assert guest.run(f"ls {DROP_INS}").split() == ["example.toml.disabled"]
    guest.run(f"dpkg-query -W -f='${{Conffiles}}' klyuchar | grep {DROP_INS}/example")
    guest.run(f"runuser -u klyuchar -- cat {DROP_INS}/example.toml.disabled")


def test_a_drop_in_that_hangs_is_quarantined_and_costs_no_other(
    workplace: Workplace, tokens: Tokens, library: str
) -> None:
    guest = workplace.machine
    guest.put("/etc/faulty-plan", b"C_Initialize * * hang\n")
    drop_in(workplace, "10-faulty", 'name = "faulty"', f'path = "{library}"', "deadline_s = 2")
    drop_in(workplace, "20-wrong", 'name = "wrong"', f'pth = "{library}"')
    guest.run("systemctl restart klyuchar-agent", timeout_s=90)
    assert (
        "20-wrong.toml:2 pth" in blind(workplace, "modules.d/20-wrong.toml", "wrong-drop-in").reason
    )
    blind(workplace, "faulty", "deadline")
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA)
        quarantined = blind(workplace, "faulty", "quarantined")
        assert "C_Initialize" in quarantined.reason
        status = guest.attempt("klyuchar status").text
        assert "отказывает раз за разом" in status
        assert "20-wrong.toml:2" in status
    guest.put("/etc/faulty-plan", b"")
    guest.run(f"cp {library} {library}.new && mv {library}.new {library}")
    workplace.wait_for(Seeing, lambda event: event.what == "faulty", deadline_s=TICKS_S)
    told = [event for event in workplace.events(Blind) if event.what == "faulty"]
    assert len(told) == 2, "each cause once"


def test_a_module_that_anybody_may_replace_is_not_loaded_until_that_is_mended(
    workplace: Workplace, library: str
) -> None:
    guest = workplace.machine
    guest.run(f"chmod o+w {library}")
    drop_in(workplace, "faulty", 'name = "faulty"', f'path = "{library}"')
    guest.run("systemctl restart klyuchar-agent", timeout_s=90)
    assert library in blind(workplace, "faulty", "replaceable").reason
    assert "chown root:root" in guest.attempt("klyuchar status").text
    guest.run(f"chmod o-w {library}")
    workplace.wait_for(Seeing, lambda event: event.what == "faulty", deadline_s=TICKS_S)


def test_a_masked_pcscd_is_named_and_a_known_carrier_stays(
    workplace: Workplace, tokens: Tokens
) -> None:
    guest = workplace.machine
    guest.run("systemctl mask --now pcscd.socket pcscd.service")
    with workplace.ports[0].plugged(tokens.ivanova()):
        blind(workplace, "pcscd", "pcscd-down")
        silent = workplace.wait_for(Unreadable, deadline_s=TICKS_S)
        assert silent.unread.obstacle is Obstacle.PCSCD_DOWN
        assert silent.device is not None
        assert silent.device.usb_id == "0a89:0030"
        status = guest.attempt("klyuchar status").text
        assert "systemctl unmask pcscd.socket pcscd.service" in status
        guest.run("systemctl unmask pcscd.socket pcscd.service && systemctl start pcscd.socket")
        workplace.wait_for(Seeing, lambda event: event.what == "pcscd", deadline_s=90)
        workplace.wait_for_verdict(IVANOVA, deadline_s=90)
        guest.run("systemctl stop pcscd.socket pcscd.service")
        workplace.wait_for(Blind, lambda event: event.what == "pcscd", times=2, deadline_s=90)
        assert not workplace.events(Pulled), "could not ask is never no"


def test_devices_are_seen_while_udevd_is_stopped(workplace: Workplace, tokens: Tokens) -> None:
    guest = workplace.machine
    guest.run(f"systemctl stop {UDEVD}")
    blind(workplace, "udev", "udevd-stopped")
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for(Appeared, deadline_s=TICKS_S)
        guest.run(f"systemctl start {UDEVD}")
        workplace.wait_for(Seeing, lambda event: event.what == "udev", deadline_s=TICKS_S)
