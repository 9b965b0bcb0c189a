"""What systemd says of the package's units, and of the device manager they rest on."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

from cli.doctor.finding import Outcome, found, unseen
from cli.doctor.workstation import Workstation

UNITS = (
    "klyuchar-agent.service",
    "klyuchar-worker.socket",
    "klyuchar-storage.socket",
    "klyuchar-bus.service",
    "klyuchar-inventory.path",
    "klyuchar-inventory.timer",
    "klyuchar-inventory.service",
    "klyuchar-courier.path",
    "klyuchar-courier.timer",
    "klyuchar-courier.service",
)
_BY_OTHERS = frozenset(
    {"klyuchar-courier.service", "klyuchar-inventory.service", "klyuchar-bus.service"}
)
"""Started when there is something to do: stopped is how it should be."""
_MANY_RESTARTS = 5
_PROPERTIES = "Id,LoadState,UnitFileState,ActiveState,Result,NRestarts"
_UDEVD = "/run/udev/control"

Shown = dict[str, str]


def units(workstation: Workstation) -> Iterator[Outcome]:
    """Every unit is there, enabled and well; nothing where no systemd runs."""
    if workstation.is_demonstration:
        return
    try:
        done = workstation.printed("systemctl", "show", "-p", _PROPERTIES, *UNITS)
    except FileNotFoundError:
        return
    except subprocess.TimeoutExpired:
        yield unseen("systemd не отвечает", "systemd does not answer")
        return
    if "not been booted with systemd" in done.stderr:
        return
    shown = parsed(done.stdout)
    if done.returncode != 0 or not shown:
        why = done.stderr.strip() or str(done.returncode)
        yield unseen(f"systemctl show: {why}", f"systemctl show: {why}")
    for one in shown:
        yield from judged(one)


def udevd(workstation: Workstation) -> Iterator[Outcome]:
    """The device manager tells the agent of carriers coming and going, and pcscd of readers."""
    if not workstation.is_demonstration and not os.path.exists(_UDEVD):
        yield found(
            "udevd-not-running",
            ru="udev не работает: вставленные носители увидят с опозданием или не увидят вовсе",
            en="udev does not run: carriers are seen late or not at all",
            mend="systemctl start systemd-udevd && systemctl restart klyuchar-agent",
        )


def parsed(shown: str) -> list[Shown]:
    """The units in what `systemctl show` prints: a paragraph each."""
    paragraphs = (paragraph.splitlines() for paragraph in shown.strip().split("\n\n"))
    return [
        dict(line.split("=", 1) for line in lines if "=" in line) for lines in paragraphs if lines
    ]


def judged(unit: Shown) -> Iterator[Outcome]:
    """What is wrong with one unit: the first of what there may be, for one causes the other."""
    name = unit.get("Id", "")
    if unit.get("LoadState") == "masked":
        yield found(
            "unit-masked",
            ru=f"{name} запрещён (masked): его нельзя запустить",
            en=f"{name} is masked: it can't be started",
            mend=f"systemctl unmask {name} && systemctl enable --now {name}",
        )
    elif unit.get("LoadState") != "loaded":
        yield found(
            "unit-missing",
            ru=f"{name} не найден или не читается ({unit.get('LoadState', '')}): пакет установлен "
            "не полностью",
            en=f"{name} is not there or can't be read ({unit.get('LoadState', '')}): the package "
            "is not whole",
            mend="apt install --reinstall klyuchar",
        )
    elif unit.get("ActiveState") == "failed":
        yield found(
            "unit-failed",
            ru=f"{name} завершился с ошибкой ({unit.get('Result', '')}): причина — в его журнале",
            en=f"{name} has failed ({unit.get('Result', '')}): its journal says why",
            mend=f"journalctl -u {name} -n 50; systemctl restart {name}",
        )
    elif name not in _BY_OTHERS:
        yield from _switched(name, unit)
    yield from _restarted(name, unit)


def _switched(name: str, unit: Shown) -> Iterator[Outcome]:
    if unit.get("ActiveState") not in {"active", "activating", "reloading"}:
        yield found(
            "unit-stopped",
            ru=f"{name} остановлен",
            en=f"{name} is stopped",
            mend=f"systemctl enable --now {name}",
        )
    elif unit.get("UnitFileState") == "disabled":
        yield found(
            "unit-disabled",
            ru=f"{name} работает, но после перезагрузки не запустится",
            en=f"{name} runs, and will not be started at the next boot",
            mend=f"systemctl enable {name}",
        )


def _restarted(name: str, unit: Shown) -> Iterator[Outcome]:
    count = unit.get("NRestarts", "")
    if count.isdigit() and int(count) >= _MANY_RESTARTS:
        yield found(
            "agent-restarts-often",
            ru=f"systemd перезапускал {name} {count} раз: он падает или зависает",
            en=f"systemd has restarted {name} {count} times: it crashes or hangs",
            mend=f"journalctl -u {name} --since -1d",
        )
