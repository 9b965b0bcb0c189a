"""The verdicts that stand: one on each carrier that is here, by what the ledger says of it now."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from agent.books import Books
from agent.judging import judge_present, judge_unread
from agent.presence import Present
from agent.settings import AgentSettings
from domain.carrier import Carrier
from domain.errors import Wrong
from domain.events import Event, Judged
from domain.sighting import Unread


class Verdicts:
    """Judges by ``books`` and ``settings`` and remembers it. What a method returns is to be
    recorded, in order."""

    def __init__(self, books: Books, settings: AgentSettings) -> None:
        self.settings = settings
        self._books = books
        self._standing: dict[Carrier, Judged] = {}

    def on(self, present: Present) -> list[Event]:
        """The verdict on a carrier that came or changed."""
        judged, told = self._judged(present)
        self._standing[present.sighting.carrier] = judged
        return [*told, judged]

    def on_unread(self, unread: Unread, port: str) -> list[Event]:
        """The verdict on something that could not be identified, which does not stand."""
        return [judge_unread(unread, port, self._books.snapshot, self.settings)]

    def again(self, present: Mapping[Carrier, Present]) -> list[Event]:
        """A newer snapshot or a later hour may change a standing verdict: then it is told."""
        events: list[Event] = []
        for carrier, here in present.items():
            judged, told = self._judged(here)
            events += told
            before = self._standing.get(carrier)
            if before is None or before.verdict.findings != judged.verdict.findings:
                self._standing[carrier] = judged
                events.append(judged)
        return events

    def forget_absent(self, present: Collection[Carrier]) -> None:
        """Only what is here is judged: one that comes back is judged anew."""
        for carrier in [carrier for carrier in self._standing if carrier not in present]:
            del self._standing[carrier]

    def _judged(self, present: Present) -> tuple[Judged, list[Event]]:
        """The verdict; as without any snapshot where it tells of this carrier what can't be read,
        which is to be recorded first."""
        try:
            return judge_present(present, self._books.snapshot, self.settings), []
        except Wrong as error:
            told = self._books.unusable(error.text)
            return judge_present(present, None, self.settings), told
