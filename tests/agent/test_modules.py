"""The administrator's drop-ins: what they change, and how wrong ones are told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from agent.modules import Modules, gather
from domain.carrier import Maker
from drivers.catalogue import Module
from drivers.modules import Flaw
from tests.drivers.foreign import of_another_machine
from tests.softhsm import MODULE

RUTOKEN = "opt/aktivco/rutokenecp/amd64/librtpkcs11ecp.so"
OPENSC = "usr/lib/opensc-pkcs11.so"


class Place:
    """A root with modules and a modules.d."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.directory = root / "etc/klyuchar/modules.d"
        self.directory.mkdir(parents=True)
        self.put(RUTOKEN, OPENSC)

    def put(self, *places: str) -> None:
        for place in places:
            path = self.root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(MODULE, path)
            path.chmod(0o644)

    def say(self, file: str, *lines: str) -> None:
        (self.directory / file).write_text("".join(f"{line}\n" for line in lines))

    def at(self, place: str) -> str:
        return str(self.root / place)

    def gather(self, *paths: str) -> Modules:
        return gather(paths, self.directory, self.root)

    def asked(self, *paths: str) -> dict[str, Module]:
        modules = self.gather(*paths)
        assert (modules.refused, modules.wrong) == ([], [])
        return {module.name: module for module in modules.asked}

    def wrong(self) -> str:
        """Why the one wrong file was refused; the known modules are asked all the same."""
        modules = self.gather()
        assert {module.name for module in modules.asked} >= {"rutoken", "opensc"}
        (wrong,) = modules.wrong
        assert wrong.why.en
        assert str(wrong.file) in wrong.why.ru
        return wrong.why.ru.replace(f"{self.directory}/", "")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_drop_ins_it_is_what_was_found_and_the_settings_paths(place: Place) -> None:
    place.put("opt/vendor/lib.so", "opt/other/lib.so")
    paths = place.at("opt/vendor/lib.so"), place.at("opt/other/lib.so")
    asked = place.asked(*paths)
    assert list(asked) == ["rutoken", "opensc", "lib", "lib-2"]
    assert [asked[name].path for name in ("lib", "lib-2")] == list(paths)
    place.directory.rmdir()
    assert list(place.asked()) == ["rutoken", "opensc"]


def test_a_module_of_the_administrators_own(place: Place) -> None:
    place.put("opt/vendor/lib.so")
    place.say(
        "vendor.toml",
        'name = "vendor"',
        f'path = "{place.at("opt/vendor/lib.so")}"',
        'maker = "esmart"',
        "general = true",
        "deadline_s = 30",
    )
    assert place.asked()["vendor"] == Module(
        name="vendor",
        path=place.at("opt/vendor/lib.so"),
        general=True,
        maker=Maker.ESMART,
        deadline_s=30,
    )


def test_a_known_module_is_switched_off(place: Place) -> None:
    place.say("opensc.toml", 'name = "opensc"', "disabled = true")
    assert list(place.asked()) == ["rutoken"]


def test_a_known_module_keeps_what_is_not_said(place: Place) -> None:
    place.say("opensc.toml", 'name = "opensc"', "deadline_s = 60")
    opensc = place.asked()["opensc"]
    assert (opensc.path, opensc.general, opensc.deadline_s) == (place.at(OPENSC), True, 60)
    place.put("opt/new/librtpkcs11ecp.so")
    place.say(
        "rutoken.toml", 'name = "rutoken"', f'path = "{place.at("opt/new/librtpkcs11ecp.so")}"'
    )
    rutoken = place.asked()["rutoken"]
    assert (rutoken.path, rutoken.maker) == (
        place.at("opt/new/librtpkcs11ecp.so"),
        Maker.RUTOKEN,
    )


def test_one_file_is_asked_once_under_the_administrators_name(place: Place) -> None:
    place.say("mine.toml", 'name = "mine"', f'path = "{place.at(RUTOKEN)}"')
    assert list(place.asked(place.at(RUTOKEN))) == ["opensc", "mine"]


