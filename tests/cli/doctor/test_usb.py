"""The USB bus as sysfs shows it: the kernel here has none, so its files are laid out by hand. Who
has a device open is asked of real processes."""

from __future__ import annotations

import sys

from tests.cli.doctor.ward import ROOT_ONLY, Ward

pytestmark = ROOT_ONLY

USB = "mount -t tmpfs tmpfs /sys/bus; mkdir -p /sys/bus/usb/devices; cd /sys/bus/usb/devices\n"
BACK = "\ncd - >/dev/null\n"
NODES = "mkdir -p /dev/bus; mount -t tmpfs tmpfs /dev/bus; mkdir -p /dev/bus/usb/001\n"


def device(name: str = "1-2", usb_id: str = "0a89:0030", **attributes: str) -> str:
    """A shell script that plugs a device and its smart card interface."""
    vendor, product = usb_id.split(":")
    told = {"idVendor": vendor, "idProduct": product, "busnum": "1", "devnum": "7"} | attributes
    interface = f"{name}:1.0"
    lines = [f"mkdir -p {name}/power {interface}; echo 0b >{interface}/bInterfaceClass"]
    lines += [f"echo {value} >{name}/{key.replace('__', '/')}" for key, value in told.items()]
    return "\n".join(lines) + "\n"


def test_a_token_in_order(ward: Ward) -> None:
    told = ward.doctor(USB + device(authorized="1", power__control="on") + BACK)
    assert not told.codes & {"usb-blocked", "usb-autosuspend", "reader-held", "reader-limit"}


def test_one_that_usbguard_blocks(ward: Ward) -> None:
    told = ward.doctor(USB + device(authorized="0") + BACK).what("usb-blocked")
    assert "Rutoken ECP (0a89:0030, USB 1-2)" in told
    assert "usbguard allow-device -p 'id 0a89:0030'" in told


def test_what_is_no_carrier_may_be_blocked(ward: Ward) -> None:
    told = ward.doctor(USB + device(usb_id="046d:c31c", authorized="0") + BACK)
    assert "usb-blocked" not in told.codes


def test_one_that_the_kernel_may_suspend(ward: Ward) -> None:
    told = ward.doctor(USB + device(power__control="auto") + BACK)
    assert "echo on > /sys/bus/usb/devices/1-2/power/control" in told.what("usb-autosuspend")


def test_more_readers_than_pcscd_shows(ward: Ward) -> None:
    sixteen = "".join(device(f"1-{number}") for number in range(1, 17))
    assert "reader-limit" not in ward.doctor(USB + sixteen + BACK).codes
    told = ward.doctor(USB + sixteen + device("1-17") + BACK).what("reader-limit")
    assert "17, а pcscd показывает не больше 16" in told


def test_one_that_another_program_has_open(ward: Ward) -> None:
    holding = f"exec {sys.executable} -c 'import sys, time; sys.stdin.read(0); time.sleep(60)'"
    nodes = NODES + "touch /dev/bus/usb/001/007\n"
    opened = f"({holding}) 3</dev/bus/usb/001/007 >/dev/null 2>&1 &\n"
    told = ward.doctor(USB + device() + BACK + nodes + opened).what("reader-held")
    assert "занят программой python" in told
    assert "kill " in told
    assert "reader-held" not in ward.doctor(USB + device() + BACK + nodes).codes


def test_one_that_only_the_general_module_reads(ward: Ward) -> None:
    assert "librtpkcs11ecp" in ward.doctor(USB + device() + BACK).what("module-general-only")


def test_one_that_no_module_reads(ward: Ward) -> None:
    libraries = "/usr/lib/x86_64-linux-gnu"
    without = (
        "mount -t tmpfs tmpfs /mnt; mkdir /mnt/upper /mnt/work\n"
        f"mount -t overlay -o lowerdir={libraries},upperdir=/mnt/upper,workdir=/mnt/work "
        f"overlay {libraries}\nrm {libraries}/opensc-pkcs11.so\n"
    )
    told = ward.doctor(USB + device(usb_id="24dc:0101") + BACK + without).what("module-missing")
    assert "Вставлен JaCarta" in told
    assert "jacartauc" in told
