"""Who is told, one connection each: every word goes to those alone who may hear it now.

A broadcast on the system bus would reach everybody on the machine. Whether a subscriber may hear is
asked of polkit before each word, for who sits here changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from agent.dbus.interface import telling
from agent.dbus.polkit import WATCH, Grant, Polkit
from agent.dbus.tidings import Tidings, Word
from agent.dbus.wire import Bus, BusLost
from domain.text import Text

MOST = 64
MOST_UNTOLD = 256
"""Words kept for one subscriber while polkit thinks; who misses more is told all that stands."""

_SILENT = Text(
    ru="polkit не отвечает: кому можно рассказывать о носителях, узнать нельзя. Проверьте: "
    "systemctl status polkit.",
    en="polkit does not answer: who may be told of carriers can't be asked. Check: systemctl "
    "status polkit.",
)


@dataclass(slots=True)
class _Subscriber:
    """``untold`` waits for polkit's answer; None: all that stands is to be told."""

    untold: list[Word] | None = field(default_factory=list)
    is_asked: bool = False


class Subscribers:
    """The connections that asked to be told."""

    def __init__(self, bus: Bus, polkit: Polkit, tidings: Tidings) -> None:
        self._bus = bus
        self._polkit = polkit
        self._tidings = tidings
        self._by_name: dict[str, _Subscriber] = {}

    def __len__(self) -> int:
        return len(self._by_name)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def add(self, name: str) -> None:
        """Tell ``name``, who was just granted it, what stands, and from now on what comes."""
        self._by_name[name] = _Subscriber()
        self._tell(name, self._standing())

    def remove(self, name: str) -> None:
        """Tell ``name`` no more."""
        self._by_name.pop(name, None)

    def tell(self, words: Iterable[Word]) -> None:
        """Tell everybody who may hear."""
        words = list(words)
        for name, subscriber in list(self._by_name.items()):
            if subscriber.untold is not None:
                subscriber.untold += words
                if len(subscriber.untold) > MOST_UNTOLD:
                    subscriber.untold = None
            if words and not subscriber.is_asked:
                self._ask(name, subscriber)

    def _ask(self, name: str, subscriber: _Subscriber) -> None:
        subscriber.is_asked = True
        self._polkit.ask(name, WATCH, self._with_answer(name, subscriber))

    def _with_answer(self, name: str, subscriber: _Subscriber) -> Callable[[Grant], None]:
        def then(grant: Grant) -> None:
            subscriber.is_asked = False
            if self._by_name.get(name) is not subscriber:
                return
            if grant is Grant.SILENT:
                # The bus or polkit hangs: the next connection tells all that stands.
                raise BusLost(_SILENT)
            if grant is Grant.NO:
                subscriber.untold = None
                return
            untold, subscriber.untold = subscriber.untold, []
            self._tell(name, self._standing() if untold is None else untold)

        return then

    def _standing(self) -> list[Word]:
        return sorted(self._tidings.standing.values(), key=lambda word: word.record)

    def _tell(self, name: str, words: list[Word]) -> None:
        for word in words:
            self._bus.send(telling(word, name))
