from __future__ import annotations

from pathlib import Path

import pytest

from agent.settings import load
from domain.errors import Wrong

GOOD = """
[agent]
state = "/var/lib/klyuchar/agent"
worker_socket = "/run/klyuchar/worker.sock"
host = "pc-17"
{more}
[courier]
state = "/var/lib/klyuchar/courier"
ledger = "unix:/run/klyuchar-ledger/ledger.sock"
"""


def test_the_tables_give_settings_with_their_defaults(tmp_path: Path) -> None:
    file = tmp_path / "klyuchar.toml"
    file.write_text(GOOD.format(more='modules = ["/opt/vendor.so"]'))
    settings = load(file)
    assert settings.agent.modules == ("/opt/vendor.so",)
    assert settings.agent.journal == settings.courier.journal
    assert settings.agent.inbox == settings.courier.inbox / "snapshot"
    assert settings.agent.demo_socket == ""


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (GOOD.format(more="worker_sokcet = 1"), "worker_sokcet"),
        ("[agent]\n", "state"),
        (GOOD.partition("[courier]")[0].format(more=""), "courier"),
        ("[agent", "]"),
        (GOOD.format(more="reader_poll_s = 0"), "reader_poll_s"),
        (GOOD.format(more="reader_poll_s = 21"), "reader_poll_s"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(tmp_path: Path, content: str, named: str) -> None:
    file = tmp_path / "klyuchar.toml"
    file.write_text(content)
    with pytest.raises(Wrong) as error:
        load(file)
    assert named in error.value.text.ru
    assert str(file) in error.value.text.ru


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="could not be read"):
        load(tmp_path / "none.toml")
