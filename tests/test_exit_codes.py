"""What a daemon's exit tells systemd: whether starting it again may help."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = """
[agent]
state = "{state}/agent"
worker_socket = "{state}/worker.sock"
[courier]
state = "{state}/courier"
ledger = "http://127.0.0.1:1"
[ledger]
state = "{state}/ledger"
socket = "{state}/ledger.sock"
organisation = "МБУ «Проверочная библиотека»"
"""


def ended(daemon: str, settings: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", daemon, str(settings)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("daemon", ["agent", "ledger"])
class TestDaemon:
    def test_wrong_settings_are_for_a_person_to_mend(self, daemon: str, tmp_path: Path) -> None:
        settings = tmp_path / "klyuchar.toml"
        settings.write_text(SETTINGS.replace(f"[{daemon}]", f"[{daemon}]\nnonsense = 1"))
        done = ended(daemon, settings)
        assert (done.returncode, "nonsense" in done.stderr) == (os.EX_CONFIG, True)
        unit = (ROOT / "systemd" / f"klyuchar-{daemon}.service").read_text()
        assert re.search(rf"^RestartPreventExitStatus={os.EX_CONFIG}$", unit, re.MULTILINE)
        assert "\nRestart=on-failure\n" in unit

    def test_a_place_that_is_out_of_reach_may_come_back(self, daemon: str, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        settings = tmp_path / "klyuchar.toml"
        settings.write_text(SETTINGS.format(state=tmp_path / "file"))
        done = ended(daemon, settings)
        assert (done.returncode, "Traceback" in done.stderr) == (os.EX_TEMPFAIL, False)
