"""`klyuchar demo`: a carrier is played by moving a token and telling the agent's own watch."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.demonstration import CARRIERS
from cli.layout import Layout, prepare
from cli.main import main
from domain.carrier import Maker
from domain.sighting import Device
from drivers.demo import DemoWatch
from drivers.watch import Plugged, Unplugged


class Stage:
    """The demonstration's files with a token a carrier, and the command run on them."""

    def __init__(self, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.layout: Layout = prepare(state)
        self._capsys = capsys
        for name in CARRIERS:
            (self.layout.drawer / name).mkdir()

    def demo(self, *arguments: str) -> tuple[int, str]:
        code = main(["--settings", str(self.layout.settings), "demo", *arguments])
        printed = self._capsys.readouterr()
        return code, printed.out + printed.err


@pytest.fixture
def stage(short_path: Path, capsys: pytest.CaptureFixture[str]) -> Stage:
    return Stage(short_path, capsys)


@pytest.fixture
def watch(stage: Stage) -> DemoWatch:
    return DemoWatch(str(stage.layout.sockets / "demo.sock"), stage.layout.tokens)


def device(name: str) -> Device:
    return Device(port=f"demo:{name}", usb_id="", maker=Maker.SOFTHSM, model=name)


def test_the_list_tells_each_ones_story_and_where_it_is(stage: Stage, watch: DemoWatch) -> None:
    stage.demo("insert", "petrov")
    code, told = stage.demo("list")
    assert code == 0
    lines = {line.split()[0]: line for line in told.splitlines()}
    assert list(lines) == list(CARRIERS)
    assert "вставлен" in lines["petrov"]
    assert "вынут" in lines["srok"]
    assert "хотя сертификат ещё действует" in lines["srok"]


def test_insert_and_remove_are_a_plug_and_a_pull_to_the_agent(
    stage: Stage, watch: DemoWatch
) -> None:
    assert stage.demo("insert", "ivanova") == (
        0,
        "Вставлен. Вердикт — в окне, где работает make run.\n",
    )
    assert watch.present() == [device("ivanova")]
    assert stage.demo("remove", "ivanova")[0] == 0
    assert watch.changes() == [
        Plugged(device=device("ivanova")),
        Unplugged(device=device("ivanova")),
    ]
    assert watch.present() == []


@pytest.mark.parametrize("name", ["nobody", "", "../drawer", "ivanova/"])
def test_a_name_that_is_none_moves_nothing(stage: Stage, watch: DemoWatch, name: str) -> None:
    code, told = stage.demo("insert", name)
    assert code == 1
    assert "Можно вставить: chuzhoy, ivanova, petrov, srok." in told
    assert watch.changes() == []
    assert sorted(path.name for path in stage.layout.drawer.iterdir()) == sorted(CARRIERS)


def test_what_is_inserted_already_is_told(stage: Stage, watch: DemoWatch) -> None:
    stage.demo("insert", "ivanova")
    code, told = stage.demo("insert", "ivanova")
    assert (code, "уже вставлен" in told) == (1, True)
    code, told = stage.demo("remove", "srok")
    assert (code, "Вставлены: ivanova." in told) == (1, True)


def test_without_an_agent_the_token_is_plugged_and_the_person_told(stage: Stage) -> None:
    code, told = stage.demo("insert", "ivanova")
    assert code == 75
    assert "агент не запущен" in told
    assert "make run" in told
    assert (stage.layout.tokens / "ivanova").exists()


def test_settings_without_a_demonstration_say_how_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "klyuchar.toml"
    settings.write_text(
        '[agent]\nstate = "/s"\nworker_socket = "/w"\n[courier]\nstate = "/c"\nledger = "unix:/l"\n'
    )
    for action in (["list"], ["insert", "ivanova"]):
        assert main(["--settings", str(settings), "demo", *action]) == 1
        assert "make run" in capsys.readouterr().err
