"""The settings of a workstation: the tables [agent] and [courier] of klyuchar.toml."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from domain.errors import Wrong
from domain.settings import Faults, fill, read, whole_number
from domain.text import Text

DEFAULT_PATH = "/etc/klyuchar/klyuchar.toml"
MOST_READER_POLL_S = 20
"""The agent tells systemd at each poll that it is alive; the unit allows twice this time."""
YEAR_S = 366 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """What the daemon needs.

    ``state`` holds journal, key, snapshot and the pinned key of the ledger; ``worker_socket`` is
    where driver workers are reached; ``inbox`` is the courier's, read by the agent. ``host`` names
    this workstation in records and ``domain`` the realm of domain logins (empty: none).
    ``seat_login`` is set where the machine has one known login and no login manager to ask.
    ``modules`` are paths of further PKCS#11 modules and ``modules_directory`` holds the drop-ins
    of `agent.modules`. ``storage_socket`` is where the worker for flash drives is reached (empty:
    nobody looks at them), ``container_directories`` where this machine's own key containers lie,
    in a folder for each user. ``demo_socket`` and ``demo_tokens`` belong to the demonstration and
    are empty in packaged configuration. Times are in seconds.
    """

    state: Path
    inbox: Path
    worker_socket: str
    host: str = ""
    domain: str = ""
    seat_login: str = ""
    modules: tuple[str, ...] = ()
    modules_directory: Path = Path("/etc/klyuchar/modules.d")
    storage_socket: str = "/run/klyuchar/storage.sock"
    container_directories: tuple[str, ...] = ("/var/opt/cprocsp/keys",)
    demo_socket: str = ""
    demo_tokens: str = ""
    module_deadline_s: int = whole_number(5, 1, 60)
    reenumeration_s: int = whole_number(3, 1, 60)
    reader_poll_s: int = whole_number(15, 1, MOST_READER_POLL_S)
    snapshot_warn_s: int = whole_number(24 * 3600, 60, YEAR_S)
    snapshot_deny_s: int = whole_number(7 * 24 * 3600, 60, YEAR_S)
    key_ending_days: int = whole_number(30, 0, 366)
    journal_max_mib: int = whole_number(512, 64, 1 << 20)
    journal_keep_days: int = whole_number(90, 0, 3660)

    @property
    def journal(self) -> Path:
        return self.state / "journal"

    @property
    def key(self) -> Path:
        return self.state / "key"

    @property
    def snapshot(self) -> Path:
        return self.state / "snapshot"

    @property
    def inventory(self) -> Path:
        """What the inventory service last found; the agent can't write there."""
        return self.state.parent / "inventory" / "inventory"

    @property
    def enrolment(self) -> Path:
        """The ledger's key as a person confirmed it: the courier can't write here."""
        return self.state / "enrolment.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class CourierSettings:
    """What the courier needs: ``ledger`` is "unix:/path", "http://127.0.0.1:port" or
    "https://host[:port]"; ``ca_file`` replaces the system's certificate authorities."""

    state: Path
    journal: Path
    ledger: str
    ca_file: str = ""

    @property
    def enrolment(self) -> Path:
        """The ledger's key and the courier's own token."""
        return self.state / "enrolment.json"

    @property
    def inbox(self) -> Path:
        return self.state / "inbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The workstation's part of klyuchar.toml."""

    agent: AgentSettings
    courier: CourierSettings


def load(path: str | Path) -> Settings:
    """The settings in ``path``. Raises Unfit, naming the file and what is wrong with it."""
    return read(path, _settings, Text(ru="Настройки", en="Settings"))


def _settings(document: dict[str, Any]) -> Settings:
    faults = Faults()
    with faults:
        agent = fill(AgentSettings, document.get("agent"), "[agent]", inbox=Path())
        _refuse_odd(agent.container_directories)
    with faults:
        courier = fill(CourierSettings, document.get("courier"), "[courier]", journal=Path())
    faults.tell()
    return Settings(
        agent=replace(
            agent, inbox=courier.inbox / "snapshot", host=agent.host or socket.gethostname()
        ),
        courier=replace(courier, journal=agent.journal),
    )


def _refuse_odd(directories: tuple[str, ...]) -> None:
    """They go to the worker in one word, parted by colons."""
    for directory in directories:
        if not directory.startswith("/") or ":" in directory:
            raise Wrong(
                Text(
                    ru=f"[agent] container_directories: «{directory}» — нужен путь от корня, без "
                    "двоеточий",
                    en=f'[agent] container_directories: "{directory}": a path from the root is '
                    "needed, without colons",
                )
            )
