"""A real systemd starts the worker, and a module that spies finds nothing.

The same module in the same place without the unit's sandbox finds everything: that is what makes
the first half a proof.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drivers.modules import compiled
from tests.drivers.systemd_stage import INVENTORY_UID, WORKER_UID
from tests.waiting import wait_for
from tests.workers import REPOSITORY

_NAMESPACES = "--pid --mount --cgroup --uts --ipc --net --mount-proc --fork --kill-child"
_STAGE = REPOSITORY / "tests" / "drivers" / "systemd_stage.py"


def _cgroup2() -> Path | None:
    mounts = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return next((Path(at) for _, at, kind, *_ in mounts if kind == "cgroup2"), None)


def _missing() -> str:
    if os.geteuid() != 0:
        return "only root can make the namespaces that systemd needs"
    if not Path("/lib/systemd/systemd").exists():
        return "no systemd here"
    if (cgroup2 := _cgroup2()) is None or not os.access(cgroup2 / "cgroup.procs", os.W_OK):
        return "no cgroup2 to write to"
    return ""


@pytest.fixture
def cgroup() -> Iterator[Path]:
    """A cgroup of this test's own, so that systemd's leave nothing behind."""
    root = _cgroup2()
    assert root is not None
    path = root / f"klyuchar-test-{os.getpid()}"
    path.mkdir()
    yield path
    (path / "cgroup.kill").write_text("1")
    wait_for(lambda: "populated 0" in (path / "cgroup.events").read_text(), what="cgroup empty")
    for directory, _, _ in os.walk(path, topdown=False):
        Path(directory).rmdir()


@pytest.fixture
def seen(cgroup: Path) -> Iterator[dict[str, Any]]:
    """What the play on the stage reported."""
    out = Path(tempfile.mkdtemp(prefix="kl", dir="/tmp"))
    out.chmod(0o777)
    compiled("hostile", out).chmod(0o755)
    # Entered before unshare, so that the new cgroup namespace has this one as its root.
    enter = f'echo 0 > {cgroup}/cgroup.procs && exec unshare {_NAMESPACES} "$@"'
    arguments = [sys.executable, str(_STAGE), str(REPOSITORY), sys.prefix, str(out)]
    with (out / "log").open("wb") as log:
        stage = subprocess.Popen(
            ["sh", "-c", enter, "sh", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        done = out / "result.json"
        wait_for(lambda: done.exists() or stage.poll() is not None, timeout=60, what="the play")
        assert done.exists(), (out / "log").read_text() + _text(out / "errors")
        yield json.loads(done.read_text())
    finally:
        # As PID 1 systemd ignores SIGTERM; unshare's death takes it along (--kill-child).
        stage.kill()
        stage.wait()
        shutil.rmtree(out)


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


@pytest.mark.skipif(bool(_missing()), reason=_missing())
def test_a_spying_module_finds_nothing_under_the_unit(seen: dict[str, Any]) -> None:
    # Key, journal, ledger, network, write, other processes, core dumps, other workers; uid.
    assert _label(seen["confined"]) == f"k-j-l-n-w-s-d-a- {WORKER_UID}"
    # The last two stay: no core dump is the worker's own doing, and the socket has a group.
    assert _label(seen["unconfined"]) == f"k+j+l+n+w+s+d-a- {WORKER_UID}"


@pytest.mark.skipif(bool(_missing()), reason=_missing())
def test_the_inventory_is_taken_anew_when_something_is_installed(seen: dict[str, Any]) -> None:
    inventory = seen["inventory"]
    assert inventory is not None
    assert [one["name"] for one in inventory["packages"]] == ["opensc", "pcscd"]
    assert inventory["unasked"] == []
    assert inventory["machine"]["host"]
    assert inventory["machine"]["serial"] != "none"
    assert (inventory["owner"], inventory["mode"]) == (INVENTORY_UID, "0o640")
    assert not inventory["writable"]


def _label(look: dict[str, Any]) -> str:
    (sighting,) = look["sightings"]
    return str(sighting["label"])
