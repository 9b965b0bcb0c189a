"""The composition root of the daemon: `python -m agent SETTINGS`.

Exit codes: 0 asked to stop; 75 starting again may help; 78 a person has to mend something first.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from agent import VERSION
from agent.loop import Agent
from agent.modules import gather
from agent.settings import DEFAULT_PATH, AgentSettings, load
from domain.errors import CouldNotAsk, KlyucharError, Wrong
from domain.text import Text
from drivers.disks import DiskWatch
from drivers.eye import Eye
from drivers.udev import UdevWatch
from drivers.watch import Watch
from journal.signing import load_or_create
from journal.writer import Journal

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def main() -> int:
    """Run the agent until it is asked to stop; the exit code, whose reason is said on stderr."""
    try:
        _compose(sys.argv[1] if len(sys.argv) > 1 else DEFAULT_PATH).run(VERSION)
    except KlyucharError as error:
        print(f"{error.text.ru}\n{error.text.en}", file=sys.stderr)
        return os.EX_CONFIG if isinstance(error, Wrong) else os.EX_TEMPFAIL
    return 0


def _compose(path: str) -> Agent:
    settings = load(path).agent
    journal = Journal.open(
        settings.journal, host=settings.host, boot=_BOOT_ID.read_text().strip().replace("-", "")
    )
    _make_room_for_cursors(settings.state / "cursors")
    modules = gather(settings.modules, settings.modules_directory)
    agent = Agent(
        settings,
        journal,
        load_or_create(settings.key),
        _watches(settings),
        [
            Eye(
                module,
                settings.worker_socket,
                deadline_s=module.deadline_s or settings.module_deadline_s,
            )
            for module in modules.all
        ],
        read_settings=lambda: load(path).agent,
        amiss=modules.amiss(),
    )
    gc.collect()
    gc.freeze()
    return agent


def _make_room_for_cursors(directory: Path) -> None:
    try:
        directory.mkdir(mode=0o750, exist_ok=True)
    except OSError as error:
        raise CouldNotAsk(
            Text(
                ru=f"Не удалось создать каталог {directory}: {error.strerror}. Проверьте место на "
                "диске и права.",
                en=f"Could not make the directory {directory}: {error.strerror}. Check disk space "
                "and permissions.",
            )
        ) from error


def _watches(settings: AgentSettings) -> list[Watch]:
    watches: list[Watch] = [UdevWatch()]
    if settings.storage_socket:
        watches.append(DiskWatch())
    if runtime := os.environ.get("RUNTIME_DIRECTORY"):
        from drivers.rescan import NAME, RescanWatch

        watches.append(RescanWatch(os.path.join(runtime, NAME)))
    if settings.demo_socket:
        from drivers.demo import DemoWatch

        watches.append(DemoWatch(settings.demo_socket, Path(settings.demo_tokens)))
    return watches


if __name__ == "__main__":
    sys.exit(main())
