"""A settings file that can't be read says why and where, in both languages."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.because import because
from domain.errors import Wrong
from domain.settings import Faults, Unfit, fill, read, unreadable, whole_number
from domain.text import Text

WHOSE = Text(ru="Настройки", en="Settings")


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    name: str
    often_s: int = whole_number(15, 1, 20)


def refused(content: str, file: Path) -> tuple[str, ...]:
    """What is said of the file, fault by fault."""
    file.write_text(content)
    with pytest.raises(Unfit) as error:
        read(file, lambda document: fill(Table, document.get("agent"), "[agent]"), WHOSE)
    assert str(file) in error.value.text.ru
    return tuple(fault.ru for fault in error.value.faults)


@pytest.mark.parametrize("value", [1, 20])
def test_both_ends_of_a_range_are_taken(value: int) -> None:
    assert fill(Table, {"name": "a", "often_s": value}, "[agent]").often_s == value


@pytest.mark.parametrize("value", [0, 21, -1])
def test_a_number_out_of_range_is_told_the_range_and_the_line(value: int, tmp_path: Path) -> None:
    told = refused(f'[agent]\nname = "a"\n\noften_s = {value}\n', tmp_path / "k.toml")
    assert told == (f"строка 4, [agent] often_s: {value} нельзя, можно от 1 до 20",)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    told = refused('[agent]\noften_s = "x"\noftn_s = 3\n', tmp_path / "k.toml")
    assert told == (
        "строка 2, [agent] often_s: ожидается целое число",
        "строка 3, [agent] oftn_s: этого в настройках нет; возможно, имелось в виду often_s",
        "строка 1, [agent]: не хватает name",
    )


def test_the_line_is_that_of_the_right_table(tmp_path: Path) -> None:
    content = "[courier]\noften_s = 1\n[ agent ] # ours\nname = 'a'\n  often_s=0 # x\n"
    assert refused(content, tmp_path / "k.toml")[0].startswith("строка 5, ")


def test_a_table_nobody_knows_is_told_with_what_it_resembles(tmp_path: Path) -> None:
    told = refused("[agnet]\n", tmp_path / "k.toml")
    assert told == ("строка 1, [agnet]: этого в настройках нет; возможно, имелось в виду agent",)
    told = refused("qwerty = 1\n[agent]\n", tmp_path / "k.toml")
    assert told == ("qwerty: этого в настройках нет",)


def test_only_what_is_wrong_is_gathered() -> None:
    faults = Faults()
    faults.tell()
    with pytest.raises(KeyError), faults:
        raise KeyError
    with faults:
        raise Wrong(Text(ru="а", en="a"))
    with pytest.raises(Unfit, match=r"^a$"):
        faults.tell()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"[agent]\noops =\n", "это не TOML, строка 2, знак 7"),
        (b"[agent", "это не TOML, конец файла"),
        (b"\xa5\xff", "это не текст в кодировке UTF-8"),
    ],
)
def test_why_it_is_no_toml(content: bytes, told: str) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011  two kinds of it
        tomllib.loads(content.decode())
    text = unreadable(error.value)
    assert text.ru.startswith(told)
    assert text.en.startswith("this is no")


def test_why_the_system_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError) as absent:  # noqa: PT011  the system's own
        (tmp_path / "absent").open()
    assert unreadable(absent.value).ru == "нет такого файла или папки"
    with pytest.raises(OSError) as directory:  # noqa: PT011
        tmp_path.open()
    assert because(directory.value).ru == "это папка, а не файл"
    assert because(OSError(9999, "something else")).ru == "something else"
    assert because(OSError("no number")).en == "no number"
