"""The ledger's data on this machine: are they there, signed by the right key, and fresh."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from agent.snapshot import SnapshotFile, age_of, now_utc
from cli.dates import ago
from cli.doctor.finding import Outcome, forbidden, found
from cli.doctor.workstation import Workstation
from domain.errors import Wrong
from domain.snapshot import Mark

_FETCH = "systemctl start klyuchar-courier; journalctl -u klyuchar-courier -n 20"


def snapshot(workstation: Workstation) -> Iterator[Outcome]:
    """Nothing is said of a workstation that is not enrolled: that is another finding."""
    agent = workstation.settings.agent
    try:
        mark = _mark(agent.enrolment, agent.snapshot)
    except PermissionError as error:
        yield forbidden(error.filename or agent.state)
        return
    except FileNotFoundError:
        if agent.enrolment.exists():
            yield found(
                "snapshot-absent",
                ru="Сведения журнала учёта ещё не получены: все носители считаются неизвестными",
                en="No data of the ledger have come yet: every carrier counts as unknown",
                mend=_FETCH,
            )
        return
    except Wrong as error:
        yield found(
            "snapshot-unusable",
            ru=error.text.ru.rstrip("."),
            en=error.text.en.rstrip("."),
            mend=f"rm {agent.snapshot} {workstation.settings.courier.state}/tag; {_FETCH}",
        )
        return
    yield from _age(workstation, mark)


def _mark(enrolment: Path, path: Path) -> Mark:
    try:
        key = bytes.fromhex(json.loads(enrolment.read_bytes())["ledger_key"])
    except (KeyError, TypeError, ValueError):
        key = b""  # said by the check of the line
    opened = SnapshotFile.open(path, key)
    try:
        return opened.mark
    finally:
        opened.close()


def _age(workstation: Workstation, mark: Mark) -> Iterator[Outcome]:
    agent, age = workstation.settings.agent, age_of(mark, now_utc())
    told = ago(age)
    if age < 0:
        yield found(
            "snapshot-of-the-future",
            ru=f"Сведения журнала учёта составлены {mark.made_at}, {told.ru}: верить им нельзя. "
            "Неверны часы здесь или на компьютере журнала",
            en=f"The ledger's data were made at {mark.made_at}, {told.en}: they can't be trusted. "
            "The clock is wrong here or on the ledger's machine",
            mend="timedatectl set-ntp true; timedatectl status",
        )
    elif age > agent.snapshot_warn_s:
        denied = age > agent.snapshot_deny_s
        yield found(
            "snapshot-too-old" if denied else "snapshot-old",
            ru=f"Сведения журнала учёта составлены {told.ru}"
            + (": по ним уже ничего не разрешено" if denied else ""),
            en=f"The ledger's data were made {told.en}"
            + (": nothing is allowed by them any more" if denied else ""),
            mend=_FETCH,
        )
