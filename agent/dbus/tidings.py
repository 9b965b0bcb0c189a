"""What the journal has to tell people now: a verdict on each thing that is here, and its going.

Folded from raw records, for a reader that lives long and shall be small (`journal.decode` brings
msgspec). No names of people are in it: reasons hold account numbers at most.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from domain.carrier import Carrier, Maker
from domain.names import named
from domain.text import Text
from domain.verdict import Level
from journal.record import Line

_INTERESTING = frozenset(
    {"Started", "Identified", "Judged", "Pulled", "Vanished", "Blind", "Seeing"}
)
_EVENT = b'"event":"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """A word on one thing: ``key`` stays the same for as long as it is here, ``record`` is the
    journal's number of what is told. ``verdict`` is empty where it is gone."""

    record: int
    key: str
    verdict: dict[str, str]


@dataclass(slots=True)
class Tidings:
    """``standing`` are the last verdicts on what is here, by key; ``blind`` what can't be seen.

    After a start of the agent all is looked at afresh: ``unconfirmed`` was here before it and was
    not judged again yet.
    """

    version: str = ""
    standing: dict[str, Word] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)
    unconfirmed: set[str] = field(default_factory=set)

    @property
    def level(self) -> str:
        """The gravest level of what is here, empty where nothing is."""
        levels = [Level(word.verdict["level"]) for word in self.standing.values()]
        return max(levels, key=lambda level: level.gravity).value if levels else ""

    def fold(self, line: Line) -> list[Word]:
        """Take one more line into account; the words it gives rise to."""
        if _name(line.raw) not in _INTERESTING:
            return []
        record = json.loads(line.raw)
        name, body = record["event"], record["body"]
        match name:
            case "Judged":
                return [self._judged(line.seq, body)]
            case "Pulled":
                return self._gone(line.seq, _carrier(body["carrier"]).key())
            case "Vanished":
                return self._gone(line.seq, _place(body["device"]["port"]))
            case "Identified":
                return self._gone(line.seq, _place(body["port"]), _place(""))
            case "Started":
                self.version, self.blind = body["version"], {}
                self.unconfirmed = set(self.standing)
            case "Blind":
                self.blind[body["what"]] = body["reason"]
            case "Seeing":
                self.blind.pop(body["what"], None)
        return []

    def give_up_unconfirmed(self) -> list[Word]:
        """What was here before the agent's start and did not show itself since is gone."""
        record = max((word.record for word in self.standing.values()), default=0)
        return self._gone(record, *sorted(self.unconfirmed))

    def _judged(self, seq: int, body: dict[str, Any]) -> Word:
        carrier = _carrier(body["carrier"]) if body["carrier"] else None
        key = carrier.key() if carrier else _place(body["port"])
        word = Word(record=seq, key=key, verdict=_verdict(carrier, body["verdict"]["findings"][0]))
        self.standing[key] = word
        self.unconfirmed.discard(key)
        return word

    def _gone(self, seq: int, *keys: str) -> list[Word]:
        gone = [key for key in keys if self.standing.pop(key, None)]
        self.unconfirmed.difference_update(keys)
        return [Word(record=seq, key=key, verdict={}) for key in gone]


def _verdict(carrier: Carrier | None, finding: dict[str, Any]) -> dict[str, str]:
    """The deciding finding in plain strings; what is unknown of the carrier is empty."""
    name = named(carrier) if carrier else Text(ru="", en="")
    return {
        "level": finding["level"],
        "rule": finding["rule"],
        "clause": finding["clause"],
        "reason_ru": finding["reason"]["ru"],
        "reason_en": finding["reason"]["en"],
        "advice_ru": finding["advice"]["ru"],
        "advice_en": finding["advice"]["en"],
        "carrier_ru": name.ru,
        "carrier_en": name.en,
        "maker": carrier.maker.value if carrier else "",
        "model": carrier.model if carrier else "",
        "serial": carrier.spelled() if carrier else "",
    }


def _carrier(body: dict[str, str]) -> Carrier:
    return Carrier(maker=Maker(body["maker"]), model=body["model"], serial=body["serial"])


def _place(port: str) -> str:
    """The key of something that could not be identified."""
    return f"at:{port}"


def _name(raw: bytes) -> str:
    """The event's name without parsing the line: the members behind the body can't be imitated."""
    at = raw.rfind(_EVENT) + len(_EVENT)
    return raw[at : raw.find(b'"', at)].decode("ascii", "replace")
