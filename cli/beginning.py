"""How a foreground run begins: the ledger, at the very first start the demonstration, the agent."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from agent.settings import AgentSettings
from cli import demonstration
from cli.layout import Layout
from cli.programs import Programs
from cli.screen import Screen
from domain.errors import CouldNotAsk
from domain.text import Text

_STARTING_S = 15.0
_PAUSE_S = 0.02


class Beginning:
    """Each step in its order, until the person asks to stop."""

    def __init__(
        self,
        layout: Layout,
        programs: Programs,
        screen: Screen,
        environment: Mapping[str, str],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._layout = layout
        self._programs = programs
        self._screen = screen
        self._environment = environment
        self._is_stopping = is_stopping

    def run(self, settings: AgentSettings) -> None:
        """Raises CouldNotAsk where the ledger does not start or the demonstration can't be made."""
        steps: list[Callable[[], None]] = [
            self._start_ledger,
            self._found_demonstration,
            lambda: demonstration.connect(self._layout),
        ]
        if not settings.snapshot.exists():
            # What is plugged at the very first start shall not be judged by an unknown ledger.
            steps.append(self._fetch_snapshot)
        steps += [
            lambda: self._start("inventory", "agent.inventory"),
            lambda: self._programs.start("agent", "agent", str(self._layout.settings)),
        ]
        for step in steps:
            if self._is_stopping():
                return
            step()

    def _start_ledger(self) -> None:
        self._programs.start("ledger", "ledger", str(self._layout.settings))
        answered = self._wait(
            lambda: (
                demonstration.ledger_answers(self._layout.ledger)
                or self._programs.code("ledger") is not None
            )
        )
        if not answered or self._programs.code("ledger") is not None:
            raise CouldNotAsk(
                Text(
                    ru="Журнал учёта не запустился; причина — в строках выше.",
                    en="The ledger did not start; the lines above say why.",
                )
            )

    def _found_demonstration(self) -> None:
        if not demonstration.is_wanted(self._layout):
            return
        self._screen.say(
            Text(
                ru="Первый запуск: завожу показательную организацию с вымышленными людьми и "
                "носителями.",
                en="First start: making a demonstration organisation with fictitious people and "
                "carriers.",
            )
        )
        demonstration.found(self._layout, self._environment, self._is_stopping)

    def _fetch_snapshot(self) -> None:
        self._start("courier", "agent.courier")
        self._wait(lambda: self._programs.code("courier") is not None)

    def _start(self, name: str, module: str) -> None:
        self._programs.start(name, module, "--settings", str(self._layout.settings))

    def _wait(self, condition: Callable[[], bool]) -> bool:
        """Whether ``condition`` came true in time; True too where the person asks to stop."""
        deadline = time.monotonic() + _STARTING_S
        while not (condition() or self._is_stopping()):
            if time.monotonic() > deadline:
                return False
            time.sleep(_PAUSE_S)
        return True
