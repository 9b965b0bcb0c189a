"""Who sits at the workstation, as its login manager knows, and what is shown to them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from domain.events import Judged
from domain.verdict import Level
from tests.bench.cases.conftest import IVANOVA, PETROV, Tokens
from tests.bench.vm import Machine
from tests.bench.workplace import Workplace

pytestmark = pytest.mark.bench

SHOWN = "journalctl -o cat _SYSTEMD_USER_UNIT=notifications.service"
DENIED = "Носителем пользоваться нельзя"
SCREEN = "/tmp/screen/Xvfb_screen0"
PICTURE = Path(__file__).parents[3] / "build/bench/notification.png"


def test_who_sits_here_is_shown_what_is_wrong_until_it_is_pulled(
    workplace: Workplace, tokens: Tokens
) -> None:
    guest = workplace.machine
    desktop(guest)
    with workplace.ports[0].plugged(tokens.petrov()):
        workplace.wait_for_verdict(PETROV, Level.DENY)
        guest.wait_until(f"{SHOWN} | grep '{DENIED}'")
        assert PETROV.spelled() in guest.run(SHOWN)
        guest.wait_until(f"! cmp -s /tmp/blank {SCREEN}")
        keep_picture(guest)
    guest.wait_until("dunstctl count displayed | grep -x 0", user="ivanova")


def test_others_are_told_nothing(workplace: Workplace) -> None:
    call = "busctl call ru.klyuchar.Agent1 /ru/klyuchar/Agent1 ru.klyuchar.Agent1"
    assert workplace.machine.attempt(f"{call} Subscribe", user="ivanova").code == 0
    refused = workplace.machine.attempt(f"runuser -u petrov -- {call} Subscribe")
    assert (refused.code, "Access denied" in refused.said) == (1, True), refused.said


def test_a_carrier_is_judged_by_who_is_at_the_seat(workplace: Workplace, tokens: Tokens) -> None:
    guest = workplace.machine
    guest.run("systemctl stop getty@tty1")
    guest.wait_until("test -z $(loginctl show-seat seat0 -p ActiveSession --value)")
    with workplace.ports[0].plugged(tokens.ivanova()):
        judged = workplace.wait_for_verdict(IVANOVA)
        assert (judged.seat, judged.verdict.level) != ("ivanova", Level.ALLOW)
        assert judged.seat == ""
        guest.run("systemctl start getty@tty1")
        assert workplace.wait_for(Judged, lambda event: event.seat != "").seat == "ivanova"


def desktop(guest: Machine) -> None:
    """A screen nobody sees, what shows notifications, and our part, in the session at the seat."""
    guest.run(
        "mkdir /tmp/screen && systemd-run --user -q --unit=screen "
        "Xvfb :7 -screen 0 640x240x24 -fbdir /tmp/screen -nolisten tcp",
        user="ivanova",
    )
    guest.wait_until("test -S /tmp/.X11-unix/X7")
    guest.run(
        "systemctl --user set-environment DISPLAY=:7 && "
        "systemd-run --user -q --unit=notifications stdbuf -oL dunst -print",
        user="ivanova",
    )
    guest.wait_until("busctl --user status org.freedesktop.Notifications", user="ivanova")
    guest.run(f"cp {SCREEN} /tmp/blank")
    guest.run("systemctl --user start klyuchar-notify", user="ivanova")


def keep_picture(guest: Machine) -> None:
    """The screen as it is now, for whoever wants to see it."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    dump = guest.get(SCREEN)
    pixels = subprocess.run(["xwdtopnm", "-quiet"], input=dump, capture_output=True, check=True)
    made = subprocess.run(["pnmtopng"], input=pixels.stdout, capture_output=True, check=True)
    PICTURE.write_bytes(made.stdout)
