"""The reader service: a real pcscd, and what keeps one from serving."""

from __future__ import annotations

import pytest

from tests.cli.doctor.ward import ROOT_ONLY, Ward

pytestmark = ROOT_ONLY

NO_RUN = "mkdir -p /run; mount -t tmpfs tmpfs /run; mkdir /run/pcscd\n"
PCSCD = (
    NO_RUN + "pcscd -f >/dev/null 2>&1 &\n"
    "for i in $(seq 200); do [ -S /run/pcscd/pcscd.comm ] && break; sleep 0.05; done\n"
)
DENYING = (
    NO_RUN
    + """
python3 -c '
import socket
listening = socket.socket(socket.AF_UNIX)
listening.bind("/run/pcscd/pcscd.comm")
listening.listen()
print("listening", flush=True)
while True:
    listening.accept()[0].close()
' >/run/told &
for i in $(seq 200); do [ -s /run/told ] && break; sleep 0.05; done
"""
)
"""As pcscd does with a client that polkit denies: it hangs up."""
ABOUT = {"pcscd-not-installed", "pcscd-not-running", "pcscd-denied", "unit-masked"}
POLICIES = "mount -t tmpfs tmpfs /usr/share/polkit-1\nmkdir /usr/share/polkit-1/actions\n"
POLICY = "touch /usr/share/polkit-1/actions/org.debian.pcsc-lite.policy\n"
HIDDEN = "mount -o remount,hidepid=2 /proc\n"


def test_one_that_runs_is_no_finding(ward: Ward) -> None:
    told = ward.doctor(PCSCD)
    assert not told.codes & ABOUT
    assert not [it for it in told.unseen if "pcscd" in it]


def test_one_that_does_not(ward: Ward) -> None:
    assert "systemctl enable --now pcscd.socket" in ward.doctor(NO_RUN).what("pcscd-not-running")


def test_none_at_all(ward: Ward) -> None:
    hidden = "touch /run/x; mkdir /run/empty; mount --bind /run/empty /usr/sbin\n"
    told = ward.doctor(NO_RUN + hidden)
    assert "apt install pcscd" in told.what("pcscd-not-installed")


def test_one_that_is_masked(ward: Ward) -> None:
    mask = "mkdir -p /run/systemd/system; ln -s /dev/null /run/systemd/system/pcscd.socket\n"
    told = ward.doctor(NO_RUN + mask)
    assert "systemctl unmask pcscd.socket" in told.what("unit-masked")
    assert "pcscd-not-running" not in told.codes, "one cause, told once"


def test_one_that_denies(ward: Ward) -> None:
    assert "50-klyuchar.rules" in ward.doctor(DENYING).what("pcscd-denied")


@pytest.mark.parametrize("asks_polkit", [False, True])
def test_hidden_processes_break_a_pcscd_that_asks_polkit(ward: Ward, asks_polkit: bool) -> None:
    told = ward.doctor(HIDDEN + POLICIES + (POLICY if asks_polkit else ""))
    assert "hidepid=invisible" in told.what("hidepid-breaks-polkit" if asks_polkit else "hidepid")


def test_visible_processes_are_no_finding(ward: Ward) -> None:
    assert not [code for code in ward.doctor(POLICIES + POLICY).codes if "hidepid" in code]
