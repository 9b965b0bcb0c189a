"""The package as an administrator meets it: installed, confined, upgraded, removed, purged."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.bench import disks, hotplug
from tests.bench.cases.conftest import Tokens
from tests.bench.vm import Machine
from tests.bench.workplace import Workplace

pytestmark = pytest.mark.bench

EXPOSURE = {
    "klyuchar-agent.service": 2.0,
    "klyuchar-ledger.service": 1.5,
    "klyuchar-courier.service": 1.6,
    "klyuchar-worker@case.service": 0.2,
    "klyuchar-inventory.service": 0.2,
    "klyuchar-storage@case.service": 0.6,
}
NEWER = "99.0.0"
STATE = "/var/lib/klyuchar"
UNITS = (
    "klyuchar-agent klyuchar-worker.socket klyuchar-storage.socket klyuchar-courier.path "
    "klyuchar-courier.timer klyuchar-inventory.path klyuchar-inventory.timer"
)
POLICY = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE policyconfig PUBLIC "-//freedesktop//DTD PolicyKit Policy Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/PolicyKit/1/policyconfig.dtd">
<policyconfig>
  <action id="org.debian.pcsc-lite.access_pcsc">
    <description>As pcscd installs it where it is built with polkit</description>
    <message>Access to the smart card service</message>
    <defaults>
      <allow_any>no</allow_any><allow_inactive>no</allow_inactive><allow_active>yes</allow_active>
    </defaults>
  </action>
</policyconfig>
"""


def test_the_services_are_well_watched_and_no_more_exposed_than_we_say(
    workplace: Workplace,
) -> None:
    machine = workplace.machine
    machine.run(f"systemctl is-active {UNITS} klyuchar-ledger")
    for daemon in ("agent", "ledger"):
        # Set when a sign of life came, and only then.
        shown = f"systemctl show klyuchar-{daemon} -p WatchdogTimestampMonotonic --value"
        machine.wait_until(f"{shown} | grep -v '^0$'", deadline_s=60)
    for unit, most in EXPOSURE.items():
        told = machine.run(f"systemd-analyze security --no-pager {unit}")
        found = re.search(r"exposure level for \S+: ([0-9.]+)", told)
        assert found, told
        assert float(found[1]) <= most, told


def test_who_may_read_what(workplace: Workplace) -> None:
    machine = workplace.machine

    def petrov(command: str) -> tuple[int | None, str]:
        done = machine.attempt(f"runuser -u petrov -- {command}")
        return done.code, done.said

    code, said = petrov("klyuchar status")
    assert (code, "группа klyuchar" in said) == (75, True), said
    code, said = petrov("klyuchar ledger fingerprint")
    assert (code, "klyuchar-ledger" in said) == (75, True), said

    machine.run("usermod -a -G klyuchar petrov")
    assert petrov("klyuchar status")[0] == 0
    assert petrov("klyuchar journal verify")[0] == 0
    for secret in ("agent/key", "courier/enrolment.json", "ledger/key"):
        assert petrov(f"cat {STATE}/{secret}")[0] == 1
    reach = "import socket; socket.socket(socket.AF_UNIX).connect('/run/klyuchar/worker.sock')"
    code, said = petrov(f"python3 -c {shlex.quote(reach)}")
    assert (code, "PermissionError" in said) == (1, True), said

    machine.run("usermod -G klyuchar-ledger petrov")
    assert petrov("klyuchar ledger fingerprint")[0] == 0
    assert petrov("klyuchar status")[0] == 75


def test_the_smart_card_service_may_let_the_worker_in(workplace: Workplace) -> None:
    """Debian 12's pcscd does not ask polkit: real polkit is asked here as others' pcscd does."""
    machine = workplace.machine
    machine.put("/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy", POLICY.encode())
    machine.run("systemctl restart polkit")
    asked = "pkcheck --action-id org.debian.pcsc-lite.access_pcsc --process"
    machine.run("systemd-run -q --unit=stranger --uid=petrov sleep 600")
    assert machine.attempt(f"{asked} $(systemctl show stranger -p MainPID --value)").code != 0
    machine.run(f"{asked} $(pgrep -u klyuchar-worker | head -n 1)")


