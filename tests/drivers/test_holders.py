"""Programs that hold a reader: real processes with the real client library or an open node."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from drivers.holders import Holder, Way, holders

LIBRARY = "libpcsclite.so.1"
_MAPS = f"import ctypes; ctypes.CDLL({LIBRARY!r})"
_OPENS = "import os, sys; os.open(sys.argv[1], os.O_RDONLY)"
_THEN_WAITS = "; print('ready', flush=True); import sys; sys.stdin.read()"


@contextmanager
def program(does: str, *arguments: str) -> Iterator[int]:
    """A process that has done ``does`` and stays; its pid."""
    command = [sys.executable, "-c", does + _THEN_WAITS, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
        process.stdin.close()


def of(pid: int, usb_nodes: str = "/dev/bus/usb/") -> list[Holder]:
    return [holder for holder in holders(usb_nodes).found if holder.pid == pid]


def test_a_program_with_the_client_library_of_pcscd_holds_readers() -> None:
    with program(_MAPS) as pid:
        (holder,) = of(pid)
    assert holder.way is Way.PCSC
    assert LIBRARY in holder.what
    assert holder.name.startswith("python")
    assert of(pid) == []


def test_a_program_with_the_device_node_open_shuts_pcscd_out(tmp_path: Path) -> None:
    node = tmp_path / "001"
    node.touch()
    with program(_OPENS, str(node)) as pid:
        (holder,) = of(pid, usb_nodes=f"{tmp_path}/")
        assert of(pid) == []
    assert (holder.way, holder.what) == (Way.USB, str(node))


def test_a_program_with_neither_is_not_named() -> None:
    with program("pass") as pid:
        assert of(pid) == []


def test_what_may_not_be_looked_into_is_counted_and_not_taken_for_none() -> None:
    """As nobody: others' processes are closed to it, and the client is among them."""
    as_nobody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    with program(_MAPS) as pid:
        told = json.loads(
            subprocess.run(
                [sys.executable, "-m", "drivers.holders"],
                check=True,
                capture_output=True,
                cwd=Path(__file__).parents[2],
                **as_nobody,  # type: ignore[call-overload]
            ).stdout
        )
    named = [holder["pid"] for holder in told["found"]]
    assert told["unseen"] > 0 or pid in named
    assert os.getuid() != 0 or pid not in named
