"""Who may read and write what the workstation keeps, and is there room for it."""

from __future__ import annotations

import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from cli.doctor.finding import Outcome, forbidden, found
from cli.doctor.workstation import Workstation

USERS = (
    "klyuchar",
    "klyuchar-worker",
    "klyuchar-storage",
    "klyuchar-bus",
    "klyuchar-courier",
    "klyuchar-inventory",
)
_OTHERS = stat.S_IRWXO
_MIB = 1 << 20
_FULL_BYTES = 16 * _MIB
_NEARLY_FULL_BYTES = 512 * _MIB
_NEARLY_FULL_SHARE = 0.05
_FEWEST_INODES = 100


def permissions(workstation: Workstation) -> Iterator[Outcome]:
    """Nobody else reads or changes the state, the settings and the keys. A folder in a closed one
    is closed."""
    agent, courier = workstation.settings.agent, workstation.settings.courier
    for directory in (agent.state, courier.state):
        if all(parent.stat().st_mode & stat.S_IXOTH for parent in directory.parents):
            yield from _closed(directory, _OTHERS, "open-to-others", "o-rwx")
    for key in (agent.key, courier.enrolment):
        yield from _closed(key, _OTHERS | stat.S_IRWXG, "key-open-to-others", "go-rwx")
    settings = Path(workstation.settings_file)
    for path in (settings, settings.resolve().parent):
        yield from _closed(path, stat.S_IWOTH, "open-to-others", "o-w")


def users(workstation: Workstation) -> Iterator[Outcome]:
    """The package's users and their groups exist."""
    if not workstation.is_packaged:
        return
    for name in USERS:
        try:
            pwd.getpwnam(name)
            grp.getgrnam(name)
        except KeyError:
            yield found(
                "user-missing",
                ru=f"Нет пользователя или группы {name}: службы под ним не запустятся",
                en=f"There is no user or group {name}: its services can't be started",
                mend="systemd-sysusers && systemd-tmpfiles --create",
            )


def disks(workstation: Workstation) -> Iterator[Outcome]:
    """Where journal, snapshot and inbox lie there is room, and it can be written to."""
    seen: set[int] = set()
    for path in (workstation.settings.agent.state, workstation.settings.courier.state):
        try:
            device = path.stat().st_dev
            if device in seen:
                continue
            seen.add(device)
            yield from room(path, os.statvfs(path))
        except FileNotFoundError:
            continue  # said by the check of the settings
        except PermissionError:
            yield forbidden(path)


def room(path: Path, disk: os.statvfs_result) -> Iterator[Outcome]:
    """What is wrong with the disk under ``path``."""
    if disk.f_flag & os.ST_RDONLY:
        yield found(
            "disk-read-only",
            ru=f"Диск, на котором {path}, доступен только для чтения: после ошибок на нём ядро "
            "переключает его само",
            en=f"The disk with {path} is read-only: the kernel makes it so after errors on it",
            mend=f"dmesg | tail -50; mount -o remount,rw $(findmnt -n -o TARGET -T {path})",
        )
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    left = f"{free // _MIB} МиБ", f"{free // _MIB} MiB"
    if free < _FULL_BYTES:
        yield found(
            "disk-full",
            ru=f"На диске, где {path}, осталось {left[0]}: журнал вот-вот станет некуда писать",
            en=f"{left[1]} are left on the disk with {path}: soon nothing can be recorded",
            mend=f"du -xh $(findmnt -n -o TARGET -T {path}) | sort -h | tail",
        )
    elif free < min(_NEARLY_FULL_BYTES, size * _NEARLY_FULL_SHARE):
        yield found(
            "disk-nearly-full",
            ru=f"На диске, где {path}, осталось {left[0]}",
            en=f"{left[1]} are left on the disk with {path}",
            mend=f"du -xh $(findmnt -n -o TARGET -T {path}) | sort -h | tail",
        )
    if disk.f_files and disk.f_favail < _FEWEST_INODES:
        yield found(
            "inodes-short",
            ru=f"На диске, где {path}, кончаются индексные дескрипторы (осталось {disk.f_favail}): "
            "место есть, а новые файлы создать нельзя",
            en=f"The disk with {path} runs out of inodes ({disk.f_favail} left): there is room, "
            "and no new file can be made",
            mend=f"du -x --inodes $(findmnt -n -o TARGET -T {path}) | sort -n | tail",
        )


def _closed(path: Path, bits: int, code: str, change: str) -> Iterator[Outcome]:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except PermissionError:
        yield forbidden(path)
        return
    if bits == stat.S_IWOTH and mode & stat.S_ISVTX:
        return  # as in /tmp: nobody replaces what belongs to others
    if mode & bits:
        yield found(
            code,
            ru=f"{path} открыт посторонним ({stat.filemode(mode)})",
            en=f"{path} is open to others ({stat.filemode(mode)})",
            mend=f"chmod {change} {path}",
        )
