"""The bench's images, built when missing and kept by what they are made of.

guest   a disk, a kernel and an initrd, from Debian's packages;
booted  the same after a boot, as a snapshot;
gold    the product's .deb installed in it, as a snapshot: where every case begins.
"""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.bench import disks, hotplug
from tests.bench.hardware import Places, command
from tests.bench.vm import Machine

SNAPSHOT = "settled"
LOGS = Path(__file__).parents[2] / "build" / "bench" / "logs"
"""What failed machines leave, a directory each."""

_GUEST = Path(__file__).parent / "guest"
_HOUR_S = 3600.0
_KEPT = 3


def cache() -> Path:
    """Where images are kept on this machine."""
    if chosen := os.environ.get("KLYUCHAR_BENCH_CACHE"):
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "klyuchar-bench"


def guest() -> Path:
    """The directory of the guest's disk, kernel and initrd."""
    return _kept("guest", _guest_key(), _build_guest)


def booted() -> Path:
    """The directory of a booted guest's disk.qcow2 with its snapshot."""
    image = guest()
    return _kept("booted", _booted_key(), lambda made: _boot(made, image))


def gold(deb: Path, prepare: str = "") -> Path:
    """The same with a Debian package installed and a shell script ``prepare`` run after it.

    The script waits until the product has settled: the snapshot is taken when it ends.
    """
    image, start = guest(), booted()
    key = _digest(_booted_key().encode(), deb.read_bytes(), prepare.encode())
    return _kept("gold", key, lambda made: _install(made, image, start, deb, prepare))


@contextmanager
def machine(frozen: Path) -> Iterator[Machine]:
    """A running machine of its own, which goes on where the snapshot in ``frozen`` was taken."""
    with running_directory() as directory:
        disks.copy(Places(directory).disk, frozen / "disk.qcow2")
        with Machine(guest(), directory) as made:
            made.start(SNAPSHOT)
            yield made


@contextmanager
def running_directory() -> Iterator[Path]:
    """A directory for a running machine; those of processes that were killed are removed.

    Not under /tmp, which may be memory; with a short name, because of its sockets.
    """
    for left in Path("/var/tmp").glob("kl-bench-*-*"):
        if not Path("/proc", left.name.split("-")[2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"kl-bench-{os.getpid()}-", dir="/var/tmp") as made:
        yield Path(made)


def _build_guest(made: Path) -> None:
    with (made / "build.log").open("wb") as log:
        done = subprocess.run(
            ["sh", str(_GUEST / "build.sh"), str(made)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=900,
            check=False,
        )
    if done.returncode != 0:
        tail = (made / "build.log").read_text(errors="replace")[-4000:]
        raise RuntimeError(f"The guest could not be built:\n{tail}")


def _boot(made: Path, image: Path) -> None:
    disks.overlay(Places(made).disk, image / "disk.ext4")
    with _witnessed(image, made) as started:
        started.start()
        started.run("systemctl is-system-running --wait", timeout_s=120)
        started.wait_until("loginctl show-seat seat0 -p ActiveSession | grep =.")
        started.freeze(SNAPSHOT)


def _install(made: Path, image: Path, start: Path, deb: Path, prepare: str) -> None:
    disks.copy(Places(made).disk, start / "disk.qcow2")
    package = disks.ext4(made / "package.ext4", deb)
    with _witnessed(image, made) as started:
        started.start(SNAPSHOT)
        started.qmp.monitor(f"delvm {SNAPSHOT}")
        device = hotplug.attach_disk(started, package, "package")
        started.run(f"mount -o ro {device} /mnt")
        started.run(f"apt-get install -y --no-install-recommends /mnt/{deb.name}", timeout_s=300)
        started.run("umount /mnt")
        hotplug.detach_disk(started, "package")
        started.run(prepare or "true", timeout_s=300)
        started.run("sync")
        started.freeze(SNAPSHOT)
    package.unlink()


@contextmanager
def _witnessed(image: Path, made: Path) -> Iterator[Machine]:
    """A machine that leaves its logs when it fails to become an image."""
    with Machine(image, made) as started:
        try:
            yield started
        except AssertionError:
            started.save_logs(LOGS / made.name)
            raise


def _kept(kind: str, key: str, build: Callable[[Path], None]) -> Path:
    """The directory of this kind and key; built by one process while others wait."""
    place = cache() / f"{kind}-{key}"
    cache().mkdir(parents=True, exist_ok=True)
    with (cache() / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            _prune(kind)
            # In its place from the start: a snapshot's disk names the file it stands on.
            partial = cache() / f"partial-{kind}-{os.getpid()}"
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            build(partial)
            partial.rename(place)
        os.utime(place)
    return place


def _prune(kind: str) -> None:
    """Remove what other states of the repository left, unless it was used within the hour."""
    for left in cache().glob(f"partial-{kind}-*"):
        shutil.rmtree(left)
    kept = sorted(cache().glob(f"{kind}-*/"), key=lambda path: path.stat().st_mtime)
    for place in kept[:-_KEPT]:
        if place.stat().st_mtime < time.time() - _HOUR_S:
            shutil.rmtree(place)


@functools.cache
def _guest_key() -> str:
    files = sorted(path for path in _GUEST.rglob("*") if path.is_file())
    named = [f"{path.relative_to(_GUEST)}\n".encode() + path.read_bytes() for path in files]
    return _digest(_kernel().encode(), *named)


def _booted_key() -> str:
    hardware = " ".join(command(Places(Path("run")), Path("image"), None))
    return _digest(_guest_key().encode(), hardware.encode())


def _kernel() -> str:
    """Which kernel Debian has now, as far as this machine's apt knows."""
    done = subprocess.run(
        ["apt-cache", "show", "--no-all-versions", "linux-image-amd64"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return next((line for line in done.stdout.splitlines() if line.startswith("Depends:")), "")


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]
