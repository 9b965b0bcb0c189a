"""`klyuchar config`: every fault with its line, what could not be looked at, what is in force."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.main import main
from tests.authority import Authority

NOBODY = 65534


@dataclass
class Place:
    """A settings file whose directories are there."""

    root: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def file(self) -> Path:
        return self.root / "klyuchar.toml"

    def write(self, *, agent: str = "", courier: str = "", ledger: str = "") -> None:
        for state in ("agent", "courier", "ledger"):
            (self.root / state).mkdir(exist_ok=True)
        self.file.write_text(
            f'[agent]\nstate = "{self.root}/agent"\nworker_socket = "{self.root}/w.sock"\n{agent}\n'
            f'[courier]\nstate = "{self.root}/courier"\nledger = "unix:/x"\n{courier}\n'
            f'[ledger]\nstate = "{self.root}/ledger"\nsocket = "{self.root}/l.sock"\n{ledger}\n'
        )

    def check(self, language: str = "ru") -> tuple[int, list[str]]:
        code = main(["--language", language, "config", "check", "--settings", str(self.file)])
        return code, self.capsys.readouterr().out.splitlines()


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    made = Place(tmp_path, capsys)
    made.write()
    return made


@contextmanager
def nobody() -> Iterator[None]:
    """Whom file permissions mean something to."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_good_settings_are_in_order(place: Place) -> None:
    assert place.check() == (0, [f"{place.file}: в порядке."])
    assert place.check("en") == (0, [f"{place.file}: in order."])


def test_every_fault_of_every_table_is_told_with_its_line(place: Place) -> None:
    place.write(agent="reader_poll_s = 99", courier="ca_fil = 1", ledger="listen = 7")
    code, told = place.check()
    assert code == 1
    assert [line.removeprefix(f"{place.file}: ") for line in told] == [
        "строка 4, [agent] reader_poll_s: 99 нельзя, можно от 1 до 20",
        "строка 8, [courier] ca_fil: этого в настройках нет; возможно, имелось в виду ca_file",
        "строка 12, [ledger] listen: ожидается строка в кавычках",
    ]


@pytest.mark.parametrize(
    ("table", "setting", "told"),
    [
        (
            "agent",
            'modules = ["{root}/none.so"]',
            "строка 4, [agent] modules: {root}/none.so — нет",
        ),
        ("agent", "snapshot_deny_s = 3600", "[agent] snapshot_warn_s: 86400 больше"),
        ("courier", 'ca_file = "{root}/none.pem"', "строка 8, [courier] ca_file: {root}/none.pem"),
        ("courier", 'ca_file = "{root}/klyuchar.toml"', "нет сертификатов PEM"),
        (
            "ledger",
            'certificate = "{root}/klyuchar.toml"\ncertificate_key = "{root}/klyuchar.toml"',
            "[ledger] certificate_key: {root}/klyuchar.toml может прочитать кто угодно",
        ),
    ],
)
def test_what_the_settings_name_is_looked_at(
    place: Place, table: str, setting: str, told: str
) -> None:
    place.write(**{table: setting.format(root=place.root)})
    place.file.chmod(0o644)
    code, lines = place.check()
    assert code == 1
    assert any(told.format(root=place.root) in line for line in lines), lines


def test_a_directory_that_is_missing_or_none_is_told(place: Place) -> None:
    (place.root / "agent").rmdir()
    (place.root / "courier").rmdir()
    (place.root / "courier").touch()
    code, lines = place.check()
    assert (code, len(lines)) == (1, 2)
    assert "строка 2, [agent] state:" in lines[0]
    assert lines[1].endswith("не папка")


def test_a_ledger_that_was_never_started_here_is_no_fault(place: Place) -> None:
    place.write(ledger='certificate = "/none"\ncertificate_key = "/none"')
    assert place.check()[0] == 1
    (place.root / "ledger").rmdir()
    assert place.check()[0] == 0


def test_certificate_and_key_have_to_belong_together(place: Place) -> None:
    authority = Authority(place.root)
    certificate, key = authority.server()
    _, other = authority.server("localhost")
    for each in (key, other):
        each.chmod(0o640)
    place.write(ledger=f'certificate = "{certificate}"\ncertificate_key = "{key}"')
    assert place.check()[0] == 0
    place.write(ledger=f'certificate = "{certificate}"\ncertificate_key = "{other}"')
    code, (told,) = place.check()
    assert code == 1
    assert f"{other} не подходит к {certificate}" in told


def test_what_could_not_be_looked_at_is_said_and_not_in_order(place: Place) -> None:
    secret = place.root / "password"
    secret.touch(mode=0o600)
    place.write(
        ledger='[ledger.mail]\nto = "r@x"\nsender = "k@x"\nhost = "h"\nusername = "k"\n'
        f'password_file = "{secret}"'
    )
    for path in (place.root, *place.root.parents):
        if path.stat().st_mode & 0o001 == 0 and path.is_relative_to("/tmp/pytest-of-root"):
            path.chmod(0o755)
    if os.geteuid() != 0:
        secret.chmod(0)
    with nobody():
        code, told = place.check()
    assert code == 75
    assert f"{secret} — посмотреть нельзя, нет прав" in told[0]
    assert told[-1].endswith("повторите от root.")


def test_show_tells_what_is_in_force_and_what_is_only_the_default(place: Place) -> None:
    place.write(agent="reader_poll_s = 7")
    assert main(["--language", "ru", "--settings", str(place.file), "config", "show"]) == 0
    told = place.capsys.readouterr().out.splitlines()
    assert "reader_poll_s = 7" in told
    assert "module_deadline_s = 5  # по умолчанию" in told
    assert [line for line in told if line.startswith("[")] == ["[agent]", "[courier]", "[ledger]"]
