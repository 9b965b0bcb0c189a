"""A virtual machine of the bench: started from a snapshot or its disk, told commands, cut off."""

from __future__ import annotations

import shlex
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.channel import Channel, ChannelError, Finished
from tests.bench.hardware import Places, command
from tests.bench.qmp import Qmp, QmpError

# Emulated, on a busy machine of two cores, a boot was seen to take up to 44 s.
BOOT_S = 240.0
_TAIL_LINES = 25


class GuestFailed(AssertionError):
    """The machine did not do what a case asked of it; says what it printed last."""


class Machine:
    """A guest in ``directory``, which holds its disk, its sockets and its logs.

    ``image`` is the directory of a built guest. A context manager: QEMU ends with it, and in any
    case with the thread that started it.
    """

    def __init__(self, image: Path, directory: Path) -> None:
        self.places = Places(directory)
        self._image = image
        self._qemu: subprocess.Popen[bytes] | None = None
        self._qmp: Qmp | None = None
        self._channel: Channel | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.power_cut()

    @property
    def usb(self) -> tuple[Path, ...]:
        """The sockets of the USB ports: whoever connects plugs a device in, by usb-redir."""
        return self.places.usb

    @property
    def qmp(self) -> Qmp:
        """QEMU's control socket."""
        assert self._qmp is not None, "the machine is off"
        return self._qmp

    def start(self, snapshot: str | None = None) -> None:
        """Switch on: boot from the disk, or go on from a snapshot in it with the clock set."""
        assert self._qemu is None, "the machine is on"
        for path in (self.places.control, self.places.commands, *self.places.usb):
            path.unlink(missing_ok=True)
        with (self.places.directory / "qemu.log").open("ab") as log:
            self._qemu = subprocess.Popen(
                command(self.places, self._image, snapshot),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the tests, which then end QEMU themselves.
                start_new_session=True,
            )
        try:
            self._qmp = Qmp(self.places.control)
            self._channel = Channel(self.places.commands)
        except (QmpError, OSError, AssertionError) as error:
            raise self.failed(f"QEMU did not start: {error}") from None
        self.run(f"date -s @{time.time():.3f}" if snapshot else "true", timeout_s=BOOT_S)

    def power_cut(self) -> None:
        """Switch off as if the plug were pulled: what the guest had not flushed is lost."""
        if self._qemu is not None:
            self._qemu.kill()
        self._collect(10.0)

    def shut_down(self, deadline_s: float = 90.0) -> None:
        """Switch off in order."""
        self.run("systemctl --no-block poweroff")
        self._collect(deadline_s)

    def freeze(self, snapshot: str) -> None:
        """Keep memory and disk as they are now, in the disk's file, and switch off."""
        self.qmp.execute("stop")
        self.qmp.monitor(f"savevm {snapshot}")
        self.qmp.execute("quit")
        self._collect(30.0)

    def run(
        self, script: str, *, timeout_s: float = 60.0, user: str = "", stdin: bytes = b""
    ) -> str:
        """What a shell script prints, run as root or in the session of ``user``.

        `GuestFailed` when it fails, has to be killed after ``timeout_s``, or the guest is gone.
        """
        done = self.attempt(script, timeout_s=timeout_s, user=user, stdin=stdin)
        if done.code != 0:
            ended = "ended with " + str(done.code) if done.code is not None else "was killed"
            raise self.failed(f"{ended}: {script}\n{done.said}")
        return done.text

    def attempt(
        self, script: str, *, timeout_s: float = 60.0, user: str = "", stdin: bytes = b""
    ) -> Finished:
        """The same where failing is an answer."""
        assert self._channel is not None, "the machine is off"
        arguments = ["sh", "-c", script]
        if user:
            # In the user's own manager, so that polkit and logind see whose session it is.
            session = f"systemd-run -q --user --machine={user}@.host --pipe --wait --collect"
            arguments = [*session.split(), *arguments]
        begun = time.monotonic()
        try:
            done = self._channel.run(arguments, timeout_s, stdin)
        except ChannelError as error:
            raise self.failed(f"{error}: {script}") from None
        self._note(script, done, time.monotonic() - begun)
        return done

    def wait_until(self, condition: str, deadline_s: float = 30.0, *, user: str = "") -> str:
        """What a shell condition prints once it holds.

        `GuestFailed` when it does not hold within ``deadline_s``; says what it printed at last.
        """
        loop = f'until said=$({condition}); do sleep 0.1; done; printf %s "$said"'
        done = self.attempt(loop, timeout_s=deadline_s, user=user)
        if done.code == 0:
            return done.text
        last = self.attempt(condition, timeout_s=deadline_s, user=user).said
        raise self.failed(f"not within {deadline_s} s: {condition}\n{last}")

    def put(self, path: str, content: bytes, mode: int = 0o644) -> None:
        """A small file into the guest; directories are made. Large ones come on a disk."""
        place = shlex.quote(path)
        self.run(f"install -D -m {mode:o} /dev/stdin {place}", stdin=content)

    def get(self, path: str) -> bytes:
        """A small file of the guest."""
        done = self.attempt(f"cat {shlex.quote(path)}")
        if done.code != 0:
            raise self.failed(done.said)
        return done.output

    def journal(self) -> str:
        """What systemd's journal holds of this boot."""
        return self.attempt("journalctl -b -o short-precise --no-pager --no-hostname").said

    def save_logs(self, directory: Path) -> None:
        """Console, QEMU's own words, every command and the journal, for whoever looks why."""
        directory.mkdir(parents=True, exist_ok=True)
        for log in self.places.directory.glob("*.log"):
            (directory / log.name).write_bytes(log.read_bytes())
        if self._channel is not None:
            try:
                (directory / "journal.log").write_text(self.journal())
            except GuestFailed as error:
                (directory / "journal.log").write_text(f"could not be asked for: {error}")

    def failed(self, what: str) -> GuestFailed:
        """An error that carries the ends of the console and of QEMU's log."""
        said = [what]
        if self._qemu is not None and (code := self._qemu.poll()) is not None:
            ended = signal.Signals(-code).name if code < 0 else str(code)
            said.append(f"QEMU has ended: {ended}")
        for name in ("qemu.log", "console.log"):
            path = self.places.directory / name
            lines = path.read_text(errors="replace").splitlines() if path.exists() else []
            if lines:
                said += [f"--- the end of {name}", *lines[-_TAIL_LINES:]]
        return GuestFailed("\n".join(said))

    def _collect(self, deadline_s: float) -> None:
        """QEMU ends, or has ended: let go of what belonged to it."""
        if self._qemu is not None:
            try:
                self._qemu.wait(deadline_s)
            except subprocess.TimeoutExpired:
                raise self.failed(f"still on {deadline_s} s after it was to end") from None
        for connection in (self._channel, self._qmp):
            if connection is not None:
                connection.close()
        self._qemu = self._channel = self._qmp = None

    def _note(self, script: str, done: Finished, took_s: float) -> None:
        with (self.places.directory / "commands.log").open("a") as log:
            stamp = time.strftime("%H:%M:%S")
            log.write(f"{stamp} [{took_s:.2f} s, {done.code}] {script}\n{done.said}\n")
