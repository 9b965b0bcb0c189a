"""Makes docs/run.svg and docs/run.en.svg: a real run of the demonstration on its terminal.

    python docs/picture.py

rich, which draws the terminal, comes with import-linter.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.demonstration import CARRIERS

WIDTH = 104
HERE = Path(__file__).parent


def main() -> None:
    for language, name in (("ru", "run.svg"), ("en", "run.en.svg")):
        console = Console(record=True, width=WIDTH, file=io.StringIO())
        console.print(Text.from_ansi(play(language)))
        picture = console.export_svg(title="make run")
        # The reader's own monospaced font serves; a picture fetches nothing.
        (HERE / name).write_text(re.sub(r"@font-face \{.*?\}", "", picture, flags=re.DOTALL))


def play(language: str) -> str:
    """Everything the screen shows while each carrier is inserted and removed once."""
    place = Path(tempfile.mkdtemp(prefix="kl", dir="/tmp"))
    (place / ".venv").symlink_to(sys.prefix)
    mine, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 60, WIDTH, 0, 0))
    klyuchar = [".venv/bin/klyuchar", "--language", language]
    running = subprocess.Popen([*klyuchar, "run"], cwd=place, stdout=theirs)
    screen: list[bytes] = []
    threading.Thread(target=read, args=(mine, screen), daemon=True).start()
    try:
        until(screen, b"Ctrl-C")
        for name in CARRIERS:
            shown = len(b"".join(screen))
            for action in ("insert", "remove"):
                subprocess.run(
                    [*klyuchar, "demo", action, name], cwd=place, check=True, capture_output=True
                )
                until(screen, b"\x1b[0m", shown)
            time.sleep(3.5)
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(10)
        time.sleep(0.2)
        shutil.rmtree(place)
    return b"".join(screen).decode().replace("\r\n", "\n")


def read(descriptor: int, screen: list[bytes]) -> None:
    while data := os.read(descriptor, 65536):
        screen.append(data)


def until(screen: list[bytes], text: bytes, after: int = 0) -> None:
    deadline = time.monotonic() + 30
    while text not in b"".join(screen)[after:]:
        if time.monotonic() > deadline:
            raise TimeoutError(text)
        time.sleep(0.05)


if __name__ == "__main__":
    main()
