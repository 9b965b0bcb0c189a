"""The machine that QEMU emulates. A snapshot fits only the machine it was taken from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# Ports of the one USB bus: these wait for a redirected device each, the others are free.
REDIRECTED = 4
FREE_PORTS = (5, 6, 7, 8)

# Every option saves seconds of an emulated boot; none changes what the product sees.
_KERNEL_OPTIONS = (
    "root=/dev/vda console=ttyS0 quiet panic=-1 8250.nr_uarts=1 mitigations=off nokaslr "
    "tsc=reliable random.trust_cpu=on cryptomgr.notests systemd.show_status=0"
)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a running machine's files and sockets are: all in one directory with a short name."""

    directory: Path

    @property
    def disk(self) -> Path:
        return self.directory / "disk.qcow2"

    @property
    def control(self) -> Path:
        return self.directory / "qmp"

    @property
    def commands(self) -> Path:
        return self.directory / "cmd"

    @property
    def console(self) -> Path:
        return self.directory / "console.log"

    @property
    def usb(self) -> tuple[Path, ...]:
        return tuple(self.directory / f"rd{number}" for number in range(REDIRECTED))


def command(places: Places, image: Path, snapshot: str | None) -> list[str]:
    """QEMU's command line; ``setpriv`` has the kernel end it when its parent thread ends.

    Emulation is asked for by name: a /dev/kvm that opens need not work, and hangs when it
    doesn't. ``cache=unsafe`` keeps what the guest flushed in the host's memory and in no need of
    the host's disk. That is honest for a power cut of the guest, for which QEMU is killed and the
    host lives on: flushed data is there, what the guest kept in its own memory is lost.
    """
    qemu = (
        "qemu-system-x86_64 -accel tcg,thread=multi,tb-size=256 -cpu Nehalem -smp 2 -m 1024 "
        "-machine q35 -nodefaults -no-user-config -display none -nic none -no-reboot"
    )
    return [
        *("setpriv", "--pdeathsig", "KILL", *qemu.split()),
        *("-kernel", str(image / "vmlinux"), "-initrd", str(image / "initrd")),
        *("-append", _KERNEL_OPTIONS),
        *("-qmp", f"unix:{places.control},server=on,wait=off"),
        *("-chardev", f"file,id=console,path={places.console},append=on"),
        *("-serial", "chardev:console"),
        *("-drive", f"if=none,id=root,format=qcow2,cache=unsafe,file={places.disk}"),
        *("-device", "virtio-blk-pci,addr=0x4,drive=root"),
        *("-device", "virtio-scsi-pci,addr=0x5,id=scsi"),
        # Two machines from one snapshot must not draw the same random numbers.
        *("-device", "vmgenid,guid=auto"),
        *("-chardev", f"socket,id=commands,path={places.commands},server=on,wait=off"),
        *("-device", "virtio-serial-pci,addr=0x6"),
        *("-device", "virtserialport,chardev=commands,name=klyuchar.bench"),
        *("-device", "qemu-xhci,addr=0x3,id=xhci,p2=8,p3=8"),
        *_redirections(places.usb),
        *(("-loadvm", snapshot) if snapshot else ()),
    ]


def _redirections(sockets: Sequence[Path]) -> list[str]:
    arguments: list[str] = []
    for number, path in enumerate(sockets):
        arguments += ["-chardev", f"socket,id=rd{number},path={path},server=on,wait=off"]
        arguments += ["-device", f"usb-redir,chardev=rd{number},bus=xhci.0,port={number + 1}"]
    return arguments
