"""Settings read again while the agent runs: what takes effect at once, and what a restart takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, replace

from agent.settings import AgentSettings
from domain.errors import Wrong
from domain.events import Event, Reconfigured, Setting, SettingsRefused

FIXED = frozenset(
    {
        "state",
        "inbox",
        "worker_socket",
        "host",
        "modules",
        "storage_socket",
        "container_directories",
        "modules_directory",
        "demo_socket",
        "demo_tokens",
    }
)
"""Settings that files, sockets and workers hang on: they stay until the agent starts again."""


def told(settings: AgentSettings) -> tuple[Setting, ...]:
    """All settings as the journal tells them."""
    return tuple(
        Setting(name=each.name, value=_spelled(getattr(settings, each.name)))
        for each in fields(settings)
    )


def reread(old: AgentSettings, new: AgentSettings) -> tuple[AgentSettings, Reconfigured]:
    """The settings that are in force when ``new`` were read in place of ``old``, and the event."""
    changed = [each for each in told(new) if each not in told(old)]
    kept = {name: getattr(old, name) for name in FIXED}
    return replace(new, **kept), Reconfigured(
        changed=tuple(each for each in changed if each.name not in FIXED),
        waiting=tuple(each.name for each in changed if each.name in FIXED),
    )


def reread_by(old: AgentSettings, read: Callable[[], AgentSettings]) -> tuple[AgentSettings, Event]:
    """As `reread` of what ``read`` gives; where that is wrong, nothing changes but the record."""
    try:
        return reread(old, read())
    except Wrong as error:
        return old, SettingsRefused(reason=error.text.ru)


def _spelled(value: object) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
