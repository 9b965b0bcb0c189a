"""What `klyuchar doctor` may find: every kind with its gravity and its clause, as one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from domain.text import Text


class Gravity(StrEnum):
    """How bad it is. A ``FAULT`` keeps something from working or from being safe, a ``WARNING``
    will or may; a ``NOTE`` is worth knowing and no reason to mend anything."""

    FAULT = "fault"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong: what, and the command that mends it. ``code`` is one of `KINDS`.

    ``clause`` is that of the instruction, empty where it asks for nothing of the kind.
    """

    code: str
    gravity: Gravity
    clause: str
    what: Text
    mend: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """What could not be looked at, and why: never to be read as "in order"."""

    what: Text


Outcome = Finding | Unseen

_FAULT, _WARNING, _NOTE = Gravity.FAULT, Gravity.WARNING, Gravity.NOTE

KINDS: dict[str, tuple[Gravity, str]] = {
    # settings
    "settings-wrong": (_FAULT, ""),
    # the agent and its journal
    "agent-not-running": (_FAULT, "3.7"),
    "agent-other-version": (_WARNING, ""),
    "agent-restarts-often": (_WARNING, ""),
    "agent-blind": (_WARNING, ""),
    "journal-broken": (_FAULT, "3.1"),
    "journal-not-growing": (_FAULT, "3.1"),
    "carrier-flaps": (_WARNING, ""),
    # services
    "unit-missing": (_FAULT, ""),
    "unit-masked": (_FAULT, ""),
    "unit-disabled": (_WARNING, ""),
    "unit-failed": (_FAULT, ""),
    "unit-stopped": (_FAULT, ""),
    "udevd-not-running": (_FAULT, ""),
    # files and disks
    "open-to-others": (_FAULT, ""),
    "key-open-to-others": (_FAULT, ""),
    "user-missing": (_FAULT, ""),
    "disk-full": (_FAULT, "3.1"),
    "disk-nearly-full": (_WARNING, ""),
    "disk-read-only": (_FAULT, "3.1"),
    "inodes-short": (_FAULT, ""),
    # PKCS#11 modules
    "module-missing": (_FAULT, ""),
    "module-general-only": (_NOTE, ""),
    "module-absent": (_FAULT, ""),
    "module-dangling-link": (_FAULT, ""),
    "module-not-a-file": (_FAULT, ""),
    "module-not-readable": (_FAULT, ""),
    "module-not-a-library": (_FAULT, ""),
    "module-wrong-architecture": (_FAULT, ""),
    "module-replaceable": (_FAULT, ""),
    "module-stale-copy": (_WARNING, ""),
    "module-silent": (_FAULT, ""),
    "worker-absent": (_FAULT, ""),
    # readers
    "pcscd-not-installed": (_FAULT, ""),
    "pcscd-not-running": (_FAULT, ""),
    "pcscd-denied": (_FAULT, ""),
    "hidepid": (_NOTE, ""),
    "hidepid-breaks-polkit": (_FAULT, ""),
    "reader-held": (_FAULT, ""),
    "reader-limit": (_WARNING, ""),
    "usb-blocked": (_FAULT, ""),
    "usb-autosuspend": (_NOTE, ""),
    "remote-only": (_NOTE, ""),
    # clock
    "clock-not-synchronised": (_WARNING, "4.2"),
    "clock-set-back": (_FAULT, "4.2"),
    "clock-differs": (_FAULT, "4.2"),
    # the ledger
    "not-enrolled": (_WARNING, "3.1"),
    "enrolment-damaged": (_FAULT, "3.1"),
    "ledger-name-unknown": (_FAULT, "3.1"),
    "ledger-refuses-connection": (_FAULT, "3.1"),
    "ledger-out-of-reach": (_FAULT, "3.1"),
    "ledger-certificate": (_FAULT, "3.1"),
    "ledger-busy": (_WARNING, "3.1"),
    "ledger-refuses-workstation": (_FAULT, "3.1"),
    "ledger-is-none": (_FAULT, "3.1"),
    "ledger-key-changed": (_FAULT, "3.1"),
    "snapshot-absent": (_WARNING, "3.1"),
    "snapshot-unusable": (_FAULT, "3.1"),
    "snapshot-old": (_WARNING, "3.1"),
    "snapshot-too-old": (_FAULT, "3.1"),
    "snapshot-of-the-future": (_FAULT, "3.1"),
    "courier-behind": (_WARNING, "3.1"),
    # cryptographic means
    "time-control-off": (_FAULT, "4.2"),
}
"""Code: gravity and clause. docs/administrator.md tells a person of each."""


def found(code: str, *, ru: str, en: str, mend: str) -> Finding:
    """A finding of a kind that the table knows."""
    gravity, clause = KINDS[code]
    return Finding(code=code, gravity=gravity, clause=clause, what=Text(ru=ru, en=en), mend=mend)


def unseen(ru: str, en: str) -> Unseen:
    """What could not be looked at."""
    return Unseen(what=Text(ru=ru, en=en))


def forbidden(what: object) -> Unseen:
    """What only root may look at."""
    return unseen(
        f"{what} — нет прав, повторите от root: sudo klyuchar doctor",
        f"{what}: permission denied, repeat as root: sudo klyuchar doctor",
    )
