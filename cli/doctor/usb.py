"""What stands on the USB bus, and who has it: what no module can tell."""

from __future__ import annotations

from collections.abc import Iterator

from cli.doctor.finding import Outcome, found, unseen
from cli.doctor.workstation import USB, Plugged, Workstation
from cli.wording import printable
from drivers.holders import Way, holders

_MOST_READERS = 16
"""PCSCLITE_MAX_READERS_CONTEXTS: pcscd shows no more."""
_SMART_CARD = "0b"


def authorised(workstation: Workstation) -> Iterator[Outcome]:
    """Nobody (USBGuard, mostly) keeps a carrier switched off."""
    for one in workstation.plugged:
        if one.attribute("authorized") == "0":
            usb_id = one.device.usb_id
            yield found(
                "usb-blocked",
                ru=f"{_told(one)} отключён от системы (authorized=0): его не пускает USBGuard или "
                "правило udev",
                en=f"{_told(one)} is switched off (authorized=0) by USBGuard or a rule of udev",
                mend=f"usbguard allow-device -p 'id {usb_id}' || "
                f"echo 1 > {one.directory}/authorized",
            )


def power(workstation: Workstation) -> Iterator[Outcome]:
    """Which carriers the kernel may put to sleep: some don't wake, and look as if pulled."""
    for one in workstation.plugged:
        if one.attribute("power/control") == "auto":
            yield found(
                "usb-autosuspend",
                ru=f"{_told(one)}: ядро может усыплять его (autosuspend); если носитель пропадает "
                "сам, запретите это",
                en=f"{_told(one)}: the kernel may suspend it (autosuspend); forbid that where the "
                "carrier goes missing by itself",
                mend=f"echo on > {one.directory}/power/control",
            )


def limit(workstation: Workstation) -> Iterator[Outcome]:
    """There are no more readers than pcscd serves."""
    del workstation
    classes = (_class(directory) for directory in USB.glob("*:*"))
    readers = sum(1 for one in classes if one == _SMART_CARD)
    if readers > _MOST_READERS:
        yield found(
            "reader-limit",
            ru=f"Считывателей и носителей {readers}, а pcscd показывает не больше {_MOST_READERS}: "
            "остальных не видно",
            en=f"There are {readers} readers and carriers and pcscd shows {_MOST_READERS} at most: "
            "the others are not seen",
            mend="lsusb -t",
        )


def held(workstation: Workstation) -> Iterator[Outcome]:
    """No other program has a carrier's device open, which shuts pcscd out."""
    nodes = {one.node: one for one in workstation.plugged}
    if not nodes:
        return
    seen = holders()
    for holder in seen.found:
        if holder.way is Way.USB and holder.what in nodes:
            who = printable(f"{holder.name} (pid {holder.pid}, {holder.user})")
            it = _told(nodes[holder.what])
            yield found(
                "reader-held",
                ru=f"{it} занят программой {who}: пока она работает, его никто не прочитает",
                en=f"{it} is held by {who}: nobody else reads it meanwhile",
                mend=f"kill {holder.pid}  # или закройте {printable(holder.name)}",
            )
    if seen.unseen:
        yield unseen(
            f"какие программы держат считыватель: в {seen.unseen} чужих процессов не заглянуть, "
            "повторите от root",
            f"which programs hold a reader: {seen.unseen} processes of others could not be looked "
            "into, repeat as root",
        )


def _class(interface: object) -> str:
    try:
        with open(f"{interface}/bInterfaceClass", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return ""


def _told(one: Plugged) -> str:
    return f"{one.device.model} ({one.device.usb_id}, USB {one.device.port})"
