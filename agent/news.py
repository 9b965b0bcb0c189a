"""What a change on the bus tells: the carriers' part of it is `agent.presence`'s."""

from __future__ import annotations

from agent.eyes import Eyes
from agent.presence import Presence
from domain.events import Blind, Event, Seeing
from drivers.watch import (
    Asked,
    Change,
    Lost,
    Plugged,
    Remounted,
    Silent,
    Speaking,
    Touched,
    Unplugged,
)

_UDEV = "udev"


def news(change: Change, presence: Presence, eyes: Eyes, now: float) -> list[Event]:
    """What is to be recorded of ``change``, now that ``presence`` and ``eyes`` know of it."""
    match change:
        case Plugged(device=device):
            return presence.plugged(device, now)
        case Unplugged(device=device):
            eyes.device_left(device.port, now)
            return presence.unplugged(device, now)
        case Asked():
            eyes.try_all(now)
            return []
        case Lost(reason=reason):
            # The watch looked afresh and tells every difference after this.
            return [Blind(what="bus", reason=reason), Seeing(what="bus")]
        case Silent(cause=cause, detail=detail):
            return presence.sight.lost(_UDEV, cause, detail)
        case Speaking():
            return presence.sight.back(_UDEV)
        case Touched() | Remounted():
            return []
