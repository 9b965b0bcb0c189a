"""A real dbus-daemon that stands where the system's does, with Debian's own policy and ours.

And a real polkitd on it, in a mount namespace of its own, whose actions and rules are ours.
"""

from __future__ import annotations

import getpass
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.waiting import wait_for

SYSTEMD = Path(__file__).parents[1] / "systemd"
POLICY = SYSTEMD / "dbus" / "ru.klyuchar.Agent1.conf"
SYSTEM_CONF = Path("/usr/share/dbus-1/system.conf")
POLKITD = "/usr/lib/polkit-1/polkitd"

# What would make it the machine's: its user, pid file, services, and the files of others.
_MACHINES = re.compile(
    r"<(user|pidfile|listen|servicedir|servicehelper|includedir|include)\b[^>]*>[^<]*</\1>"
    r"|<(fork|syslog|standard_system_servicedirs)\s*/>"
)


class MessageBus:
    """The daemon; ``kill`` and ``start`` again, ``freeze`` and ``thaw`` it as tests want."""

    def __init__(self, directory: Path, kind: str = "system") -> None:
        self._configuration = directory / f"{kind}.conf"
        self._socket = directory / f"{kind}.sock"
        self.address = f"unix:path={self._socket}"
        ours = POLICY.read_text().replace("klyuchar-bus", getpass.getuser())
        (directory / "ours.conf").write_text(ours)
        whole = _MACHINES.sub("", SYSTEM_CONF.read_text())
        polkit = SYSTEM_CONF.parent / "system.d" / "org.freedesktop.PolicyKit1.conf"
        whole = whole.replace(
            "</busconfig>",
            f"<listen>{self.address}</listen><include>{directory}/ours.conf</include>"
            f'<include ignore_missing="yes">{polkit}</include></busconfig>',
        )
        if kind == "session":
            whole = _SESSION.format(address=self.address)
        self._configuration.write_text(whole)
        self._daemon: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._socket.unlink(missing_ok=True)
        self._daemon = subprocess.Popen(
            ["dbus-daemon", f"--config-file={self._configuration}", "--nofork", "--nopidfile"],
            stderr=subprocess.DEVNULL,
        )
        wait_for(self._socket.exists, what="the bus")
        self._socket.chmod(0o666)

    def kill(self) -> None:
        assert self._daemon is not None
        self._daemon.kill()
        self._daemon.wait()

    def freeze(self) -> None:
        """It hangs from now on."""
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._daemon is not None
        self._daemon.send_signal(signal.SIGCONT)

    def busctl(self, *arguments: str, user: str = "") -> subprocess.CompletedProcess[str]:
        """The independent witness: systemd's own client, as another user where one is named."""
        return subprocess.run(
            ["busctl", f"--address={self.address}", "--no-pager", *arguments],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **({"user": user, "group": "nogroup", "extra_groups": []} if user else {}),  # type: ignore[call-overload]
        )


_SESSION = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>{address}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/>
<allow own="*"/></policy></busconfig>
"""


@contextmanager
def message_bus(kind: str = "system") -> Iterator[MessageBus]:
    """A bus in a short-named directory that everybody may reach, removed afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="kb", dir="/tmp"))
    directory.chmod(0o755)
    bus = MessageBus(directory, kind)
    try:
        yield bus
    finally:
        bus.kill()
        shutil.rmtree(directory)


@contextmanager
def polkit(bus: MessageBus, rule: str = "") -> Iterator[None]:
    """The real polkitd on ``bus`` with our actions, our rules, and ``rule`` (JavaScript)."""
    directory = Path(tempfile.mkdtemp(prefix="kp", dir="/tmp"))
    for name in ("actions", "rules", "none"):
        (directory / name).mkdir()
        (directory / name).chmod(0o755)
    directory.chmod(0o755)
    shutil.copy(SYSTEMD / "ru.klyuchar.agent1.policy", directory / "actions")
    shutil.copy(SYSTEMD / "50-klyuchar.rules", directory / "rules")
    (directory / "rules" / "60-test.rules").write_text(rule)
    mounts = (
        ("actions", "/usr/share/polkit-1/actions"),
        ("rules", "/usr/share/polkit-1/rules.d"),
        ("none", "/etc/polkit-1/rules.d"),
    )
    script = "".join(f"mount --bind {directory}/{ours} {theirs} && " for ours, theirs in mounts)
    daemon = subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", f"{script}exec {POLKITD} --no-debug"],
        env=os.environ | {"DBUS_SYSTEM_BUS_ADDRESS": bus.address},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: owned(bus, "org.freedesktop.PolicyKit1"), what="polkitd on the bus")
        yield
    finally:
        daemon.kill()
        daemon.wait()
        shutil.rmtree(directory)


def owned(bus: MessageBus, name: str) -> bool:
    """Whether somebody on the bus has ``name``."""
    names = bus.busctl("call", "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "ListNames")
    return f'"{name}"' in names.stdout
