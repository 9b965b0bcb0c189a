"""The host's end of USB redirection, against a guest's end of another hand."""

from __future__ import annotations

import struct
import threading
from pathlib import Path

import pytest

from tests.bench.emulator.cards.rutoken import ATR, RutokenCard
from tests.bench.emulator.devices.flash import FlashDrive
from tests.bench.emulator.devices.tokens import CardReader, RutokenEcp
from tests.bench.emulator.ports.port import PortError
from tests.bench.emulator.ports.redir_packets import NotUsbRedir
from tests.bench.emulator.ports.usbredir import UsbRedir
from tests.bench.emulator.tests import ccid_host as ccid
from tests.bench.emulator.tests import guest as redir
from tests.bench.emulator.tests.guest import Guest
from tests.waiting import wait_for

SERIAL = "3a1b2c4d"
GET_SERIAL = bytes.fromhex("00CA018100")


def token() -> RutokenEcp:
    return RutokenEcp(RutokenCard(SERIAL))


def power_on(guest: Guest) -> bytes:
    assert guest.write(ccid.OUT, ccid.message(ccid.POWER_ON)) == redir.SUCCESS
    return guest.read(ccid.IN)


def test_a_token_is_announced_as_what_it_is(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        (interfaces, endpoints, connect) = guest.accept()
        assert connect == (redir.CONNECT, struct.pack("<BBBBHHH", 1, 0, 0, 0, 0x0A89, 0x30, 0x100))
        assert interfaces[0] == redir.INTERFACES
        count, number, kind = struct.unpack_from("<I32s32s", interfaces[1])
        assert (count, number[0], kind[0]) == (1, 0, 0x0B)
        assert endpoints[0] == redir.ENDPOINTS
        kinds, _, _, sizes = struct.unpack("<32s32s32s64s", endpoints[1])
        assert {place: kind for place, kind in enumerate(kinds) if kind != 255} == {
            0: 0,
            16: 0,
            2: 2,
            18: 2,
        }
        assert struct.unpack("<32H", sizes)[18] == 64


def test_its_descriptors_are_read_and_it_is_configured(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        guest.accept()
        status, device = guest.control(0x80, 6, 0x0100, 0, 64)
        assert (status, len(device), device[8:14]) == (
            redir.SUCCESS,
            18,
            bytes.fromhex("890a30000001"),
        )
        _, head = guest.control(0x80, 6, 0x0200, 0, 9)
        total = int.from_bytes(head[2:4], "little")
        _, whole = guest.control(0x80, 6, 0x0200, 0, 512)
        assert len(head) == 9
        assert len(whole) == total == 9 + 9 + 54 + 7 + 7
        _, name = guest.control(0x80, 6, 0x0302, 0x0409, 255)
        assert name[2:].decode("utf-16-le") == "Rutoken ECP"
        assert device[16] == 0
        assert guest.control(0x80, 6, 0x0303, 0x0409, 255) == (redir.STALL, b"")
        guest.configure()
        port.wait_configured(5)


def test_a_serial_in_the_descriptors_is_chosen(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(RutokenEcp(RutokenCard(SERIAL), usb_serial="АБВ-1")):
        guest.accept()
        _, device = guest.control(0x80, 6, 0x0100, 0, 18)
        _, text = guest.control(0x80, 6, 0x0300 | device[16], 0x0409, 255)
        assert text[2:].decode("utf-16-le") == "АБВ-1"


def test_a_card_is_spoken_to(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        guest.accept()
        guest.configure()
        assert power_on(guest)[10:] == ATR
        asked = guest.ask(ccid.IN)
        guest.write(ccid.OUT, ccid.message(ccid.EXCHANGE, GET_SERIAL, 7)[:12])
        guest.write(ccid.OUT, ccid.message(ccid.EXCHANGE, GET_SERIAL, 7)[12:])
        status, answer = guest.result(asked)
        assert (status, answer[6]) == (redir.SUCCESS, 7)
        assert answer[10:].hex() == SERIAL + "9000"


def test_long_transfers_go_both_ways(guest: Guest, port: UsbRedir) -> None:
    text = bytes(range(256)) * 300
    blocks = len(text) // 512
    with port.plugged(FlashDrive(bytes(200 * 512), serial="1")):
        guest.accept()
        for opcode, flags in ((0x2A, 0x00), (0x28, 0x80)):
            block = struct.pack(">BxIxH", opcode, 0, blocks).ljust(16, b"\0")
            head = struct.pack("<4sIIBBB", b"USBC", 1, len(text), flags, 0, 10)
            assert guest.write(0x02, head + block) == redir.SUCCESS
            if flags:
                assert guest.read(0x81, len(text)) == text
            else:
                assert guest.write(0x02, text) == redir.SUCCESS
            assert guest.read(0x81, 13)[12] == 0


def test_a_transfer_that_waits_can_be_cancelled(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        guest.accept()
        asked = guest.ask(ccid.IN)
        guest.send(redir.CANCEL, number=asked)
        assert guest.result(asked) == (redir.CANCELLED, b"")
        assert power_on(guest)[10:] == ATR


def test_a_token_that_stalls_leaves_the_host_waiting_till_it_is_pulled(
    guest: Guest, port: UsbRedir
) -> None:
    device = token()
    device.stall_after(1)
    with port.plugged(device):
        guest.accept()
        power_on(guest)
        guest.write(ccid.OUT, ccid.message(ccid.EXCHANGE, GET_SERIAL))
        assert guest.read(ccid.IN)[10:].hex() == SERIAL + "9000"
        assert not device.stalled
        asked = guest.ask(ccid.IN)
        guest.write(ccid.OUT, ccid.message(ccid.EXCHANGE, GET_SERIAL))
        wait_for(lambda: device.stalled, what="the token stalls")
        guest.write(ccid.OUT, ccid.message(ccid.SLOT_STATUS))
        # Its control endpoint goes on, and no answer came before this one.
        assert guest.control(0x80, 6, 0x0100, 0, 18)[0] == redir.SUCCESS
        guest.send(redir.CANCEL, number=asked)
        assert guest.result(asked) == (redir.CANCELLED, b"")
    device.stall_after(None)
    with port.plugged(device):
        guest.accept()
        assert power_on(guest)[10:] == ATR


def test_a_reset_drops_what_was_asked_and_the_device_lives(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        guest.accept()
        guest.configure()
        power_on(guest)
        guest.ask(ccid.IN)
        guest.send(redir.RESET)
        guest.write(ccid.OUT, ccid.message(ccid.SLOT_STATUS, sequence=3))
        answer = guest.read(ccid.IN)
        assert (answer[6], ccid.status(answer)) == (3, ccid.INACTIVE)
        assert guest.control(0x80, 8, 0, 0, 1) == (redir.SUCCESS, b"\0")
        guest.configure()
        assert power_on(guest)[10:] == ATR


def test_a_device_can_leave_the_bus_and_return_by_itself(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        guest.accept()
        guest.configure()
        port.wait_configured(5)
        port.reenumerate()
        told = [guest.packet()[0] for _ in range(4)]
        assert told == [redir.DISCONNECT, redir.INTERFACES, redir.ENDPOINTS, redir.CONNECT]
        with pytest.raises(PortError, match="not configured"):
            port.wait_configured(0.01)
        guest.configure()
        port.wait_configured(5)


def test_a_reader_tells_of_a_card_pushed_in_and_pulled(guest: Guest, port: UsbRedir) -> None:
    reader = CardReader()
    with port.plugged(reader):
        guest.accept()
        guest.configure()
        asked = guest.send(redir.START_INTERRUPTS, bytes([ccid.NOTICES]))
        assert guest.answer(redir.INTERRUPTS_STATUS, asked) == bytes([0, ccid.NOTICES])
        guest.write(ccid.OUT, ccid.message(ccid.POWER_ON))
        assert ccid.status(guest.read(ccid.IN)) == ccid.FAILED | ccid.EMPTY
        reader.push(RutokenCard(SERIAL))
        assert guest.packet()[::2] == (redir.INTERRUPT, bytes([0x81, 0, 2, 0, 0x50, 0x03]))
        assert power_on(guest)[10:] == ATR
        reader.pop()
        assert guest.packet()[::2] == (redir.INTERRUPT, bytes([0x81, 0, 2, 0, 0x50, 0x02]))
        guest.write(ccid.OUT, ccid.message(ccid.SLOT_STATUS))
        assert ccid.status(guest.read(ccid.IN)) == ccid.EMPTY


def test_no_notice_waits_for_other_traffic(guest: Guest, port: UsbRedir) -> None:
    reader = CardReader()
    with port.plugged(reader):
        guest.accept()
        for _ in range(5):
            reader.push(RutokenCard(SERIAL))
            reader.pop()
        asked = guest.send(redir.START_INTERRUPTS, bytes([ccid.NOTICES]))
        guest.answer(redir.INTERRUPTS_STATUS, asked)
        told = [guest.packet()[2][-1] for _ in range(10)]
        assert told == [0x03, 0x02] * 5


def test_an_interrupt_endpoint_that_is_not_there_is_refused_once(
    guest: Guest, port: UsbRedir
) -> None:
    with port.plugged(token()):
        guest.accept()
        asked = guest.send(redir.START_INTERRUPTS, bytes([ccid.NOTICES]))
        guest.answer(redir.INTERRUPTS_STATUS, asked)
        assert guest.packet()[2][:2] == bytes([ccid.NOTICES, redir.STALL])
        assert guest.control(0x80, 8, 0, 0, 1) == (redir.SUCCESS, b"\0")


def test_pulling_hangs_up_and_the_port_is_free(guest: Guest, port: UsbRedir) -> None:
    for _ in range(3):
        with port.plugged(token()):
            guest.accept()
            with pytest.raises(PortError, match="already"):
                port.plug(token())
        assert guest.hung_up()
        assert not [t for t in threading.enumerate() if t.name == "Rutoken ECP"]
    with pytest.raises(PortError, match="nothing is plugged in"):
        port.pull()


def test_a_machine_that_dies_is_no_failure_of_the_device(guest: Guest, port: UsbRedir) -> None:
    with port.plugged(token()):
        guest.accept()
        guest.ask(ccid.IN)
        guest.die()
        with pytest.raises(PortError, match="hung up"):
            port.wait_configured(0.5)


def test_a_guest_that_speaks_something_else_is_told_of_at_the_pull(
    guest: Guest, port: UsbRedir
) -> None:
    port.plug(token())
    guest.accept()
    guest.send(42)
    assert guest.hung_up()
    with pytest.raises(NotUsbRedir, match="type 42"):
        port.pull()


def test_a_guest_too_old_is_refused(rd: Path) -> None:
    port = UsbRedir(rd)
    with Guest(rd, capabilities=0b11010111) as guest:
        port.plug(token())
        with pytest.raises(AssertionError, match="hung up"):
            guest.accept()
        with pytest.raises(NotUsbRedir, match="WIDE_IDS"):
            port.pull()


def test_without_a_machine_plugging_fails(rd: Path) -> None:
    with pytest.raises(PortError, match="no machine listens"):
        UsbRedir(rd).plug(token())
