"""Emulated devices by hand: make a token or a disk image, plug it in until Ctrl-C."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from .cards.rutoken import RutokenCard
from .desk.desk import ToolFailed
from .devices.flash import FlashDrive
from .devices.tokens import CardReader, RutokenEcp
from .devices.usb import Device
from .images import with_containers
from .ports.port import Port, PortError
from .ports.usbredir import UsbRedir
from .ports.vhci import Vhci
from .provision import provisioned


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; 1 where it failed, with the reason on standard error."""
    chosen = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], None] = chosen.run
    try:
        run(chosen)
    except (PortError, ToolFailed, OSError, ValueError) as error:
        print(f"emulator: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.emulator", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    provision = commands.add_parser("provision", help="make a token ready for use; needs no USB")
    provision.add_argument("state", type=Path, help="the file to write the token's memory to")
    provision.add_argument("--serial", required=True, help="eight hexadecimal digits")
    provision.add_argument("--label", default="Ivanov")
    provision.add_argument("--key", action="store_true", help="generate an RSA key pair on it")
    provision.add_argument("--certificate", type=Path, action="append", default=[], help="DER")
    provision.set_defaults(run=_provision)

    image = commands.add_parser("image", help="make a flash drive's image with key containers")
    image.add_argument("image", type=Path)
    image.add_argument("container", nargs="*", help="such as ivanov00")
    image.set_defaults(run=_image)

    token = commands.add_parser("token", help="plug in a Rutoken ECP")
    token.add_argument("state", type=Path, help="its memory: read, and written back at the end")
    token.set_defaults(run=_token)

    reader = commands.add_parser("reader", help="plug in a reader; Enter moves the card in and out")
    reader.add_argument("state", type=Path, help="the card's memory")
    reader.set_defaults(run=_reader)

    flash = commands.add_parser("flash", help="plug in a flash drive")
    flash.add_argument("image", type=Path, help="its content: read, and written back at the end")
    flash.add_argument("--serial", required=True)
    flash.set_defaults(run=_flash)

    for plugging in (token, reader, flash):
        where = plugging.add_mutually_exclusive_group(required=True)
        where.add_argument("--vhci", action="store_true", help="this machine's vhci-hcd, as root")
        where.add_argument("--usbredir", type=Path, help="the socket of a QEMU usb-redir device")
    return parser


def _provision(chosen: argparse.Namespace) -> None:
    certificates = [path.read_bytes() for path in chosen.certificate]
    card = provisioned(chosen.serial, label=chosen.label, key=chosen.key, certificates=certificates)
    card.save(chosen.state)


def _image(chosen: argparse.Namespace) -> None:
    chosen.image.write_bytes(with_containers(chosen.container))


def _token(chosen: argparse.Namespace) -> None:
    card = RutokenCard.load(chosen.state)
    _plug(chosen, RutokenEcp(card), signal.pause)
    card.save(chosen.state)


def _reader(chosen: argparse.Namespace) -> None:
    card, reader = RutokenCard.load(chosen.state), CardReader()

    def push_and_pop() -> None:
        while True:
            input("The reader is empty. Enter pushes the card in.")
            reader.push(card)
            input("The card is in. Enter pulls it out.")
            reader.pop()

    _plug(chosen, reader, push_and_pop)
    card.save(chosen.state)


def _flash(chosen: argparse.Namespace) -> None:
    drive = FlashDrive(chosen.image.read_bytes(), serial=chosen.serial)
    _plug(chosen, drive, signal.pause)
    chosen.image.write_bytes(drive.content)


def _plug(chosen: argparse.Namespace, device: Device, wait: Callable[[], None]) -> None:
    port: Port = Vhci() if chosen.vhci else UsbRedir(chosen.usbredir)
    # Whoever starts this in the background, where Ctrl-C is ignored, can still end it in order.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt, EOFError), port.plugged(device):
        print(f"{device.identity.name} is plugged in. Ctrl-C pulls it.", flush=True)
        wait()


if __name__ == "__main__":
    sys.exit(main())
