"""pcscd, through which every module reaches a reader: is it there, and does it serve the worker.

It is asked as the worker's user, for pcscd (or polkit for it) answers root what it answers nobody
else. Asking starts it where its socket is there: that is what the agent's looks do all day.
"""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from cli.doctor.finding import Outcome, found, unseen
from cli.doctor.workstation import Workstation

_WORKER = "klyuchar-worker"
_PROGRAMS = ("/usr/sbin/pcscd", "/usr/bin/pcscd", "/sbin/pcscd")
_UNITS = ("pcscd.socket", "pcscd.service")
_UNIT_DIRECTORIES = ("/etc/systemd/system", "/run/systemd/system")
_SOCKET = "/run/pcscd/pcscd.comm"
_POLKIT_ACTIONS = "/usr/share/polkit-1/actions"
_ACTIONS = ("org.debian.pcsc-lite.access_pcsc", "org.debian.pcsc-lite.access_card")
_MOUNTS = "/proc/self/mountinfo"
_HIDING = frozenset({"hidepid=1", "hidepid=2", "hidepid=noaccess", "hidepid=invisible"})

# In a process of its own: it takes the worker's user for good. SCARD_SCOPE_SYSTEM is 2.
_ASK = """
import ctypes
try:
    library = ctypes.CDLL("libpcsclite.so.1")
except OSError:
    print("no library")
    raise SystemExit
context = ctypes.c_long()
code = library.SCardEstablishContext(ctypes.c_ulong(2), None, None, ctypes.byref(context))
print(f"{code & 0xFFFFFFFF:08x}")
"""
_SERVED = "00000000"
_DOWN = frozenset({"8010001d", "8010001e"})
"""SCARD_E_NO_SERVICE, SCARD_E_SERVICE_STOPPED."""


def service(workstation: Workstation) -> Iterator[Outcome]:
    """It is installed, may be started, and answers the worker."""
    if not _is_needed(workstation):
        return
    if not any(os.path.exists(program) for program in _PROGRAMS):
        yield found(
            "pcscd-not-installed",
            ru="Служба считывателей pcscd не установлена: ни один модуль не увидит носителей",
            en="pcscd is not installed: no module sees any carrier",
            mend="apt install pcscd libccid",
        )
        return
    if masked := [unit for unit in _UNITS if _is_masked(unit)]:
        units = " ".join(masked)
        yield found(
            "unit-masked",
            ru=f"Служба считывателей запрещена (masked): {units}",
            en=f"The reader service is masked: {units}",
            mend=f"systemctl unmask {units} && systemctl enable --now pcscd.socket",
        )
        return
    yield from _answered(_ask_as_worker(workstation))


def polkit(workstation: Workstation) -> Iterator[Outcome]:
    """Where pcscd asks polkit, that lets the worker in, and can see who it is."""
    asks_polkit = any(Path(_POLKIT_ACTIONS).glob("*pcsc*"))
    if hiding := _hidepid():
        yield _hidden(hiding, asks_polkit)
    if asks_polkit and workstation.is_packaged:
        yield from _allowed(workstation)


def _is_needed(workstation: Workstation) -> bool:
    return bool(workstation.plugged) or not workstation.is_demonstration


def _is_masked(unit: str) -> bool:
    places = (os.path.join(directory, unit) for directory in _UNIT_DIRECTORIES)
    return any(os.path.islink(place) and os.readlink(place) == os.devnull for place in places)


def _ask_as_worker(workstation: Workstation) -> str:
    """What SCardEstablishContext answers the worker, or whoever asks where that can't be become."""
    user = _worker_uid()
    done = subprocess.run(
        [sys.executable, "-I", "-c", _ASK],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=workstation.patience_s / 2,
        check=False,
        user=user,
        group=user and pwd.getpwuid(user).pw_gid,
        extra_groups=None if user is None else (),
    )
    return done.stdout.strip() or done.stderr.strip().rpartition("\n")[2]


def _worker_uid() -> int | None:
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_WORKER).pw_uid
    except KeyError:
        return None


