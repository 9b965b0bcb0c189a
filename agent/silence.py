"""Why a carrier that is plugged in shows itself to no module, as far as that is known. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from agent.sight import PCSCD, Sight
from domain.events import Event, Unreadable
from domain.sighting import Device, Obstacle
from drivers.catalogue import READ_BY_OPENSC, Module, own_modules

E = TypeVar("E", bound=Event)


def explained(event: E, modules: Sequence[Module], sight: Sight) -> E:
    """The event; with its cause, where it tells of a device that is silent for something other
    than itself."""
    if not isinstance(event, Unreadable):
        return event
    device = event.device
    if event.unread.obstacle is not Obstacle.NO_TOKEN_APPEARED or device is None:
        return event
    obstacle, detail = _cause(device, modules, sight)
    unread = replace(event.unread, obstacle=obstacle, detail=detail or event.unread.detail)
    return replace(event, unread=unread)


def _cause(device: Device, modules: Sequence[Module], sight: Sight) -> tuple[Obstacle, str]:
    if cause := sight.cause(PCSCD):
        return Obstacle(cause), ""
    own = [module.name for module in modules if module.maker is device.maker]
    known = own_modules(device.maker)
    if known and not own and not _read_by_another(device, modules):
        return Obstacle.MODULE_ABSENT, ", ".join(module.package for module in known)
    blind = {name: sight.cause(name) for name in own}
    if own and all(blind.values()):
        return Obstacle.MODULE_NOT_ASKED, "; ".join(f"{n}: {why}" for n, why in blind.items())
    return Obstacle.NO_TOKEN_APPEARED, ""


def _read_by_another(device: Device, modules: Sequence[Module]) -> bool:
    return device.usb_id in READ_BY_OPENSC and any(module.general for module in modules)
