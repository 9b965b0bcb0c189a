"""Where `klyuchar run` keeps things: one directory with settings, state and sockets."""

from __future__ import annotations

import os
import pwd
import socket
from dataclasses import dataclass
from pathlib import Path

from agent.settings import load
from domain.errors import Wrong
from domain.text import Text
from journal.lock import acquire

SOFTHSM = "/usr/lib/softhsm/libsofthsm2.so"
_LONGEST_SOCKET_PATH = 107

_SETTINGS = """\
# Настройки показа (settings of the demonstration). Записаны командой klyuchar run; можно менять.
[agent]
state = "{state}/agent"
worker_socket = "{state}/run/worker.sock"
storage_socket = "{state}/run/storage.sock"
host = "{host}"
# Кто сидит за этим компьютером: показ принимает за него того, кто его запустил.
seat_login = "{login}"
modules = ["{module}"]
modules_directory = "{state}/modules.d"
demo_socket = "{state}/run/demo.sock"
demo_tokens = "{state}/demo/tokens"

[courier]
state = "{state}/courier"
ledger = "unix:{state}/run/ledger.sock"

[ledger]
state = "{state}/ledger"
socket = "{state}/run/ledger.sock"
organisation = "МБУ «Показательная библиотека»"

# Письма ответственному пользователю: раскомментируйте и укажите свой почтовый сервер.
# [ledger.mail]
# to = "responsible@example.org"
# sender = "klyuchar@example.org"
# host = "mail.example.org"
# port = 587
# starttls = true
"""

_SOFTHSM_CONFIGURATION = """\
directories.tokendir = {state}/demo/tokens
objectstore.backend = file
objectstore.umask = 0077
log.level = ERROR
slots.removable = true
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The paths under one state directory."""

    state: Path
    host: str
    login: str

    @property
    def settings(self) -> Path:
        return self.state / "klyuchar.toml"

    @property
    def sockets(self) -> Path:
        return self.state / "run"

    @property
    def ledger(self) -> Path:
        """The officer's socket."""
        return self.sockets / "ledger.sock"

    @property
    def tokens(self) -> Path:
        return self.state / "demo" / "tokens"

    @property
    def drawer(self) -> Path:
        return self.state / "demo" / "drawer"

    @property
    def softhsm(self) -> Path:
        return self.state / "demo" / "softhsm2.conf"


def prepare(state: Path) -> Layout:
    """Make the directories and write the settings where there are none yet."""
    layout = Layout(state=state, host=socket.gethostname(), login=pwd.getpwuid(os.getuid()).pw_name)
    _refuse_long_path(layout.ledger)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    for directory in (
        layout.sockets,
        layout.tokens,
        layout.drawer,
        state / "agent" / "journal",
        state / "courier" / "inbox",
        state / "ledger",
    ):
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if layout.settings.exists():
        _expect_unmoved(layout)
    else:
        layout.softhsm.write_text(_SOFTHSM_CONFIGURATION.format(state=state))
        layout.settings.write_text(
            _SETTINGS.format(state=state, host=layout.host, login=layout.login, module=SOFTHSM)
        )
    return layout


def hold(layout: Layout) -> int:
    """A descriptor that keeps other runs out while it is open. Raises Wrong where one has it."""
    try:
        return acquire(layout.sockets)
    except Wrong as error:
        raise Wrong(
            Text(
                ru=f"Ключарь уже работает в другом окне (папка {layout.state}). Пользуйтесь им или "
                "остановите его там: Ctrl-C.",
                en=f"klyuchar runs already in another window (directory {layout.state}). Use that "
                "one, or stop it there: Ctrl-C.",
            )
        ) from error


def _expect_unmoved(layout: Layout) -> None:
    """The settings hold whole paths, which are wrong once the folder has another name."""
    kept = load(layout.settings).agent.state
    if kept.is_dir():
        return
    raise Wrong(
        Text(
            ru=f"В настройках {layout.settings} названа папка {kept}, а её нет. Если папку с "
            f"программой перенесли, исправьте в них пути; начать заново — удалите {layout.state}.",
            en=f"The settings {layout.settings} name the directory {kept}, and it does not exist. "
            "If the program's directory was moved, mend the paths there; to begin anew, delete "
            f"{layout.state}.",
        )
    )


def _refuse_long_path(path: Path) -> None:
    if len(str(path).encode()) > _LONGEST_SOCKET_PATH:
        raise Wrong(
            Text(
                ru=f"Путь к папке слишком длинный для сокета: {path}. Укажите короче: "
                "make run STATE=/tmp/klyuchar.",
                en=f"The path is too long for a socket: {path}. Choose a shorter one: "
                "make run STATE=/tmp/klyuchar.",
            )
        )
