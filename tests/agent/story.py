"""What a journal tells, folded as whoever reads it folds it: nothing may come or go twice."""

from __future__ import annotations

from collections.abc import Iterable

from domain.carrier import Carrier
from domain.events import (
    Appeared,
    Blind,
    Event,
    Identified,
    Judged,
    Missed,
    Pulled,
    Reenumerated,
    Seeing,
    Started,
    Unrecorded,
    Vanished,
)
from domain.sighting import Sighting
from journal.decode import Record


class Story:
    """Which carriers and devices are here by the events told so far; ``verdicts`` on carriers that
    are here. An event that can't follow those before it fails."""

    def __init__(self) -> None:
        self.here: dict[Carrier, Sighting] = {}
        self.away = set[Carrier]()
        self.plugged = set[str]()
        self.blind = set[str]()
        self.verdicts: dict[Carrier, str] = {}

    def tell(self, event: Event) -> None:
        match event:
            case Appeared() | Vanished():
                self._bus(event)
            case Identified(sighting=came) | Reenumerated(sighting=came):
                self._came(event, came)
            case Missed(carrier=gone):
                del self.here[gone]
                self.verdicts.pop(gone, None)
                self.away.add(gone)
            case Pulled(carrier=gone):
                self.away.remove(gone)
            case Judged(carrier=Carrier() as carrier, verdict=verdict):
                assert carrier in self.here
                self.verdicts[carrier] = verdict.level.value
            case Blind(what=what):
                assert what not in self.blind
                self.blind.add(what)
            case Seeing(what=what):
                self.blind.remove(what)
            case _:
                pass

    def _bus(self, event: Appeared | Vanished) -> None:
        if isinstance(event, Appeared):
            assert event.device.port not in self.plugged
            self.plugged.add(event.device.port)
        else:
            self.plugged.remove(event.device.port)

    def _came(self, event: Event, came: Sighting) -> None:
        """A coming; one of a carrier that is here says that something about it has changed."""
        if isinstance(event, Identified):
            assert came.carrier not in self.away
            assert self.here.get(came.carrier) != came
        else:
            # Away, or so quickly back that no look missed it.
            self.away.discard(came.carrier)
        self.here[came.carrier] = came


def told(records: Iterable[Record]) -> Story:
    """The story of these records since the agent's last start, after which all is looked at
    afresh; those before are held to the same."""
    story = Story()
    for record in records:
        assert record.event is not None, record
        story = Story() if isinstance(record.event, Started | Unrecorded) else story
        story.tell(record.event)
    return story
