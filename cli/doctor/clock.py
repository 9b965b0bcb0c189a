"""The clock: what it says decides whether a key's period has ended (clause 4.2)."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cli.doctor.finding import Outcome, forbidden, found, unseen
from cli.doctor.workstation import Workstation
from domain.loopback import is_this_machine
from journal.decode import decode
from journal.reader import read
from journal.segments import first_seq, segments

_TIMEX_BYTES = 208
_TIME_ERROR = 5
"""adjtimex(2): the clock is not synchronised."""
_JITTER = timedelta(seconds=5)


def synchronised(workstation: Workstation) -> Iterator[Outcome]:
    """The kernel calls the clock synchronised; beside the ledger itself no other clock counts."""
    if _is_beside(workstation.settings.courier.ledger):
        return
    # All zero: nothing is set, so nobody's rights are needed.
    state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    if state < 0:
        yield unseen("adjtimex: ядро не отвечает", "adjtimex: the kernel does not answer")
    if state == _TIME_ERROR:
        yield found(
            "clock-not-synchronised",
            ru="Часы ни с чем не сверяются: по ним определяется, не истёк ли срок ключа",
            en="The clock is not synchronised: it decides whether a key's period has ended",
            mend="apt install systemd-timesyncd && timedatectl set-ntp true",
        )


def forward(workstation: Workstation) -> Iterator[Outcome]:
    """The last record is not later than now."""
    directory = workstation.settings.agent.journal
    try:
        paths = segments(directory)
        last = ""
        for line in read(directory, first_seq(paths[-1]) - 1) if paths else ():
            last = decode(line.raw).time
    except PermissionError:
        yield forbidden(directory)
        return
    if last and (ahead := datetime.fromisoformat(last) - datetime.now(UTC)) > _JITTER:
        yield found(
            "clock-set-back",
            ru=f"Часы переведены назад: последняя запись журнала сделана {last}, это позже, чем "
            f"сейчас, на {_spelled(ahead)}",
            en=f"The clock was set back: the journal's last record is of {last}, which is "
            f"{_spelled(ahead)} later than now",
            mend="timedatectl set-ntp true",
        )


def _is_beside(ledger: str) -> bool:
    """Whether the ledger goes by the clock of this machine."""
    try:
        return ledger.startswith("unix:") or is_this_machine(urlsplit(ledger).hostname or "")
    except ValueError:
        return False


def _spelled(span: timedelta) -> str:
    return str(timedelta(seconds=round(span.total_seconds())))
