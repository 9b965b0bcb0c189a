"""The one small interface of whatever sees carriers come and go.

A watch is a trigger only: it says that something changed and where. What is really there is told
by the slots, read again by a worker after every change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from domain.sighting import Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """A device that is a carrier or a reader by its ids came."""

    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Unplugged:
    """A device told as `Plugged` before is gone."""

    device: Device


@dataclass(frozen=True, slots=True, kw_only=True)
class Touched:
    """Something happened to a device that stays; ``reason`` is for an engineer."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """Changes were lost: look at everything again. ``reason`` is for an engineer."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remounted:
    """A disk came or went, or was mounted or unmounted: of no concern to tokens. ``reason`` is for
    an engineer."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Changes are not told any more; from now on they are looked for at every `Watch.check`.
    ``cause`` is a word that the command line explains."""

    cause: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaking:
    """Changes are told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A person asks to look at everything now, what was given up for a while too."""


Change = Asked | Plugged | Unplugged | Touched | Lost | Remounted | Silent | Speaking


class Watch(Protocol):
    """Something that can be waited for with poll(2)."""

    name: str
    """What is watched and how, for `status`."""

    def fileno(self) -> int:
        """Readable when `changes` has something to say."""

    def present(self) -> list[Device]:
        """What is plugged now: the cold plug, on the same road as everything after it."""

    def changes(self) -> list[Change]:
        """What changed since the last call, in order. Never blocks."""

    def check(self, now: float) -> list[Change]:
        """Now and then, at this monotonic time: whether what is there is what was told. Cheap
        where it is."""
