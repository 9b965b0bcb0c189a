"""Everything a rule may look at. What is not here does not exist for a rule."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from domain.accounting import CarrierEntry, KeyDocument, Standing
from domain.sighting import Sighting, Unread
from domain.snapshot import Mark
from policies.key_end import KeyEnd, key_ends


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """Who sits at the workstation: ``login`` is empty where that can't be told.

    ``marks`` are the login's pseudonyms, comparable with `KeyDocument.logins`; several where the
    machine can't tell whether the login is its own or its domain's. ``remote`` are the logins that
    are in from elsewhere while nobody is in front of the screen.
    """

    login: str
    marks: tuple[str, ...]
    remote: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether there is anything to compare a holder with."""
        return bool(self.login and self.marks)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerView:
    """What the last verified snapshot says of the carrier that was seen.

    ``age`` is in seconds, negative where this machine's clock is behind the ledger's.
    ``namesakes`` have the same serial and another maker or model.
    """

    mark: Mark
    age: int
    entry: CarrierEntry | None
    namesakes: tuple[CarrierEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The organisation's own limits (not law): a snapshot's age in seconds, days to a key's end."""

    snapshot_warn_s: int = 24 * 3600
    snapshot_deny_s: int = 7 * 24 * 3600
    key_ending_days: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What is judged.

    ``duplicates`` counts further slots of the same module that show the same identity; ``ledger``
    is None where this workstation has no snapshot; ``now`` is aware and in UTC. ``keys`` is
    worked out from the rest, once, for several rules: empty where the carrier is not on the books.
    """

    seen: Sighting | Unread
    duplicates: int
    ledger: LedgerView | None
    host: str
    seat: Seat
    now: datetime
    limits: Limits = field(default_factory=Limits)
    keys: tuple[KeyEnd, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        certificates = self.sighting.certificates if self.sighting else ()
        known = self.entry is not None
        object.__setattr__(self, "keys", key_ends(self.documents, certificates) if known else ())

    @property
    def sighting(self) -> Sighting | None:
        """The carrier as it was seen, None where it could not be identified."""
        return self.seen if isinstance(self.seen, Sighting) else None

    @property
    def entry(self) -> CarrierEntry | None:
        """The ledger's entry of exactly this carrier: maker, model and serial are the same."""
        for one in self._found:
            if self._is_seen(one):
                return one
        return None

    @property
    def namesakes(self) -> tuple[CarrierEntry, ...]:
        """Entries of other carriers that merely have the same serial."""
        serial = self.sighting.carrier.serial if self.sighting else None
        return tuple(
            one for one in self._found if one.carrier.serial == serial and not self._is_seen(one)
        )

    @property
    def documents(self) -> tuple[KeyDocument, ...]:
        """Every key document ever written to this carrier, in the order of the books."""
        return self.entry.documents if self.entry else ()

    def standing(self, *standings: Standing) -> tuple[KeyDocument, ...]:
        """This carrier's documents in one of these standings, in an order of their own."""
        chosen = [one for one in self.documents if one.standing in standings]
        return tuple(sorted(chosen, key=lambda document: document.number))

    @property
    def _found(self) -> tuple[CarrierEntry, ...]:
        if self.ledger is None:
            return ()
        first = (self.ledger.entry,) if self.ledger.entry else ()
        return first + self.ledger.namesakes

    def _is_seen(self, entry: CarrierEntry) -> bool:
        return self.sighting is not None and entry.carrier == self.sighting.carrier
