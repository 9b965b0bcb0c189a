"""Who sits here: from elsewhere, a carrier in the machine's own port is nobody's at the seat."""

from __future__ import annotations

from collections.abc import Iterator

from agent.sessions import sitting
from cli.doctor.finding import Outcome, found
from cli.doctor.workstation import Workstation
from cli.wording import printable


def remote(workstation: Workstation) -> Iterator[Outcome]:
    """Somebody is in front of the screen, or nobody is in at all."""
    if workstation.settings.agent.seat_login:
        return
    here = sitting()
    if here.remote and not here.login:
        who = printable(", ".join(here.remote))
        yield found(
            "remote-only",
            ru=f"За компьютером никого нет, вход только удалённый: {who}. Носители, вставленные на "
            "той стороне, агент видит, только если их туда пробрасывают по USB",
            en=f"Nobody sits here, people are in from elsewhere: {who}. Carriers plugged in over "
            "there are only seen where they are passed on by USB",
            mend="loginctl list-sessions",
        )
