"""The codec of USB redirection, by its properties."""

from __future__ import annotations

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.emulator.ports.redir_packets import (
    LAYOUTS,
    LONGEST,
    Decoder,
    NotUsbRedir,
    Packet,
    Type,
    hello,
)

_VALUES = {"B": 1, "H": 2, "I": 4}


@st.composite
def packets(draw: st.DrawFn) -> Packet:
    """Any packet after the greeting."""
    kind = draw(st.sampled_from([kind for kind in Type if kind is not Type.HELLO]))
    layout = LAYOUTS.get(kind)
    fields = (
        layout.unpack(draw(st.binary(min_size=layout.size, max_size=layout.size))) if layout else ()
    )
    number = draw(st.integers(0, 2**64 - 1))
    return Packet(type=kind, id=number, fields=fields, data=draw(st.binary(max_size=600)))


@given(st.lists(packets(), max_size=5), st.data())
def test_packets_survive_any_cut_of_the_stream(sent: list[Packet], data: st.DataObject) -> None:
    stream = hello() + b"".join(packet.encode() for packet in sent)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(stream)), max_size=8)))
    decoder = Decoder()
    received: list[Packet] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += decoder.feed(stream[start:end])
    assert received[0].type == Type.HELLO
    assert received[1:] == sent


@given(st.binary(max_size=400))
def test_nonsense_is_refused_or_waited_for_but_never_a_surprise(noise: bytes) -> None:
    decoder = Decoder()
    decoder.feed(hello())
    with contextlib.suppress(NotUsbRedir):
        decoder.feed(noise)


def test_a_packet_too_long_is_refused_before_it_is_collected() -> None:
    decoder = Decoder()
    decoder.feed(hello())
    with pytest.raises(NotUsbRedir, match="bytes"):
        decoder.feed(struct.pack("<IIQ", Type.BULK, LONGEST + 1, 1))
