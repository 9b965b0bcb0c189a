"""A mailer alone in the test's process, with a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ledger.books import Books, CaseRow
from ledger.cases import open_case
from ledger.events import Origin, Severity
from ledger.intentions import RegisterWorkstation
from ledger.mail import Mailer
from ledger.settings import load, rules
from tests.ledger.opening import Desk
from tests.ledger.post_office import PostOffice

ORIGIN = Origin(who="t", source="t", happened="2026-11-24")


class Corner:
    """Its ledger has one case, "denied", that nobody was told of."""

    def __init__(self, directory: Path, post: PostOffice, **changes: object) -> None:
        file = directory / "klyuchar.toml"
        file.write_text(
            '[ledger]\nstate = "/s"\nsocket = "/l"\norganisation = "МБУ"\n'
            'time_zone = "Europe/Moscow"\n[ledger.mail]\n' + post.settings(**changes)
        )
        self._settings = load(file)
        self.desk = Desk(directory / "ledger.sqlite3")
        self.desk.do(RegisterWorkstation(host="pc-17"))
        self.add_case("a")
        self.mailer = self.new_mailer()

    def new_mailer(self, clock: Callable[[], datetime] | None = None) -> Mailer:
        """As a ledger begins one when it is started; by ``clock`` or by the desk's."""
        mail = self._settings.mail
        assert mail is not None
        when = rules(self._settings, mail)
        return Mailer(self.desk.store, mail, when, "abc", clock or (lambda: self.desk.now))

    def add_case(self, subject: str, severity: Severity = Severity.DENY) -> None:
        self.desk.store.write(
            lambda transaction: open_case(
                transaction,
                ORIGIN,
                workstation=1,
                severity=severity,
                what="rule",
                subject=subject,
            )
        )
        if hasattr(self, "mailer"):
            self.mailer.wake()

    def pass_time(self, **spent: float) -> None:
        """So many ``hours`` or ``minutes`` later."""
        self.desk.now += timedelta(**spent)
        self.mailer.wake()

    def do(self, command: Any) -> None:
        """What the responsible user commands, as the ledger carries it out."""
        self.desk.do(command)
        self.mailer.wake()

    def waiting(self) -> int:
        """How many cases nobody was told of."""
        return len([case for case in self.read(Books.cases) if not case.mailed])

    def read(self, read: Callable[[Books], list[Any]]) -> list[Any]:
        return self.desk.store.read(lambda reading: read(Books(reading)))

    def case(self, number: int) -> CaseRow:
        (found,) = (row for row in self.read(Books.cases) if row.case == number)
        assert isinstance(found, CaseRow)
        return found


@contextmanager
def corner(directory: Path, post: PostOffice, **changes: object) -> Iterator[Corner]:
    """Started, and ended afterwards."""
    one = Corner(directory, post, **changes)
    one.mailer.start()
    yield one
    one.mailer.stop()
    one.desk.store.close()
