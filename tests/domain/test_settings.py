"""A settings file that can't be read says why and where, in both languages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from domain.because import because
from domain.settings import unreadable


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
