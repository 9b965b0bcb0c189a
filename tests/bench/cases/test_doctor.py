"""`klyuchar doctor` where systemd, polkit and udev are real: a healthy machine, and broken ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.bench.cases.conftest import IVANOVA, Tokens
from tests.bench.cases.test_package import POLICY
from tests.bench.vm import Machine
from tests.bench.workplace import Workplace

pytestmark = pytest.mark.bench

DOCTOR_S = 150
RULE = "/usr/share/polkit-1/rules.d/50-klyuchar.rules"
ACTIONS = "/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy"
AGENT_STATE = "/var/lib/klyuchar/agent"


def examined(machine: Machine, user: str = "") -> dict[str, Any]:
    """What it says to a program, with its exit code."""
    become = f"runuser -u {user} -- " if user else ""
    done = machine.attempt(f"{become}klyuchar doctor --json", timeout_s=DOCTOR_S)
    assert done.output.startswith(b"{"), done.said
    told: dict[str, Any] = json.loads(done.output)
    return told | {"exit_code": done.code}


def faults(machine: Machine) -> set[str]:
    """The codes of all that is to be mended."""
    found = examined(machine)["findings"]
    return {finding["code"] for finding in found if finding["gravity"] != "note"}


def test_a_machine_at_work_gives_no_finding(workplace: Workplace, tokens: Tokens) -> None:
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA)
        told = examined(workplace.machine)
    notes = {finding["code"] for finding in told["findings"]}
    assert notes <= {"module-general-only", "usb-autosuspend"}, told
    assert (told["unseen"], told["exit_code"]) == ([], 0)


def test_whom_little_is_shown_is_told_so(workplace: Workplace) -> None:
    told = examined(workplace.machine, user="petrov")
    assert told["exit_code"] == 75, told
    assert any("повторите от root" in what["ru"] for what in told["unseen"])


def test_services_that_do_not_serve(workplace: Workplace) -> None:
    machine = workplace.machine
    machine.run("systemctl mask --now pcscd.socket pcscd.service")
    machine.put(
        "/etc/systemd/system/klyuchar-courier.service.d/broken.conf",
        b"[Service]\nExecStart=\nExecStart=/bin/false\n",
    )
    # One that is under way is still the old one.
    machine.run("systemctl daemon-reload; systemctl stop klyuchar-courier")
    machine.attempt("systemctl start klyuchar-courier")
    machine.run("systemctl disable klyuchar-courier.path; systemctl stop klyuchar-courier.timer")
    told = examined(machine)
    mends = {finding["mend"] for finding in told["findings"]}
    assert {finding["code"] for finding in told["findings"]} >= {
        "unit-masked",
        "unit-failed",
        "unit-disabled",
        "unit-stopped",
    }
    for mend in mends:
        if mend.startswith(("systemctl unmask", "systemctl enable")):
            machine.run(mend)
    machine.run("rm -r /etc/systemd/system/klyuchar-courier.service.d; systemctl daemon-reload")
    machine.run("systemctl reset-failed klyuchar-courier")
    assert not faults(machine) & {"unit-masked", "unit-failed", "unit-disabled", "unit-stopped"}


def test_polkit_lets_the_worker_in_by_the_packages_rule_alone(workplace: Workplace) -> None:
    machine = workplace.machine
    card = POLICY.replace("access_pcsc", "access_card").partition("<action")[2]
    both = POLICY.replace("</policyconfig>", f"<action{card}")
    machine.put(ACTIONS, both.encode())
    machine.wait_until("pkaction | grep access_card")
    assert "pcscd-denied" not in faults(machine)
    machine.run(f"mv {RULE} /root/rule")
    machine.wait_until(
        "! pkcheck --action-id org.debian.pcsc-lite.access_card "
        "--process $(systemctl show -p MainPID --value klyuchar-agent) 2>/dev/null"
    )
    assert "pcscd-denied" in faults(machine)
    machine.run(f"mv /root/rule {RULE}; mount -o remount,hidepid=2 /proc")
    assert "hidepid-breaks-polkit" in faults(machine)


def test_a_disk_that_has_become_read_only(workplace: Workplace) -> None:
    machine = workplace.machine
    machine.run(
        f"mount --bind {AGENT_STATE} {AGENT_STATE} && mount -o remount,bind,ro {AGENT_STATE}"
    )
    assert "disk-read-only" in faults(machine)
