"""kill -9 of the ledger at random moments: what was acknowledged is there, once, in a whole chain.

KLYUCHAR_KILLS says how often.
"""

from __future__ import annotations

import random
import threading
import time

import httpx

from ledger.events import PersonRegistered, decode
from ledger.store import SqliteStore
from ledger.verify import verify
from tests.kills import KILLS
from tests.ledger.running import Running
from tests.waiting import wait_for


class _Officer(threading.Thread):
    """Registers people one by one; asks again under the same id until there is an answer."""

    def __init__(self, ledger: Running, name: str) -> None:
        super().__init__(daemon=True)
        self._ledger = ledger
        self._officer = name
        self.acknowledged: dict[str, int] = {}
        self.ending = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.ending.is_set():
            number += 1
            name = f"{self._officer}-{number}"
            while (answer := self._ask(name)) is None and not self.ending.is_set():
                time.sleep(0.01)
            if answer is not None:
                self.acknowledged[name] = answer

    def _ask(self, name: str) -> int | None:
        try:
            answer = self._ledger.command("register-person", name=name, id=name)
        except httpx.HTTPError:
            return None
        assert answer.status_code == 200, answer.text
        person: int = answer.json()["events"][0]["fact"]["person"]
        return person


def test_no_acknowledged_command_is_lost_and_none_is_doubled() -> None:
    chance = random.Random()
    with Running() as ledger:
        officers = [_Officer(ledger, name) for name in ("a", "b", "c")]
        for officer in officers:
            officer.start()
        for _ in range(KILLS):
            known = _acknowledged(officers)
            wait_for(lambda known=known: _acknowledged(officers) > known, 20, "an answer")
            # The moment of the kill is the chance that is being tested, not a wait for something.
            time.sleep(chance.uniform(0, 0.05))
            ledger.kill()
            ledger.start()
        for officer in officers:
            officer.ending.set()
        for officer in officers:
            officer.join(20)
        ledger.kill()
        _everything_is_there(ledger, officers)


def _acknowledged(officers: list[_Officer]) -> int:
    return sum(len(officer.acknowledged) for officer in officers)


def _everything_is_there(ledger: Running, officers: list[_Officer]) -> None:
    store = SqliteStore(ledger.database)
    lines = store.read(
        lambda reading: [line for (line,) in reading.each("SELECT line FROM events ORDER BY seq")]
    )
    store.close()
    assert verify(lines).broken is None
    facts = [event.fact for line in lines if (event := decode(line))]
    people = [fact for fact in facts if isinstance(fact, PersonRegistered)]
    recorded = {person.name: person.person for person in people}
    assert len(recorded) == len(people), "a command was done twice"
    for officer in officers:
        assert officer.acknowledged.items() <= recorded.items(), "an acknowledged one is lost"
    assert _acknowledged(officers) >= KILLS
