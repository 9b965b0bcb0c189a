"""`python -m drivers.storage [ROOT]`: the connected socket is standard input.

ROOT stands for "/" in tests: below it are sys/class/block, run/udev/data, proc/self/mountinfo,
etc/machine-id and every mount point. No unit names it.
"""

from __future__ import annotations

import codecs
import os
import sys
from pathlib import Path

from drivers.storage.landlock import forbid_files_but
from drivers.storage.machine import machine_serial, read_machine_id
from drivers.storage.serving import serve
from drivers.worker.confinement import confine, take_standard_input


def main() -> None:
    """Take what has to be taken from files, renounce files, serve until the peer closes."""
    root = Path(sys.argv[1] if len(sys.argv) > 1 else "/")
    confine()
    connection = take_standard_input()
    mountinfo = os.open(root / "proc/self/mountinfo", os.O_RDONLY | os.O_CLOEXEC)
    serial = machine_serial(read_machine_id(root))
    codecs.lookup("cp1251")  # or it would be imported when files are closed to us
    forbid_files_but([root / "sys", root / "run/udev/data"])
    try:
        serve(connection, root, mountinfo, serial)
    finally:
        os._exit(0)


main()
