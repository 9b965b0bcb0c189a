"""A real notification server on a real X server of its own: dunst, which prints what it shows."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.message_bus import MessageBus, owned
from tests.waiting import wait_for

_LOOKS = """\
[global]
font = DejaVu Sans 11
width = (300, 560)
height = 300
offset = 20x20
markup = full
format = "<b>%s</b>\\n%b"
icon_position = off
frame_width = 2
[urgency_normal]
background = "#fff4d6"
foreground = "#1d1d1d"
frame_color = "#c98a00"
[urgency_critical]
background = "#ffe3e0"
foreground = "#1d1d1d"
frame_color = "#b3261e"
"""


class Dunst:
    """The server; ``shown`` are the summaries and bodies it was told to show, oldest first."""

    def __init__(self, directory: Path, bus: MessageBus, display: str) -> None:
        self._bus = bus
        self._said = directory / "dunst"
        configuration = directory / "dunstrc"
        configuration.write_text(_LOOKS)
        self.environment = os.environ | {
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": bus.address,
        }
        command = ["stdbuf", "-oL", "dunst", "-print", "-conf", str(configuration)]
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                command, env=self.environment, stdout=said, stderr=subprocess.DEVNULL
            )
        wait_for(lambda: owned(bus, "org.freedesktop.Notifications"), what="dunst on the bus")

    @property
    def shown(self) -> list[tuple[str, str]]:
        said = self._said.read_text()
        return re.findall(r"summary: '(.*?)'\n\tbody: '(.*?)'\n", said, re.DOTALL)

    @property
    def standing(self) -> int:
        """How many it shows now."""
        asked = subprocess.run(
            ["dunstctl", "count"], env=self.environment, capture_output=True, text=True, check=True
        )
        return sum(map(int, re.findall(r"(?:Waiting|displayed): +(\d+)", asked.stdout)))

    def close_all(self) -> None:
        """As the person does."""
        subprocess.run(["dunstctl", "close-all"], env=self.environment, check=True)

    def end(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextmanager
def display() -> Iterator[str]:
    """An X server that nobody sees; its name."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x400x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=(writing,), stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        yield f":{os.read(reading, 16).decode().strip()}"
    finally:
        os.close(reading)
        server.terminate()
        server.wait()
