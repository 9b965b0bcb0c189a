"""The checks side by side, each with a deadline: one that hangs hides none of the others.

Each has a thread of its own. A thread that waits for a dead network disk can't be ended, so it is
left behind and ends with the process; what it was to look at is told as not seen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cli.doctor.finding import Outcome, unseen
from cli.doctor.workstation import Workstation
from domain.because import because
from domain.errors import KlyucharError
from domain.text import Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``name`` says what is looked at; ``look`` tells what is found, with no effect."""

    name: Text
    look: Callable[[Workstation], Iterator[Outcome]]


@dataclass(slots=True)
class _Run:
    """A check on its way: the outcomes so far, and whether it came to its end."""

    check: Check
    outcomes: list[Outcome] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def go(self, workstation: Workstation) -> None:
        """A check that breaks hides none of the others."""
        try:
            for outcome in self.check.look(workstation):
                self.outcomes.append(outcome)
        except KlyucharError as error:
            self._failed(error.text)
        except OSError as error:
            why = because(error)
            what = f"{error.filename}: " if error.filename else ""
            self._failed(Text(ru=what + why.ru, en=what + why.en))
        except Exception as error:
            told = f"{type(error).__name__}: {error}"
            self._failed(Text(ru=told, en=told))
        self.ended.set()

    def _failed(self, why: Text) -> None:
        name = self.check.name
        self.outcomes.append(unseen(f"{name.ru}: {why.ru}", f"{name.en}: {why.en}"))


def examine(workstation: Workstation, checks: tuple[Check, ...]) -> list[Outcome]:
    """What all the checks find, in their order."""
    runs = [_Run(check) for check in checks]
    for run in runs:
        threading.Thread(target=run.go, args=(workstation,), daemon=True).start()
    until = time.monotonic() + workstation.patience_s
    outcomes: list[Outcome] = []
    for run in runs:
        ended = run.ended.wait(max(0.0, until - time.monotonic()))
        outcomes += run.outcomes
        if not ended:
            outcomes.append(_late(run.check.name, workstation.patience_s))
    return outcomes


def _late(name: Text, patience_s: float) -> Outcome:
    return unseen(
        f"{name.ru}: за {patience_s:.0f} с не ответило",
        f"{name.en}: no answer within {patience_s:.0f} s",
    )
