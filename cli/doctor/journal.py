"""The agent and what its journal says: does it run, is the chain whole, what comes and goes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from agent import VERSION
from cli.doctor.finding import Outcome, forbidden, found
from cli.doctor.workstation import Workstation
from cli.standing import Standing
from cli.wording import blindness, printable
from domain.events import Reenumerated, Started
from domain.names import named
from journal.decode import Record, decode
from journal.lock import is_locked
from journal.reader import read
from journal.verify import verify

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MANY_STARTS = 5
_MANY_FLAPS = 10
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


def running(workstation: Workstation) -> Iterator[Outcome]:
    """The agent runs, is the installed one, writes, and sees all it should."""
    directory = workstation.settings.agent.journal
    start = "make run" if workstation.is_demonstration else "systemctl start klyuchar-agent"
    try:
        runs = is_locked(directory)
        records = list(_records(directory))
    except PermissionError:
        yield forbidden(directory)
        return
    if not runs:
        yield found(
            "agent-not-running",
            ru="Агент не запущен: за носителями никто не наблюдает",
            en="The agent does not run: nobody watches carriers",
            mend=start,
        )
    yield from _starts(records)
    yield from _flaps(records)
    if runs:
        yield from _of_this_run(records)


def whole(workstation: Workstation) -> Iterator[Outcome]:
    """The chain holds from the first record to the last."""
    directory = workstation.settings.agent.journal
    try:
        breach = verify(directory, public_key=None).breach
    except PermissionError:
        yield forbidden(directory)
        return
    if breach is not None:
        place = f"{breach.file}:{breach.line}"
        yield found(
            "journal-broken",
            ru=f"Журнал рабочего места повреждён, {place} (запись {breach.seq}): {breach.what.ru}. "
            "Сохраните папку и сообщите ответственному пользователю",
            en=f"The workstation's journal is broken, {place} (record {breach.seq}): "
            f"{breach.what.en}. Keep a copy of the directory and tell the responsible user",
            mend=f"cp -a {directory} /root/ && klyuchar journal verify",
        )


def _records(directory: Path) -> Iterator[Record]:
    return (decode(line.raw) for line in read(directory))


def _of_this_run(records: list[Record]) -> Iterator[Outcome]:
    standing = Standing()
    for record in records:
        standing.fold(record)
    boot = _BOOT_ID.read_text().strip().replace("-", "")
    if standing.started is None or records[-1].boot != boot:
        yield found(
            "journal-not-growing",
            ru="Агент держит журнал открытым, но с включения компьютера ничего в него не записал",
            en="The agent has the journal open and wrote nothing since this machine was started",
            mend="systemctl restart klyuchar-agent",
        )
        return
    if standing.started.version != VERSION:
        yield found(
            "agent-other-version",
            ru=f"Работает агент версии {printable(standing.started.version)}, а установлена "
            f"{VERSION}",
            en=f"The agent that runs is {printable(standing.started.version)}, installed is "
            f"{VERSION}",
            mend="systemctl restart klyuchar-agent",
        )
    for what, reason in standing.blind.items():
        told = blindness(what, reason)
        yield found(
            "agent-blind",
            ru=printable(told.ru).rstrip("."),
            en=printable(told.en).rstrip("."),
            mend="journalctl -u klyuchar-agent -n 50",
        )


def _starts(records: list[Record]) -> Iterator[Outcome]:
    starts = _since(_HOUR, [one for one in records if isinstance(one.event, Started)])
    if len(starts) >= _MANY_STARTS:
        yield found(
            "agent-restarts-often",
            ru=f"За последний час агент запускался {len(starts)} раз: он падает или зависает",
            en=f"The agent was started {len(starts)} times within an hour: it crashes or hangs",
            mend="journalctl -u klyuchar-agent --since -1h",
        )


def _flaps(records: list[Record]) -> Iterator[Outcome]:
    again = [one for one in records if isinstance(one.event, Reenumerated)]
    counts = Counter(
        one.event.sighting.carrier
        for one in _since(_DAY, again)
        if isinstance(one.event, Reenumerated)
    )
    for carrier, count in counts.items():
        if count < _MANY_FLAPS:
            continue
        name = named(carrier)
        yield found(
            "carrier-flaps",
            ru=f"{printable(name.ru)}: за сутки переподключался {count} раз, хотя его не вынимали. "
            "Вставьте в другой порт без удлинителя и концентратора; не поможет — питание порта",
            en=f"{printable(name.en)} came back {count} times in a day without being pulled. Use "
            "another port, without a cable or hub; if that does not help, look at its power",
            mend="journalctl -k --since -1d | grep -i 'usb .*\\(reset\\|disconnect\\)'",
        )


def _since(span: timedelta, records: list[Record]) -> list[Record]:
    begin = (datetime.now(UTC) - span).isoformat()
    return [record for record in records if record.time >= begin]
