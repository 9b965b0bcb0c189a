"""The eye on storage, and which of what it sees is this program's business.

A flash drive is a carrier when key containers are seen on it or when the ledger knows it; the same
holds for the workstation's own disk. Everybody else's photographs leave no record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from agent.settings import AgentSettings
from domain.carrier import Carrier
from domain.sighting import Sighting
from drivers.catalogue import storage
from drivers.eye import Eye, Look

EVERY_S = 900.0
"""How often storage is looked at without a cause, in seconds: nothing tells of a container that is
written to a drive that stays mounted."""

_MOST_REMEMBERED = 64


class StorageEye(Eye):
    """The eye on flash drives and on the workstation's own containers.

    ``is_registered`` says whether the ledger has anything of a carrier's serial.
    """

    def __init__(self, settings: AgentSettings, is_registered: Callable[[Carrier], bool]) -> None:
        super().__init__(
            storage(settings.container_directories),
            settings.storage_socket,
            deadline_s=settings.module_deadline_s,
        )
        self._is_registered = is_registered
        self._remembered: dict[Carrier, Sighting] = {}
        self._look_at = 0.0

    def is_due(self, now: float) -> bool:
        """Whether nobody has looked for long."""
        return self._look_at <= now

    def look(self, now: float, *, pcscd: bool = False) -> None:
        """Ask for the names to be read; pcscd has nothing to do with it."""
        del pcscd
        self._look_at = now + EVERY_S
        super().look(now)

    def on_readable(self, now: float) -> Look | None:
        """As of any eye, without what is nobody's business."""
        look = super().on_readable(now)
        return None if look is None else self._concerning(look)

    def on_deadline(self, now: float) -> Look | None:
        """As of any eye, without what is nobody's business."""
        look = super().on_deadline(now)
        return None if look is None else self._concerning(look)

    def _concerning(self, look: Look) -> Look:
        known = (self._as_last_seen(sighting) for sighting in look.sightings)
        kept = tuple(sighting for sighting in known if self._concerns(sighting))
        for sighting in kept:
            self._remember(sighting)
        return replace(look, sightings=kept)

    def _as_last_seen(self, sighting: Sighting) -> Sighting:
        """What is on a drive that is not mounted, or hangs, is what was on it before."""
        before = self._remembered.get(sighting.carrier)
        if before is None or sighting.objects >= 0:
            return sighting
        return replace(before, slot=sighting.slot)

    def _concerns(self, sighting: Sighting) -> bool:
        known = sighting.containers or sighting.carrier in self._remembered
        return bool(known) or self._is_registered(sighting.carrier)

    def _remember(self, sighting: Sighting) -> None:
        self._remembered.pop(sighting.carrier, None)
        self._remembered[sighting.carrier] = sighting
        while len(self._remembered) > _MOST_REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
