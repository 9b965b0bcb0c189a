"""What can be wrong about settings that are well spelled: looked at without any effect.

A check says what is wrong, and what it could not look at: that is never passed over as "in order".
A further check joins `OF_WORKSTATION` or `OF_LEDGER`.
"""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from domain.because import because
from domain.text import Text

if TYPE_CHECKING:
    from agent.settings import Settings
    from ledger.settings import LedgerSettings

_PACKAGED = Path("/var/lib/klyuchar")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """``what`` is wrong, or with ``unseen`` could not be looked at by whoever asks."""

    what: Text
    unseen: bool = False


def of_workstation(settings: Settings) -> Iterator[Remark]:
    """Everything that is to be said of the tables [agent] and [courier]."""
    for check in OF_WORKSTATION:
        yield from check(settings)


def of_ledger(settings: LedgerSettings) -> Iterator[Remark]:
    """Everything that is to be said of the table [ledger] where this machine has one: its state
    directory is made when the ledger is started first."""
    if not settings.state.exists():
        return
    for check in OF_LEDGER:
        yield from check(settings)


def _states(settings: Settings) -> Iterator[Remark]:
    yield from _directory("[agent] state", settings.agent.state, "klyuchar")
    yield from _directory("[courier] state", settings.courier.state, "klyuchar-courier")


def _limits(settings: Settings) -> Iterator[Remark]:
    agent = settings.agent
    if agent.snapshot_warn_s > agent.snapshot_deny_s:
        yield _wrong(
            "[agent] snapshot_warn_s",
            Text(
                ru=f"{agent.snapshot_warn_s} больше, чем snapshot_deny_s "
                f"({agent.snapshot_deny_s}): запрет наступит без предупреждения",
                en=f"{agent.snapshot_warn_s} is more than snapshot_deny_s "
                f"({agent.snapshot_deny_s}): denied without any warning before",
            ),
        )


def _modules(settings: Settings) -> Iterator[Remark]:
    for path in settings.agent.modules:
        yield from _file("[agent] modules", path)


def _dropins(settings: Settings) -> Iterator[Remark]:
    from agent.modules import gather

    gathered = gather(settings.agent.modules, settings.agent.modules_directory)
    yield from (Remark(what=wrong.why) for wrong in gathered.wrong)


def _authorities(settings: Settings) -> Iterator[Remark]:
    yield from _certificates("[courier] ca_file", settings.courier.ca_file)


def _ledger_state(settings: LedgerSettings) -> Iterator[Remark]:
    yield from _directory("[ledger] state", settings.state, "klyuchar-ledger")


def _pair(settings: LedgerSettings) -> Iterator[Remark]:
    """Certificate and key belong together; the key is the server's own, loaded as it would be."""
    import ssl

    if not settings.certificate:
        return
    files = [
        *_file("[ledger] certificate", settings.certificate),
        *_file("[ledger] certificate_key", settings.certificate_key),
        *_secret("[ledger] certificate_key", settings.certificate_key),
    ]
    yield from files
    if any(remark.unseen for remark in files) or not os.path.exists(settings.certificate_key):
        return
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate, settings.certificate_key, lambda: "")
    except OSError as error:
        yield _wrong(
            "[ledger] certificate_key",
            Text(
                ru=f"{settings.certificate_key} не подходит к {settings.certificate} "
                f"или это не PEM ({error.strerror or error})",
                en=f"{settings.certificate_key} does not belong to {settings.certificate}, or is "
                f"no PEM ({error.strerror or error})",
            ),
        )


def _mail(settings: LedgerSettings) -> Iterator[Remark]:
    if settings.mail is None:
        return
    yield from _certificates("[ledger.mail] ca_file", settings.mail.ca_file)
    if settings.mail.password_file:
        yield from _file("[ledger.mail] password_file", settings.mail.password_file)
        yield from _secret("[ledger.mail] password_file", settings.mail.password_file)


OF_WORKSTATION: tuple[Callable[[Settings], Iterator[Remark]], ...] = (
    _limits,
    _states,
    _modules,
    _dropins,
    _authorities,
)
OF_LEDGER: tuple[Callable[[LedgerSettings], Iterator[Remark]], ...] = (_ledger_state, _pair, _mail)


def _directory(where: str, path: Path, user: str) -> Iterator[Remark]:
    """A state directory is there, and as the package made it belongs to ``user``."""
    try:
        status = path.stat()
    except OSError as error:
        yield _unreached(where, str(path), error)
        return
    if not stat.S_ISDIR(status.st_mode):
        yield _wrong(where, Text(ru=f"{path} — не папка", en=f"{path} is no directory"))
    elif path.is_relative_to(_PACKAGED) and (owner := _name(status.st_uid)) != user:
        yield _wrong(
            where,
            Text(
                ru=f"{path} принадлежит {owner}, а должна {user}: chown -R {user} {path}",
                en=f"{path} belongs to {owner} instead of {user}: chown -R {user} {path}",
            ),
        )


def _file(where: str, path: str) -> Iterator[Remark]:
    """A file that can be opened by whoever asks."""
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        yield _unreached(where, path, error)


def _secret(where: str, path: str) -> Iterator[Remark]:
    """A file that not everybody may read."""
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return  # said by `_file`
    if mode & stat.S_IROTH:
        yield _wrong(
            where,
            Text(
                ru=f"{path} может прочитать кто угодно: chmod 640 {path}",
                en=f"everybody may read {path}: chmod 640 {path}",
            ),
        )


def _certificates(where: str, path: str) -> Iterator[Remark]:
    """A file of certificate authorities, empty where the system's are meant."""
    import ssl

    if not path:
        return
    unread = list(_file(where, path))
    yield from unread
    try:
        if not unread:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        yield _wrong(
            where,
            Text(ru=f"в {path} нет сертификатов PEM", en=f"{path} holds no PEM certificates"),
        )


def _unreached(where: str, path: str, error: OSError) -> Remark:
    why = because(error)
    if isinstance(error, PermissionError):
        return Remark(
            what=Text(
                ru=f"{where}: {path} — посмотреть нельзя, {why.ru}",
                en=f"{where}: {path} could not be looked at, {why.en}",
            ),
            unseen=True,
        )
    return _wrong(where, Text(ru=f"{path} — {why.ru}", en=f"{path}: {why.en}"))


def _wrong(where: str, what: Text) -> Remark:
    return Remark(what=Text(ru=f"{where}: {what.ru}", en=f"{where}: {what.en}"))


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