def test_tokens_in_files_are_read_where_they_are_named(place: Place) -> None:
    place.put("usr/lib/softhsm/libsofthsm2.so")
    assert "softhsm" not in place.asked()
    place.say("softhsm.toml", 'name = "softhsm"')
    assert place.asked()["softhsm"].path == place.at("usr/lib/softhsm/libsofthsm2.so")


def test_other_files_are_nobodys_drop_ins(place: Place) -> None:
    place.say("README", "not TOML")
    place.say("old.toml.dpkg-old", "not TOML")
    assert list(place.asked()) == ["rutoken", "opensc"]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ['name = "x"', "", 'pth = "/x.so"'],
            "x.toml:3 pth: этого в настройках нет; возможно, имелось в виду path",
        ),
        (['name = "x"', "path = 5"], "x.toml:2 path: ожидается строка в кавычках"),
        (["# x", 'name = "x"', 'general = "yes"'], "x.toml:3 general: ожидается true или false"),
        (['name = "x"', "[path]", "a = 1"], "x.toml:2 path: ожидается строка в кавычках"),
        (['name = "x"', "path = "], "x.toml: это не TOML, строка 2, знак 8"),
        (['name = "x"', 'path = "lib.so"'], "x.toml:2: path: нужен полный путь"),
        (['path = "/x.so"'], "x.toml:1: name: нужно имя"),
        (["", 'name = "Ключ"'], "x.toml:2: name: нужно имя"),
        (['name = "pcscd"', 'path = "/x.so"'], "x.toml:1: name: нужно имя"),
        (['name = "x"', 'path = "/x"', 'maker = "acme"'], "x.toml:3: maker: одно из rutoken, "),
        (['name = "opensc"', "deadline_s = 0"], "x.toml:2 deadline_s: 0 нельзя, можно от 1 до 120"),
        (['name = "opensc"', "deadline_s = true"], "x.toml:2 deadline_s: ожидается целое число"),
        (['name = "rutokn"', "disabled = true"], "x.toml: модуль rutokn не найден"),
        (['name = "rutokn"'], "x.toml: модуль rutokn не найден"),
        (['name = "jacarta"'], "x.toml: модуль jacarta не найден"),
    ],
)
def test_a_wrong_file_costs_only_itself_and_is_told_with_its_line(
    place: Place, lines: list[str], told: str
) -> None:
    place.say("x.toml", *lines)
    assert place.wrong().startswith(told)


def test_what_is_no_text_or_no_file(place: Place) -> None:
    (place.directory / "x.toml").write_bytes(b"\xff\xfe")
    assert place.wrong() == "x.toml: это не текст в кодировке UTF-8"
    (place.directory / "x.toml").unlink()
    (place.directory / "x.toml").mkdir()
    assert place.wrong() == "x.toml: это папка, а не файл"


def test_a_drop_in_that_anybody_may_write_is_refused(place: Place) -> None:
    place.say("x.toml", 'name = "opensc"', "disabled = true")
    (place.directory / "x.toml").chmod(0o666)
    assert place.wrong().startswith(
        "x.toml: изменить его может не только администратор (x.toml: -rw-rw-rw-"
    )


def test_of_two_files_for_one_module_the_first_by_name_counts(place: Place) -> None:
    place.say("10.toml", 'name = "opensc"', "deadline_s = 10")
    place.say("20.toml", 'name = "opensc"', "deadline_s = 20")
    assert "уже описан в 10.toml" in place.wrong()
    assert [module.deadline_s for module in place.gather().asked] == [None, 10]


def test_a_module_that_must_not_be_loaded_is_refused_and_the_others_are_asked(
    place: Place,
) -> None:
    Path(place.at(RUTOKEN)).write_bytes(of_another_machine())
    modules = place.gather("/opt/absent.so")
    assert [module.name for module in modules.asked] == ["opensc"]
    assert [(module.name, finding.flaw) for module, finding in modules.refused] == [
        ("rutoken", Flaw.WRONG_ARCHITECTURE),
        ("absent", Flaw.ABSENT),
    ]
    place.say("rutoken.toml", 'name = "rutoken"', "disabled = true")
    assert [module.name for module, _ in place.gather().refused] == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_told(place: Place) -> None:
    place.directory.chmod(0)
    assert place.wrong().endswith("нет прав")
