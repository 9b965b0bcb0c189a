"""A workstation to be examined, and `klyuchar doctor` run on it by itself, in namespaces of its own
where a test changes what belongs to the machine: mounts and processes end with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from journal.writer import Journal

ROOT = Path(__file__).parents[3]
BOOT = Path("/proc/sys/kernel/random/boot_id").read_text().strip().replace("-", "")
ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount")
_NAMESPACES = "--mount --pid --fork --kill-child --mount-proc --propagation private"


@dataclass(frozen=True, slots=True)
class Told:
    """What it said to a program, with its exit code."""

    exit_code: int
    report: dict[str, Any]

    @property
    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.report["findings"]}

    @property
    def unseen(self) -> list[str]:
        return [what["ru"] for what in self.report["unseen"]]

    def what(self, code: str) -> str:
        """The words and the command of the one finding of that kind."""
        (one,) = [one for one in self.report["findings"] if one["code"] == code]
        assert one["what"]["en"]
        assert one["mend"]
        return f"{one['what']['ru']} | {one['mend']}"


class Ward:
    """A workstation's files under ``root``, not enrolled, with a ledger that is never there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state, self.courier = root / "agent", root / "courier"
        self.file = root / "klyuchar.toml"
        for directory in (self.state / "journal", self.courier / "inbox"):
            directory.mkdir(parents=True)
        for directory in (self.state, self.state / "journal", self.courier):
            directory.chmod(0o750)
        self.configure()

    def configure(self, *, agent: str = "", ledger: str = "unix:/nowhere") -> None:
        self.file.write_text(
            f'[agent]\nstate = "{self.state}"\nworker_socket = "{self.root}/w.sock"\n'
            f'host = "pc-17"\n{agent}\n'
            f'[courier]\nstate = "{self.courier}"\nledger = "{ledger}"\n'
        )

    def journal(self, boot: str = BOOT) -> Journal:
        """The journal as an agent has it open."""
        return Journal.open(self.state / "journal", host="pc-17", boot=boot)

    def doctor(self, before: str = "", *, user: int | None = None, **more: str) -> Told:
        """See `doctor`."""
        return doctor(self.file, before, user=user, **more)


def doctor(file: Path, before: str = "", *, user: int | None = None, **more: str) -> Told:
    """Examine the workstation of these settings, after a shell script where one is given; it and
    what it started or mounted is gone afterwards. ``more`` goes to the environment."""
    command = [sys.executable, "-m", "cli.main", "--settings", str(file), "doctor", "--json"]
    if before:
        script = f'set -e\n{before}\n"$@"'
        command = ["unshare", *_NAMESPACES.split(), "sh", "-c", script, "sh", *command]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)} | more,
        user=user,
        group=user,
        extra_groups=None if user is None else (),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
        check=False,
    )
    assert done.stdout.startswith("{"), done.stdout + done.stderr
    return Told(done.returncode, json.loads(done.stdout))
