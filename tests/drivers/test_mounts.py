"""Lines of mountinfo: those of a real kernel, and those that are none."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from drivers.mounts import Mount, parse


def test_this_machine_s_own() -> None:
    mounts = list(parse(Path("/proc/self/mountinfo").read_bytes()))
    (root,) = [mount for mount in mounts if mount.point == b"/"][-1:]
    number = os.stat("/").st_dev
    assert root.device == (os.major(number), os.minor(number))


def test_blanks_are_written_in_octal_and_other_lines_are_left_out() -> None:
    lines = (
        b"nonsense\n"
        b"1 2 x:y / / rw - a /dev/a\n"
        b"1 2 8:1 / /cut rw - vfat\n"
        rb"1 2 8:17 /sub /media/a\040b\012c rw,nosuid shared:5 master:1 - vfat /dev/sdb1 rw" + b"\n"
    )
    assert list(parse(lines)) == [
        Mount(device=(8, 17), root=b"/sub", point=b"/media/a b\nc", source=b"/dev/sdb1")
    ]


@given(st.binary(max_size=400))
def test_any_bytes_at_all(untrusted: bytes) -> None:
    list(parse(untrusted))
    list(parse(b"1 2 8:1 / /a rw - " + untrusted))
