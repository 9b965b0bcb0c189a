"""One device behind one usb-redir device of QEMU: bytes in, bytes out. No socket here."""

from __future__ import annotations

import itertools
import struct
from collections import deque

from ..devices.usb import IN, Device, Request, Setup, Speed
from .redir_packets import Decoder, NotUsbRedir, Packet, Status, Type, hello
from .transfers import Completion, Result, Transfer, Transfers

_SPEEDS = {Speed.FULL: 1, Speed.HIGH: 2}
_STATUSES = {
    Result.DONE: Status.SUCCESS,
    Result.CANCELLED: Status.CANCELLED,
    Result.STALLED: Status.STALL,
    Result.BABBLED: Status.BABBLE,
}
_NO_ENDPOINT, _CONTROL = 255, 0
_ENDPOINTS = 32
_LONGEST_NOTICE = 64


class RedirWire:
    """The host end. What it sends at first waits in `outgoing`; the rest answers `receive`."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._transfers = Transfers(device)
        self._decoder = Decoder()
        self._outgoing: deque[bytes] = deque([hello()])
        self._interrupts: dict[int, int] = {}
        """Endpoints the guest listens to, with the id of our transfer that waits there."""
        # Ids below zero are ours: the guest asked for a stream, not for a transfer.
        self._ours = itertools.count(-1, -1)
        self._notices = itertools.count()

    def receive(self, untrusted_data: bytes) -> None:
        """Bytes from the guest; raises `NotUsbRedir`."""
        for packet in self._decoder.feed(untrusted_data):
            self._handle(packet)

    def outgoing(self) -> bytes:
        """Everything to be sent now."""
        # What ends may start anew, and may end again at once.
        while ended := list(self._transfers.completions()):
            for completion in ended:
                self._complete(completion)
        waiting, self._outgoing = self._outgoing, deque()
        return b"".join(waiting)

    def reenumerate(self) -> None:
        """Take the device off the bus and put it back at once, as its own firmware can."""
        self._send(Type.DEVICE_DISCONNECT)
        self._reset()
        self._announce()

    def _send(self, kind: Type, *fields: int | bytes, to: int = 0, data: bytes = b"") -> None:
        self._outgoing.append(Packet(type=kind, id=to, fields=fields, data=data).encode())

    def _announce(self) -> None:
        who = self._device.identity
        self._describe()
        speed = _SPEEDS[self._device.speed]
        self._send(Type.DEVICE_CONNECT, speed, 0, 0, 0, who.vendor, who.product, who.release)

    def _describe(self) -> None:
        """The interface and the endpoints; the guest's end keeps no descriptors of its own."""
        face = self._device.interface
        columns = (bytes([number]) for number in (0, *face.kind))
        self._send(Type.INTERFACE_INFO, 1, *columns)
        kinds = bytearray([_NO_ENDPOINT] * _ENDPOINTS)
        intervals, packets = bytearray(_ENDPOINTS), [0] * _ENDPOINTS
        for address in (0, IN):
            kinds[_place(address)], packets[_place(address)] = _CONTROL, 64
        for end in face.endpoints:
            place = _place(end.address)
            kinds[place], intervals[place], packets[place] = end.kind, end.interval, end.packet
        sizes = struct.pack(f"<{_ENDPOINTS}H", *packets)
        self._send(Type.EP_INFO, bytes(kinds), bytes(intervals), bytes(_ENDPOINTS), sizes)

    def _handle(self, packet: Packet) -> None:
        match packet.type:
            case Type.HELLO:
                self._announce()
            case Type.RESET:
                self._reset()
            case Type.SET_CONFIGURATION:
                self._set_configuration(packet)
            case Type.GET_CONFIGURATION:
                self._tell_configuration(packet)
            case Type.SET_ALT_SETTING | Type.GET_ALT_SETTING:
                self._tell_alt_setting(packet)
            case Type.START_INTERRUPT_RECEIVING:
                self._listen(packet)
            case Type.STOP_INTERRUPT_RECEIVING:
                self._stop_listening(packet)
            case Type.CANCEL_DATA:
                self._transfers.cancel(packet.id)
            case Type.CONTROL | Type.BULK:
                self._transfers.start(_transfer(packet))
            case _:
                raise NotUsbRedir(f"the guest sent a packet of type {packet.type}")

    def _reset(self) -> None:
        self._transfers.forget()
        self._interrupts.clear()
        self._device.reset()

    def _set_configuration(self, packet: Packet) -> None:
        (value,) = packet.fields
        self._device.control(_set_configuration(value))
        self._describe()
        self._tell_configuration(packet)

    def _tell_configuration(self, packet: Packet) -> None:
        configuration = self._device.configuration
        self._send(Type.CONFIGURATION_STATUS, Status.SUCCESS, configuration, to=packet.id)

    def _tell_alt_setting(self, packet: Packet) -> None:
        """There is one setting of one interface; the answer to both questions is: that one."""
        status = Status.SUCCESS if not any(packet.fields) else Status.INVALID
        self._send(Type.ALT_SETTING_STATUS, status, packet.fields[0], 0, to=packet.id)

    def _listen(self, packet: Packet) -> None:
        (endpoint,) = packet.fields
        if endpoint not in self._interrupts:
            self._await_interrupt(endpoint)
        self._send(Type.INTERRUPT_RECEIVING_STATUS, Status.SUCCESS, endpoint, to=packet.id)

    def _stop_listening(self, packet: Packet) -> None:
        (endpoint,) = packet.fields
        if (transfer := self._interrupts.pop(endpoint, None)) is not None:
            self._transfers.cancel(transfer)
        self._send(Type.INTERRUPT_RECEIVING_STATUS, Status.SUCCESS, endpoint, to=packet.id)

    def _await_interrupt(self, endpoint: int) -> None:
        number = self._interrupts[endpoint] = next(self._ours)
        self._transfers.start(Transfer(id=number, endpoint=endpoint, length=_LONGEST_NOTICE))

    def _complete(self, ended: Completion) -> None:
        if ended.transfer.id < 0:
            self._pass_interrupt(ended)
        elif ended.transfer.setup is not None:
            self._answer_control(ended, ended.transfer.setup)
        else:
            self._answer_bulk(ended)

    def _pass_interrupt(self, ended: Completion) -> None:
        endpoint = ended.transfer.endpoint
        if ended.result is Result.CANCELLED:
            return
        fields = (endpoint, _STATUSES[ended.result], len(ended.data))
        self._send(Type.INTERRUPT, *fields, to=next(self._notices), data=ended.data)
        if ended.result is Result.DONE:
            self._await_interrupt(endpoint)

    def _answer_control(self, ended: Completion, setup: Setup) -> None:
        moved = len(ended.data) if setup.kind & IN else len(ended.transfer.data)
        head = (ended.transfer.endpoint, setup.request, setup.kind, _STATUSES[ended.result])
        fields = (*head, setup.value, setup.index, moved)
        self._send(Type.CONTROL, *fields, to=ended.transfer.id, data=ended.data)

    def _answer_bulk(self, ended: Completion) -> None:
        moved = len(ended.data or ended.transfer.data)
        head = (ended.transfer.endpoint, _STATUSES[ended.result])
        fields = (*head, moved & 0xFFFF, 0, moved >> 16)
        self._send(Type.BULK, *fields, to=ended.transfer.id, data=ended.data)


def _place(address: int) -> int:
    """Where an endpoint stands in the tables: 16 OUT ones, then 16 IN ones."""
    return (address & IN) >> 3 | address & 0x0F


def _set_configuration(value: int) -> Setup:
    return Setup(kind=0, request=Request.SET_CONFIGURATION, value=value, index=0, length=0)


def _transfer(packet: Packet) -> Transfer:
    if packet.type == Type.BULK:
        endpoint, _, low, _, high = packet.fields
        return Transfer(id=packet.id, endpoint=endpoint, data=packet.data, length=low | high << 16)
    endpoint, request, kind, _, value, index, length = packet.fields
    setup = Setup(kind=kind, request=request, value=value, index=index, length=length)
    return Transfer(id=packet.id, endpoint=endpoint, setup=setup, data=packet.data, length=length)
