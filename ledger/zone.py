"""Which clock hangs on the organisation's wall."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo

from domain.errors import Wrong
from domain.text import Text

_OF_THIS_MACHINE = "/etc/localtime"


def zone(name: str) -> tzinfo:
    """The time zone called ``name``, such as "Europe/Moscow"; this machine's where it is empty.

    Raises Wrong where there is no such zone.
    """
    if not name:
        return _of_this_machine()
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        raise Wrong(
            Text(
                ru=f"[ledger] time_zone = {name!r}: нет такого часового пояса; пример: "
                "Europe/Moscow, список: timedatectl list-timezones",
                en=f"[ledger] time_zone = {name!r}: no such time zone; such as Europe/Moscow, "
                "list: timedatectl list-timezones",
            )
        ) from error


def _of_this_machine() -> tzinfo:
    """UTC where nobody has set one."""
    try:
        with open(_OF_THIS_MACHINE, "rb") as file:
            return ZoneInfo.from_file(file)
    except (OSError, ValueError):
        return UTC