def test_an_upgrade_keeps_state_and_sees_what_stayed_plugged(
    workplace: Workplace, tokens: Tokens, deb: Path, tmp_path: Path
) -> None:
    machine = workplace.machine
    machine.run("systemctl disable --now klyuchar-courier.timer")
    machine.run("echo '# ours' >> /etc/klyuchar/klyuchar.toml")
    keys = machine.run(f"sha256sum {STATE}/*/key {STATE}/*/enrolment.json")
    with (
        workplace.ports[0].plugged(tokens.ivanova()),
        package(machine, newer(deb, tmp_path)) as new,
    ):
        machine.run(f"dpkg -i {new}", timeout_s=180)
        assert machine.run(f"sha256sum {STATE}/*/key {STATE}/*/enrolment.json") == keys
        machine.run("systemctl is-active klyuchar-agent klyuchar-ledger klyuchar-courier.path")
        assert machine.attempt("systemctl is-enabled klyuchar-courier.timer").code != 0
        assert machine.run("tail -n 1 /etc/klyuchar/klyuchar.toml") == "# ours"
        machine.wait_until(f"{carriers()} | grep 1", deadline_s=60)
    assert NEWER in machine.run("dpkg-query -W klyuchar")
    assert machine.run("systemctl --failed --quiet") == ""
    workplace.verify()


def test_removing_keeps_what_was_recorded_and_purging_does_as_told(
    workplace: Workplace, deb: Path, tmp_path: Path
) -> None:
    machine = workplace.machine
    head = last_record(machine)
    with package(machine, newer(deb, tmp_path)) as path:
        machine.run("dpkg -r klyuchar", timeout_s=120)
        assert machine.run("systemctl --failed --quiet") == ""
        assert (
            machine.attempt(
                "pgrep -u klyuchar,klyuchar-worker,klyuchar-storage,klyuchar-ledger"
            ).code
            == 1
        )
        assert kept(machine, head)
        machine.run("dpkg -P klyuchar", timeout_s=120)
        assert kept(machine, head), "purged without an answer"
        assert machine.attempt("ls /etc/klyuchar /usr/lib/klyuchar").code != 0

        machine.run(f"dpkg -i {path}", timeout_s=180)
        machine.run("klyuchar journal verify")
        assert kept(machine, head), "the new installation goes on where the old one ended"
        answer = "klyuchar klyuchar/purge-records boolean true"
        machine.run(f"echo {answer} | debconf-set-selections; dpkg -P klyuchar", timeout_s=120)
        assert machine.attempt(f"ls {STATE}").code != 0


@contextmanager
def package(machine: Machine, deb: Path) -> Iterator[str]:
    """Where the guest finds this package."""
    image = disks.ext4(machine.places.directory / "package.ext4", deb)
    device = hotplug.attach_disk(machine, image, "package")
    machine.run(f"mount -o ro {device} /mnt")
    yield f"/mnt/{deb.name}"
    machine.run("umount /mnt")
    hotplug.detach_disk(machine, "package")


def newer(deb: Path, directory: Path) -> Path:
    """The same package with another number: what is tried is the way from one to the next.

    Not compressed, for unpacking takes an emulated processor half a minute.
    """
    unpacked, made = directory / "unpacked", directory / f"klyuchar_{NEWER}_amd64.deb"
    subprocess.run(["dpkg-deb", "-R", deb, unpacked], check=True)
    control = unpacked / "DEBIAN" / "control"
    control.write_text(re.sub(r"(?m)^Version: .*", f"Version: {NEWER}", control.read_text()))
    build: list[str | Path] = ["dpkg-deb", "-Znone", "--root-owner-group", "-b", unpacked, made]
    subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
    return made


def carriers() -> str:
    """A shell command that prints how many carriers `klyuchar status` tells of."""
    count = "import json, sys; print(len(json.load(sys.stdin)['carriers']))"
    return f"klyuchar status --json | python3 -c {shlex.quote(count)}"


def last_record(machine: Machine) -> str:
    """The digest of a record that must never go."""
    line = machine.run(f"tail -n 1 {STATE}/agent/journal/*.jsonl")
    return str(json.loads(line)["prev"])


def kept(machine: Machine, record: str) -> bool:
    """Whether journal, key and ledger are still there."""
    look = f"grep -q {record} {STATE}/agent/journal/*.jsonl && ls {STATE}/*/key {STATE}/ledger/*3"
    return machine.attempt(look).code == 0
