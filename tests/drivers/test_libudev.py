"""What pyudev brings into the daemon: seen in a process of its own, where nobody imported it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_PROGRAM = """
import sys
before, started = set(sys.modules), []
def note(event, arguments):
    if event in ("subprocess.Popen", "os.fork", "os.posix_spawn"):
        started.append(arguments)
sys.addaudithook(note)
from drivers.udev import UdevWatch
UdevWatch().present()
print(started, sorted({"shutil", "tempfile"} & (set(sys.modules) - before)))
import ctypes.util
print(ctypes.util.find_library("c"), len(started) > 0)
"""


def test_libudev_is_loaded_without_a_search_for_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    quietly, afterwards = done.stdout.splitlines()
    assert quietly == "[] []", "no program is started, and nothing is imported that starts one"
    assert afterwards == "libc.so.6 True", "everybody else searches as ever"
