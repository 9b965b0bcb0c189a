"""The stage for a real systemd: run as PID 1 of fresh namespaces, ends by becoming systemd.

    unshare --pid --mount --cgroup --uts --ipc --net --mount-proc --fork --kill-child \
        python systemd_stage.py REPOSITORY PREFIX OUT

Nothing of the machine is touched: /tmp, /run, /var/tmp, /var/lib and /mnt are fresh here before
systemd starts, which cleans some of them; accounts and the machine id are bind-mounted copies; the
units are those of the repository with drop-ins that name this interpreter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

AGENT_UID, WORKER_UID, INVENTORY_UID = 61101, 61102, 61103
STAGE = Path("/mnt")
UNITS = STAGE / "units"
REPOSITORY, PREFIX, OUT = STAGE / "repository", STAGE / "prefix", STAGE / "out"
FRESH = ("/tmp", "/run", "/var/tmp", "/var/lib", "/etc/systemd")

_BARE_TARGETS = ("sysinit", "basic", "sockets", "shutdown", "network")
_PYTHON = f"Environment=PYTHONPATH={REPOSITORY} PYTHONDONTWRITEBYTECODE=1\n"
_PACKAGE = "Package: pcscd\nStatus: install ok installed\nVersion: 1.9.9-2\n"
_INSTALL = (
    "cd /var/lib/dpkg && (cat status; echo; sed s/pcscd/opensc/ status) >status-new && "
    "mv status-new status"
)
"""As dpkg enters a package: a new file in the old one's place."""
SETTINGS = STAGE / "klyuchar.toml"
_SETTINGS = """\
[agent]
state = "/var/lib/klyuchar/agent"
worker_socket = "/run/klyuchar/worker.sock"
[courier]
state = "/var/lib/klyuchar/courier"
ledger = "unix:/nowhere"
"""
_INVENTORY = f"{PREFIX}/bin/python -m agent.inventory --settings {SETTINGS}"
_COMMAND = f"{PREFIX}/bin/python -m drivers.worker"


def main() -> None:
    """Set the stage, then become systemd with one small target."""
    repository, prefix, out = sys.argv[1:4]
    _mount("--make-rprivate", "/")
    _mount("-t", "tmpfs", "tmpfs", str(STAGE))
    for source, target in ((repository, REPOSITORY), (prefix, PREFIX), (out, OUT)):
        target.mkdir()
        _mount("--rbind", source, str(target))
    for directory in FRESH:
        _mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", directory)
    _mount("-t", "cgroup2", "cgroup2", "/sys/fs/cgroup")
    _accounts()
    _state()
    _units()
    environment = {
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        "SYSTEMD_UNIT_PATH": str(UNITS),
        "SYSTEMD_GENERATOR_PATH": str(STAGE / "none"),
        "SYSTEMD_ENVIRONMENT_GENERATOR_PATH": str(STAGE / "none"),
        "container": "test",
    }
    systemd = "/lib/systemd/systemd"
    options = ["--system", "--unit=stage.target", "--log-target=console", "--show-status=no"]
    os.execve(systemd, [systemd, *options], environment)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def _accounts() -> None:
    for name, lines in (
        ("passwd", [f"{n}:x:{u}:{u}::/:/bin/false" for n, u in _users()]),
        ("group", [f"{n}:x:{u}:" for n, u in _users()]),
    ):
        copy = STAGE / name
        copy.write_text(Path("/etc", name).read_text() + "\n".join(lines) + "\n")
        _mount("--bind", str(copy), f"/etc/{name}")
    if Path("/etc/machine-id").exists():
        (STAGE / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")
        _mount("--bind", str(STAGE / "machine-id"), "/etc/machine-id")


def _users() -> tuple[tuple[str, int], ...]:
    return (
        ("klyuchar", AGENT_UID),
        ("klyuchar-worker", WORKER_UID),
        ("klyuchar-inventory", INVENTORY_UID),
    )


def _state() -> None:
    """Readable and writable by all on purpose: the unit alone must keep a module out."""
    agent = Path("/var/lib/klyuchar/agent")
    (agent / "journal").mkdir(parents=True)
    (agent / "key").write_bytes(bytes(32))
    for path in (agent, agent / "journal", agent / "key"):
        path.chmod(0o777)
    Path("/var/lib/dpkg").mkdir()
    Path("/var/lib/dpkg/status").write_text(_PACKAGE)
    for command in (["rpm", "--initdb"], ["rpm", "-qa"]):  # an empty one, as rpm leaves it
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    SETTINGS.write_text(_SETTINGS)
    Path("/run/klyuchar").mkdir()
    os.chown("/run/klyuchar", AGENT_UID, AGENT_UID)


def _units() -> None:
    UNITS.mkdir()
    units = REPOSITORY / "systemd"
    shutil.copy(units / "klyuchar-worker.socket", UNITS)
    shutil.copy(units / "klyuchar-worker@.service", UNITS)
    drop_in = f"[Service]\nExecStart=\nExecStart={_COMMAND}\n{_PYTHON}"
    _write("klyuchar-worker@.service.d/python.conf", drop_in)
    shutil.copy(units / "klyuchar-inventory.service", UNITS)
    shutil.copy(units / "klyuchar-inventory.path", UNITS)
    drop_in = f"[Service]\nExecStart=\nExecStart={_INVENTORY}\n{_PYTHON}"
    _write("klyuchar-inventory.service.d/python.conf", drop_in)
    _write(
        "install.service",
        "[Unit]\nAfter=klyuchar-inventory.service klyuchar-inventory.path\n"
        f"[Service]\nType=oneshot\nExecStart=/bin/sh -c '{_INSTALL}'\n",
    )
    for target in _BARE_TARGETS:
        _write(f"{target}.target", "[Unit]\nDefaultDependencies=no\n")
    _write(
        "unconfined.socket",
        "[Socket]\nListenStream=/run/klyuchar/unconfined.sock\nAccept=yes\nSocketMode=0666\n",
    )
    _write(
        "unconfined@.service",
        f"[Service]\nStandardInput=socket\nUser=klyuchar-worker\nExecStart={_COMMAND}\n{_PYTHON}",
    )
    _write(
        "play.service",
        "[Unit]\nRequires=klyuchar-worker.socket unconfined.socket\n"
        "Wants=klyuchar-inventory.service klyuchar-inventory.path install.service\n"
        "After=klyuchar-worker.socket unconfined.socket klyuchar-inventory.service\n"
        f"[Service]\nUser=klyuchar\n{_PYTHON}StandardOutput=file:{OUT}/said\n"
        f"StandardError=file:{OUT}/errors\n"
        f"ExecStart={PREFIX}/bin/python {REPOSITORY}/tests/drivers/systemd_play.py {OUT}\n",
    )
    _write("stage.target", "[Unit]\nDefaultDependencies=no\nWants=play.service\n")


def _write(name: str, text: str) -> None:
    path = UNITS / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


if __name__ == "__main__":
    main()