def _answered(answer: str) -> Iterator[Outcome]:
    if answer == _SERVED:
        return
    if answer == "no library":
        yield found(
            "pcscd-not-installed",
            ru="Нет библиотеки libpcsclite1, через которую модули обращаются к pcscd",
            en="The library libpcsclite1, by which modules reach pcscd, is missing",
            mend="apt install libpcsclite1",
        )
    elif answer in _DOWN and not _listens():
        yield found(
            "pcscd-not-running",
            ru="Служба считывателей pcscd не отвечает: носители никто не прочитает",
            en="pcscd does not answer: nobody reads carriers",
            mend="systemctl enable --now pcscd.socket",
        )
    elif len(answer) == len(_SERVED):
        yield found(
            "pcscd-denied",
            ru=f"pcscd отказывает службе чтения носителей (0x{answer}): так отвечает polkit "
            "пользователю, который не сидит за этим компьютером",
            en=f"pcscd refuses the service that reads carriers (0x{answer}): so polkit answers "
            "whoever does not sit at this computer",
            mend="ls -l /usr/share/polkit-1/rules.d/50-klyuchar.rules; "
            "journalctl -u pcscd -u polkit -n 50",
        )
    else:
        yield unseen(f"pcscd не спросить: {answer}", f"pcscd could not be asked: {answer}")


def _listens() -> bool:
    """Whether somebody is there all the same: a denied client is hung up on, and where that comes
    before its first word its library says that there is no service."""
    with socket.socket(socket.AF_UNIX) as asking:
        try:
            asking.connect(_SOCKET)
        except OSError:
            return False
    return True


def _hidepid() -> str:
    """The option by which /proc hides others' processes, empty where it does not."""
    hiding = ""
    for line in Path(_MOUNTS).read_text().splitlines():
        fields = line.split()
        if fields[4] == "/proc":
            # The last line counts: it is mounted over those before.
            hiding = next(iter(_HIDING & {*fields[5].split(","), *fields[-1].split(",")}), "")
    return hiding


def _hidden(hiding: str, asks_polkit: bool) -> Outcome:
    if asks_polkit:
        return found(
            "hidepid-breaks-polkit",
            ru=f"/proc подключён с {hiding}: pcscd не может сказать polkit, кто к нему обращается, "
            "и отказывает всем",
            en=f"/proc is mounted with {hiding}: pcscd can't tell polkit who asks, and denies all",
            mend="mount -o remount,hidepid=0 /proc  # и в /etc/fstab",
        )
    return found(
        "hidepid",
        ru=f"/proc подключён с {hiding}. Здесь pcscd обходится без polkit, и это не мешает; после "
        "перехода на pcscd с polkit носители станут не видны",
        en=f"/proc is mounted with {hiding}. Here pcscd does without polkit and that does no harm; "
        "with a pcscd that asks it, carriers will not be seen",
        mend="findmnt /proc",
    )


def _allowed(workstation: Workstation) -> Iterator[Outcome]:
    """What polkit answers for a process of the worker's."""
    user = _worker_uid()
    if user is None:
        yield unseen(
            "polkit: спросить его за службу чтения носителей может только root",
            "polkit: only root can ask it on behalf of the service that reads carriers",
        )
        return
    with subprocess.Popen(["sleep", "60"], user=user, extra_groups=()) as process:
        try:
            for action in _ACTIONS:
                done = workstation.printed(
                    "pkcheck", "--action-id", action, "--process", str(process.pid)
                )
                if done.returncode != 0:
                    yield _refused(action, done.stderr.strip())
        finally:
            process.kill()


def _refused(action: str, said: str) -> Outcome:
    if "not registered" in said:
        return unseen(f"polkit: {said}", f"polkit: {said}")
    return found(
        "pcscd-denied",
        ru=f"polkit не пускает службу чтения носителей ({_WORKER}) к pcscd: {action}",
        en=f"polkit does not let the service that reads carriers ({_WORKER}) to pcscd: {action}",
        mend="apt install --reinstall klyuchar; ls /etc/polkit-1/rules.d",
    )
