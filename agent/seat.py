"""Who sits at this workstation, in the form rules can compare with the ledger's."""

from __future__ import annotations

from agent.sessions import Sitting, sitting
from agent.settings import AgentSettings
from journal.digest import sha256
from policies.situation import Seat


def seat_of(settings: AgentSettings, salt: str) -> Seat:
    """The login at the seat with its marks, comparable with those made with ``salt``."""
    here = Sitting(login=settings.seat_login) if settings.seat_login else sitting()
    if not here.login:
        return Seat(login="", marks=(), remote=here.remote)
    marks = tuple(
        sha256(f"{salt}|{name.lower()}@{realm.lower()}".encode()).hex()
        for name, realm in _spellings(here.login, settings)
    )
    return Seat(login=here.login, marks=marks)


def _spellings(login: str, settings: AgentSettings) -> list[tuple[str, str]]:
    r"""Every (name, realm) a login may mean: DOMAIN\name and name@domain say it themselves, a
    bare name is the host's or, where the machine belongs to one, the domain's."""
    if "\\" in login:
        realm, name = login.split("\\", 1)
        return [(name, realm)]
    if "@" in login:
        name, realm = login.split("@", 1)
        return [(name, realm)]
    return [(login, realm) for realm in (settings.host, settings.domain) if realm]
