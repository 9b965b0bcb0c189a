"""What the agent rests on breaks and comes back; nothing false is told meanwhile."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from domain.events import (
    Blind,
    Missed,
    Pulled,
    Reenumerated,
    Seeing,
    SnapshotAccepted,
    SnapshotRefused,
    Unreadable,
    Unrecorded,
    Vanished,
)
from domain.verdict import Level
from tests.bench.cases.conftest import IVANOVA, PETROV, Tokens
from tests.bench.emulator.devices.tokens import RutokenEcp
from tests.bench.workplace import Workplace
from tests.drivers.modules import compiled
from tests.waiting import wait_for

pytestmark = pytest.mark.bench

OPENSC = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"
WORKERS = "systemctl list-units --plain --no-legend 'klyuchar-worker@*' | cut -d' ' -f1"
LEDGER_STATE = "/var/lib/klyuchar/ledger"
AGENT_STATE = "/var/lib/klyuchar/agent"
NO_ROOM = "Не удалось записать в журнал"
FEW = 5
"""Commands: less than a read needs."""
QUIET_S = 2.0
PAGE, SMALLEST_RECORD = 4096, 256
"""Bytes: what a full disk may still hold, and what each plug writes at least."""


def test_pcscd_stops_and_comes_back(workplace: Workplace, tokens: Tokens) -> None:
    guest, token = workplace.machine, tokens.ivanova()
    with workplace.ports[0].plugged(token):
        workplace.wait_for_verdict(IVANOVA)
        wait_until_nobody_reads(token)
        guest.run("systemctl stop pcscd.socket pcscd.service")
        with workplace.ports[1].plugged(tokens.petrov()):
            workplace.wait_for(Unreadable)
            assert not workplace.events(Pulled), "nobody pulled the first token"
            guest.run("systemctl start pcscd.socket")
            workplace.wait_for_verdict(PETROV, deadline_s=90)
        workplace.wait_for(Pulled, lambda event: event.carrier == PETROV)
        assert all(event.carrier == PETROV for event in workplace.events(Pulled))
        if workplace.events(Missed)[0].carrier == IVANOVA:
            workplace.wait_for(Reenumerated, lambda event: event.sighting.carrier == IVANOVA)


def test_pcscd_killed_in_the_middle_of_a_read(workplace: Workplace, tokens: Tokens) -> None:
    """The answer it did not fetch stays in the token and may be in its successor's way for good:
    silence is told then, and plugging anew helps. Nobody pulled what is still plugged."""
    token, port = tokens.ivanova(), workplace.ports[1]
    with workplace.ports[0].plugged(token):
        workplace.wait_for_verdict(IVANOVA)
        wait_until_nobody_reads(token)
        before = token.answered
        with port.plugged(tokens.petrov()):
            wait_for(lambda: token.answered > before + FEW, 30, "the token is being read")
            workplace.machine.run("systemctl kill -s KILL pcscd")
        workplace.wait_for(Vanished)
        with port.plugged(tokens.petrov()):
            workplace.wait_for_verdict(PETROV, deadline_s=90)
        workplace.wait_for(Pulled, lambda event: event.carrier == PETROV)
        assert {event.carrier for event in workplace.events(Pulled)} == {PETROV}
    workplace.wait_for(Pulled, lambda event: event.carrier == IVANOVA)


def test_a_killed_worker_costs_nothing(workplace: Workplace, tokens: Tokens) -> None:
    guest = workplace.machine
    guest.run(f"systemctl kill -s KILL $({WORKERS})")
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA, Level.ALLOW)
    assert not workplace.events(Blind)


def test_a_module_that_hangs_hides_no_other(
    workplace: Workplace, tokens: Tokens, tmp_path: Path
) -> None:
    guest = workplace.machine
    guest.put("/usr/lib/faulty.so", compiled("fault", tmp_path).read_bytes())
    guest.put("/etc/faulty-plan", b"C_GetSlotList * * hang\n")
    guest.put(
        "/etc/systemd/system/klyuchar-worker@.service.d/faulty.conf",
        b"[Service]\nEnvironment=KLYUCHAR_FAULT_PLAN=/etc/faulty-plan\n"
        b"Environment=KLYUCHAR_FAULT_MODULE=" + OPENSC.encode() + b"\n",
    )
    guest.run(
        r"""sed -i 's|^# modules = .*|modules = ["/usr/lib/faulty.so"]|' """
        "/etc/klyuchar/klyuchar.toml && systemctl daemon-reload && "
        "systemctl restart klyuchar-agent"
    )
    blind = workplace.wait_for(Blind, lambda event: event.what == "faulty", deadline_s=120)
    assert "C_GetSlotList" in blind.reason
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA)
    guest.put("/etc/faulty-plan", b"")
    guest.run("touch /usr/lib/faulty.so")  # quarantined by now: another file is tried at once
    workplace.wait_for(Seeing, lambda event: event.what == "faulty", deadline_s=60)


def test_the_ledger_is_down_and_back(workplace: Workplace, tokens: Tokens) -> None:
    guest = workplace.machine
    guest.run("systemctl stop klyuchar-ledger")
    with workplace.ports[0].plugged(tokens.petrov()):
        assert workplace.wait_for_verdict(PETROV).verdict.deciding.rule == "issued-to-another"
    guest.run("systemctl start klyuchar-ledger; systemctl start klyuchar-courier", timeout_s=90)
    recorded = workplace.records()[-1].seq
    guest.wait_until(
        f"klyuchar ledger workstation list --json | grep -E '\"seq\": ?({recorded}|[0-9]{{3,}})'; "
        "klyuchar ledger case list --json | grep issued-to-another",
        deadline_s=90,
    )


def test_the_ledger_restored_from_a_copy_is_told_and_catches_up(workplace: Workplace) -> None:
    guest = workplace.machine
    guest.run(f"systemctl stop klyuchar-ledger && cp -a {LEDGER_STATE} /root/copy")
    guest.run("systemctl start klyuchar-ledger", timeout_s=90)
    guest.run("systemctl restart klyuchar-courier", timeout_s=90)
    copied = workplace.wait_for(SnapshotAccepted).mark.version
    guest.run("klyuchar ledger return --document КН-0001; systemctl restart klyuchar-courier")
    workplace.wait_for(SnapshotAccepted, lambda event: event.mark.version > copied)
    guest.run(
        "systemctl stop klyuchar-ledger klyuchar-courier && "
        f"rm -r {LEDGER_STATE} && cp -a /root/copy {LEDGER_STATE} && "
        "systemctl start klyuchar-ledger && systemctl start klyuchar-courier",
        timeout_s=120,
    )
    workplace.wait_for(SnapshotRefused, deadline_s=60)


def test_a_clock_set_backwards(workplace: Workplace, tokens: Tokens) -> None:
    guest = workplace.machine
    # The ledger of this machine goes by the same clock: what it makes now has the right age.
    guest.run("systemctl stop klyuchar-ledger && date -s '3 days ago'")
    with workplace.ports[0].plugged(tokens.ivanova()):
        judged = workplace.wait_for_verdict(IVANOVA)
        assert judged.verdict.level is not Level.ALLOW, "a snapshot of the future can't be trusted"
    workplace.verify()


def test_a_full_disk_is_loud_and_recovers_by_itself(workplace: Workplace, tokens: Tokens) -> None:
    guest, port = workplace.machine, workplace.ports[0]
    guest.run("systemctl stop klyuchar-agent klyuchar-courier.path klyuchar-courier.timer")
    guest.run(
        f"cp -a {AGENT_STATE} /root/agent && mount -t tmpfs -o size=256k tmpfs {AGENT_STATE} && "
        f"chown --reference=/root/agent {AGENT_STATE} && cp -a /root/agent/. {AGENT_STATE} && "
        "systemctl start klyuchar-agent",
        timeout_s=90,
    )
    guest.attempt(f"dd if=/dev/zero of={AGENT_STATE}/filler bs=4k")
    for _ in range(PAGE // SMALLEST_RECORD):
        with port.plugged(tokens.ivanova()):
            port.wait_configured()
        if guest.attempt(f"journalctl -u klyuchar-agent -o cat | grep '{NO_ROOM}'").code == 0:
            break
    guest.wait_until(f"journalctl -u klyuchar-agent -o cat | grep '{NO_ROOM}'")
    with port.plugged(tokens.ivanova()):
        port.wait_configured()
        guest.run(f"rm {AGENT_STATE}/filler")
        assert workplace.wait_for(Unrecorded, deadline_s=90).count > 0
        workplace.wait_for_verdict(IVANOVA, deadline_s=90)
    assert guest.run("systemctl show klyuchar-agent -p NRestarts --value") == "0"
    workplace.verify()


def wait_until_nobody_reads(token: RutokenEcp) -> None:
    """Until nothing has been asked of its card for a while: the looks after a plug are over."""
    last = token.answered, time.monotonic()

    def quiet() -> bool:
        nonlocal last
        if token.answered != last[0]:
            last = token.answered, time.monotonic()
        return time.monotonic() - last[1] > QUIET_S

    wait_for(quiet, what="nobody reads the token")
