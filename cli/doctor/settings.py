"""The settings file and what it names, as `klyuchar config check` looks at them."""

from __future__ import annotations

from collections.abc import Iterator

from cli.config import findings
from cli.doctor.finding import Outcome, Unseen, found
from cli.doctor.workstation import Workstation


def checked(workstation: Workstation) -> Iterator[Outcome]:
    """Of settings that could be read."""
    yield from of_file(workstation.settings_file)


def of_file(path: str) -> Iterator[Outcome]:
    """Every fault of the file at ``path``."""
    faults, remarks = findings(path)
    for what in (*faults, *(remark.what for remark in remarks if not remark.unseen)):
        yield found(
            "settings-wrong",
            ru=f"Настройки {path}: {what.ru}",
            en=f"Settings {path}: {what.en}",
            mend=f"klyuchar --settings {path} config check",
        )
    for remark in remarks:
        if remark.unseen:
            yield Unseen(what=remark.what)
