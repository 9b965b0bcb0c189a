"""USBGuard decides what may be used, we record what came: beside each other, without a fight."""

from __future__ import annotations

import pytest

from domain.events import Appeared, Pulled, Unreadable
from domain.sighting import Obstacle
from domain.verdict import Level
from tests.bench.cases.conftest import IVANOVA, Tokens
from tests.bench.vm import Machine
from tests.bench.workplace import Workplace

pytestmark = pytest.mark.bench

ALLOWED = "allow id 0a89:0030"


def test_a_token_it_allows_is_judged(workplace: Workplace, tokens: Tokens) -> None:
    guard(workplace.machine, ALLOWED)
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA, Level.ALLOW)
        assert "allow" in workplace.machine.run("usbguard list-devices | grep 0a89:0030")


def test_a_token_it_blocks_is_told_as_silent_and_seen_once_allowed(
    workplace: Workplace, tokens: Tokens
) -> None:
    guest = workplace.machine
    guard(guest)
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for(Appeared)
        silent = workplace.wait_for(Unreadable)
        assert silent.unread.obstacle is Obstacle.NO_TOKEN_APPEARED
        assert "block" in guest.run("usbguard list-devices | grep 0a89:0030")
        guest.run("usbguard allow-device 'id 0a89:0030'")
        workplace.wait_for_verdict(IVANOVA)
        workplace.begin()
        guest.run("usbguard block-device 'id 0a89:0030'")
        silent = workplace.wait_for(Unreadable)
        assert IVANOVA.spelled() in silent.unread.label
        assert not workplace.events(Pulled), "blocked is not pulled"


def guard(machine: Machine, *rules: str) -> None:
    """Start USBGuard: what is plugged now and what the rules allow, nothing else."""
    more = "\\n".join(rules)
    machine.run(
        "usbguard generate-policy > /etc/usbguard/rules.conf && "
        f"printf '{more}\\n' >> /etc/usbguard/rules.conf && chmod 600 /etc/usbguard/rules.conf && "
        "systemctl unmask usbguard && systemctl start usbguard"
    )
    machine.wait_until("usbguard list-devices")
