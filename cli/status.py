"""`klyuchar status`: how this workstation is, told from its journal, snapshot and cursors alone.

Nothing is asked of the agent: what it wrote is what it knows.
"""

from __future__ import annotations

import argparse
import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from domain.errors import Wrong

if TYPE_CHECKING:
    from pathlib import Path

    from agent.settings import Settings
    from cli.standing import Standing
    from domain.carrier import Carrier
    from domain.events import Judged

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: Commands) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("status", help="состояние рабочего места (workstation's state)")
    parser.add_argument("--json", action="store_true", help="для программ (for programs)")
    parser.set_defaults(run=_run)


def _run(args: argparse.Namespace) -> int:
    from agent.settings import load
    from cli.status_words import told
    from cli.terminal import out

    report = gather(load(args.settings))
    if args.json:
        print(json.dumps(report, ensure_ascii=False, indent=2))
    else:
        for line in told(report, args.language):
            out(line, indent="    ")
    return 0 if report["agent"]["running"] else 1


def gather(settings: Settings) -> dict[str, Any]:
    """Everything `status` knows, as JSON."""
    from journal.reader import Cursor
    from journal.writer import is_locked

    standing = _standing(settings.agent.journal)
    acknowledged = Cursor(settings.courier.state / "acknowledged").value
    started = standing.started
    return {
        "agent": {
            "running": is_locked(settings.agent.journal),
            "version": started.version if started else "",
            "since": standing.since,
        },
        "watching": list(started.watching) if started else [],
        "modules": list(started.modules) if started else [],
        "polling": {"cards_in_readers_every_s": settings.agent.reader_poll_s},
        "blind": standing.blind,
        "settings": {"refused": standing.refused, "waiting": list(standing.waiting)},
        "noticed": [
            {"what": one.what, "reason": f"{one.finding}: {one.detail}"} for one in standing.noticed
        ],
        "carriers": [_carrier(*pair) for pair in standing.carriers.items()],
        "unidentified": [_at_port(*pair) for pair in standing.unread.items()],
        "snapshot": _snapshot(settings),
        "inventory": _inventory(settings.agent.inventory),
        "journal": {
            "records": standing.seq,
            "not_shipped": standing.seq - acknowledged,
            "unrecorded": standing.unrecorded,
            "bytes": _size(settings.agent.journal),
            "most_bytes": settings.agent.journal_max_mib << 20,
            "room_bytes": _room(settings.agent.journal),
        },
    }


def _standing(journal: Path) -> Standing:
    """The journal folded; nothing where the agent was never started."""
    from cli.standing import Standing
    from journal.decode import decode
    from journal.reader import read

    standing = Standing()
    with suppress(FileNotFoundError):
        for line in read(journal):
            standing.fold(decode(line.raw))
    return standing


def _size(journal: Path) -> int:
    from journal.retention import size_of

    return size_of(journal)


def _room(journal: Path) -> int | None:
    """Bytes the agent may still write there; None where that can't be told."""
    try:
        disk = os.statvfs(journal)
    except OSError:
        return None
    return disk.f_bavail * disk.f_frsize


def _carrier(carrier: Carrier, judged: Judged | None) -> dict[str, Any]:
    from domain.names import named

    name = named(carrier)
    return {
        "name": {"ru": name.ru, "en": name.en},
        "maker": carrier.maker.value,
        "model": carrier.model,
        "serial": carrier.spelled(),
    } | _verdict(judged)


def _at_port(port: str, judged: Judged | None) -> dict[str, Any]:
    return {"port": port} | _verdict(judged)


def _verdict(judged: Judged | None) -> dict[str, Any]:
    if judged is None:
        return {}
    deciding = judged.verdict.deciding
    return {
        "verdict": deciding.level.value,
        "rule": deciding.rule,
        "clause": deciding.clause,
        "reason": {"ru": deciding.reason.ru, "en": deciding.reason.en},
    }


def _inventory(path: Path) -> dict[str, Any] | None:
    """What the inventory service found and how long ago; None where it never ran."""
    import time

    from agent.stock import read
    from domain.canonical import plain

    try:
        age_s = int(time.time() - path.stat().st_mtime)
        return {"age_s": age_s, **plain(read(path))}
    except FileNotFoundError:
        return None
    except ValueError:
        return {"damaged": True}


def _snapshot(settings: Settings) -> dict[str, Any] | None:
    """What the agent's own copy says of itself; `policy explain` verifies it, this does not."""
    from agent.snapshot import age_of, now_utc
    from domain.snapshot import read_header

    try:
        descriptor = os.open(settings.agent.snapshot, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        header = read_header(lambda offset, size: os.pread(descriptor, size, offset))
    except (Wrong, ValueError):
        return {"damaged": True}
    finally:
        os.close(descriptor)
    return {
        "version": header.mark.version,
        "made_at": header.mark.made_at,
        "age_s": age_of(header.mark, now_utc()),
        "entries": header.entries,
    }
