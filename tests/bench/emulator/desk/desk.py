"""A desk: a pcscd of our own with one emulated card in its reader, for OpenSC's tools.

It meets nothing of the machine's own: its socket and pid file lie in a private directory, mounted
over /run/pcscd for it alone; it has the one reader and looks at no USB device.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ..cards.card import Card
from .reader import Reader

_DRIVER = Path(__file__).with_name("reader.c")
_COMPILE = ("gcc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O1", "-o")
_SETTINGS = 'FRIENDLYNAME "Emulated"\nDEVICENAME {directory}/card\nLIBPATH {directory}/reader.so\n'
_IN_A_PRIVATE_RUN = """
mount -t tmpfs none /run
mkdir /run/pcscd
mount --bind "$1" /run/pcscd
exec /usr/sbin/pcscd --foreground --config "$1/reader.conf"
"""
_STARTUP = 20.0
_TOOL = 60.0


class ToolFailed(Exception):
    """A tool ended with an error; the text is the command and what it printed."""


class Desk:
    """A context manager; `run` runs a tool that talks to the card."""

    def __init__(self, card: Card) -> None:
        self._card = card

    def __enter__(self) -> Self:
        # AF_UNIX paths are limited to 107 bytes: pytest's directories may be longer.
        self._directory = Path(tempfile.mkdtemp(prefix="desk", dir="/tmp"))
        self.env = os.environ | {"PCSCLITE_CSOCK_NAME": str(self._directory / "pcscd.comm")}
        """With this every PC/SC program finds the desk's card and no other."""
        subprocess.run([*_COMPILE, self._directory / "reader.so", _DRIVER], check=True)
        settings = _SETTINGS.format(directory=self._directory)
        (self._directory / "reader.conf").write_text(settings)
        self._reader = Reader(self._directory / "card", self._card).__enter__()
        self._pcscd = self._start()
        try:
            self._wait()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pcscd.kill()
        self._pcscd.wait()
        self._reader.__exit__(kind, error, trace)
        shutil.rmtree(self._directory)

    def run(self, *command: str, timeout: float = _TOOL) -> str:
        """What the tool printed; raises `ToolFailed`."""
        done = subprocess.run(
            command,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            raise ToolFailed(f"{' '.join(command)}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def _start(self) -> subprocess.Popen[bytes]:
        as_root = () if os.geteuid() == 0 else ("--user", "--map-root-user")
        shell = ("sh", "-ec", _IN_A_PRIVATE_RUN, "sh", str(self._directory))
        with (self._directory / "log").open("wb") as log:
            return subprocess.Popen(
                ["unshare", *as_root, "--mount", *shell],
                env=os.environ | {"PCSCLITE_HP_DROPDIR": str(self._directory)},
                stdout=log,
                stderr=log,
            )

    def _wait(self) -> None:
        """Until the card answers."""
        deadline = time.monotonic() + _STARTUP
        while True:
            try:
                self.run("opensc-tool", "--atr")
            except ToolFailed as failed:
                if self._pcscd.poll() is not None or time.monotonic() > deadline:
                    log = (self._directory / "log").read_text(errors="replace")
                    raise ToolFailed(f"pcscd did not show the card: {failed}\n{log}") from None
                time.sleep(0.05)
            else:
                return
