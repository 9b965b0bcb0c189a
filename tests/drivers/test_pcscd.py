"""What is told of pcscd: by files, by the kernel's list, by real ones through a real module."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from drivers.pcscd import SOCKET, PcscdSocket, why_down
from tests.workers import REPOSITORY

HEAD = "Num       RefCount Protocol Flags    Type St Inode Path\n"
ROW = "0000000000000000: 00000002 00000000 {flags} 0001 01 12345 {path}\n"
OPENSC = Path("/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so")


def test_why_nobody_answers_by_files_alone(tmp_path: Path) -> None:
    assert why_down(tmp_path) == "not-installed"
    (tmp_path / "usr/sbin").mkdir(parents=True)
    (tmp_path / "usr/sbin/pcscd").touch()
    assert why_down(tmp_path) == "stopped"
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/pcscd.service").symlink_to("/dev/null")
    assert why_down(tmp_path) == "masked"


def test_a_change_of_who_listens_is_noticed_once(tmp_path: Path) -> None:
    table = tmp_path / "unix"
    watched = PcscdSocket(str(table))
    for rows, changed in [
        (ROW.format(flags="00010000", path="/run/other"), True),
        (ROW.format(flags="00000000", path=SOCKET), False),
        (ROW.format(flags="00010000", path=SOCKET + "2"), False),
        (ROW.format(flags="00010000", path=SOCKET), True),
        (ROW.format(flags="00010000", path=SOCKET) + "a line cut sho", False),
        ("", True),
    ]:
        table.write_text(HEAD + rows)
        assert watched.changed() == changed, rows
    table.unlink()
    assert watched.changed(), "it can't be told any more"


def test_the_kernels_own_list_has_a_socket_that_listens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/tmp/{tmp_path.name}.comm"
    monkeypatch.setattr("drivers.pcscd.SOCKET", path)
    watched = PcscdSocket()
    watched.changed()
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(path)
            assert not watched.changed(), "bound is not listening"
            listening.listen()
            assert watched.changed()
        assert watched.changed()
    finally:
        Path(path).unlink()


_PROBE = """
import os, socket, subprocess, sys, threading, time
from drivers.worker import pcsc
from drivers.worker.cryptoki import Cryptoki
assert pcsc.refusal() is None, "nobody has loaded the library"
module = Cryptoki(sys.argv[1])
module.initialise()
def told():
    assert module.slots() == [] or sys.argv[2] == "served"
    refusal = pcsc.refusal()
    return refusal and f"{refusal[0].value}: {refusal[1]}"
os.mkdir("/run/pcscd")
if sys.argv[2] == "closes":
    listening = socket.socket(socket.AF_UNIX)
    listening.bind("/run/pcscd/pcscd.comm")
    listening.listen()
    def deny():
        while True:
            listening.accept()[0].close()
    threading.Thread(target=deny, daemon=True).start()
if sys.argv[2] == "served":
    daemon = subprocess.Popen(["pcscd", "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while told() and time.monotonic() < until:
        time.sleep(0.05)
print(told())
if sys.argv[2] == "served":
    daemon.kill()
"""


@pytest.mark.skipif(not OPENSC.exists(), reason="OpenSC is not installed")
@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("absent", "pcscd-down: stopped; SCardEstablishContext: SCARD_E_NO_SERVICE"),
        ("closes", "pcscd-denied: refused; SCardEstablishContext: SCARD_"),
        pytest.param(
            "served",
            "None",
            marks=pytest.mark.skipif(shutil.which("pcscd") is None, reason="no pcscd"),
        ),
    ],
)
def test_a_module_without_slots_says_why_it_has_none(how: str, told: str) -> None:
    """As polkit's denial ends: pcscd closes the connection (winscard_svc.c, ContextThread).

    Whether the client had asked by then decides between two of its answers.
    """
    script = 'mount -t tmpfs tmpfs /run && exec "$@"'
    command = [sys.executable, "-c", _PROBE, str(OPENSC), how]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", *command],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(told)
