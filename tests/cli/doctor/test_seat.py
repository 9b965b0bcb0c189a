"""Who sits here, by real login records."""

from __future__ import annotations

import struct

from tests.cli.doctor.ward import ROOT_ONLY, Ward

pytestmark = ROOT_ONLY

RECORD = struct.Struct("hxxi32s4x32s256s52x")
USER_PROCESS = 7
INIT = 1


def test_nobody_sits_here_and_somebody_is_in_from_elsewhere(ward: Ward) -> None:
    record = RECORD.pack(USER_PROCESS, INIT, b"pts/0", b"ivanova", b"192.0.2.7")
    (ward.root / "utmp").write_bytes(record)
    records = f"mount -t tmpfs tmpfs /run; cp {ward.root}/utmp /run/utmp\n"
    assert "только удалённый: ivanova" in ward.doctor(records).what("remote-only")
    at_desk = RECORD.pack(USER_PROCESS, INIT, b"tty1", b"ivanova", b"")
    (ward.root / "utmp").write_bytes(record + at_desk)
    assert "remote-only" not in ward.doctor(records).codes
