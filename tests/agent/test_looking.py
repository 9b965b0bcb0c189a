"""When slots are looked at where nothing tells of news."""

from __future__ import annotations

from typing import cast

import pytest

from agent import looking
from agent.eyes import Eyes
from agent.looking import Looking
from agent.presence import Presence
from domain.carrier import Maker
from domain.sighting import Device


class Listener:
    """Whether somebody listens for pcscd."""

    def __init__(self) -> None:
        self.listens = True
        self._before: bool | None = None

    def changed(self) -> bool:
        before, self._before = self._before, self.listens
        return before != self.listens


class Counted(list[object]):
    """Eyes that count how often they are made to look."""

    looks = 0

    def look(self, now: float, *, pcscd: bool) -> None:
        assert pcscd
        self.looks += 1

    def on_tick(self, now: float, *, pcscd: bool) -> list[object]:
        return []


def test_a_stop_soon_after_a_start_is_looked_into(monkeypatch: pytest.MonkeyPatch) -> None:
    listener, eyes = Listener(), Counted()
    monkeypatch.setattr(looking, "PcscdSocket", lambda: listener)
    presence = Presence(reenumeration_s=3)
    presence.plugged(
        Device(port="1-1", usb_id="0a89:0030", maker=Maker.RUTOKEN, model="Rutoken ECP"), 0
    )
    looks = Looking(cast(Eyes, eyes), presence, retry_s=1000)
    listener.listens = False
    looks.on_tick(20)
    listener.listens = True
    looks.looked(30)  # another look saw its carriers in between
    listener.listens = False
    before = eyes.looks
    looks.on_tick(40)
    assert eyes.looks > before
    before = eyes.looks
    looks.on_tick(60)
    assert eyes.looks == before, "nothing changed since"
