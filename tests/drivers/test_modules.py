"""What is told of a module's file without loading it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from drivers.catalogue import Module
from drivers.modules import Finding, Flaw, inspect
from tests.drivers.foreign import header, of_another_machine
from tests.softhsm import MODULE

NOBODY = 65534
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A real module where an administrator put it."""
    folder = tmp_path / "vendor"
    folder.mkdir(mode=0o755)
    path = folder / "module.so"
    shutil.copy(MODULE, path)
    path.chmod(0o644)
    return path


def flaws(path: Path, *, by_others: bool = False) -> list[Flaw]:
    return [one.flaw for one in findings(path, by_others=by_others)]


def findings(path: Path, *, by_others: bool = False) -> tuple[Finding, ...]:
    module = Module(name="vendor", path=str(path), general=False)
    found = inspect(module, by_others=by_others)
    assert all((one.module, one.path, one.refuses) == ("vendor", str(path), True) for one in found)
    return found


def test_a_module_as_it_should_be_has_no_flaw(file: Path) -> None:
    assert findings(file) == ()
    assert inspect(Module(name="softhsm", path=MODULE, general=False), by_others=True) == ()


def test_a_link_to_a_good_module_is_good(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "module.so"
    link.symlink_to(file)
    assert findings(link) == ()


def test_nothing_there(tmp_path: Path) -> None:
    assert flaws(tmp_path / "none.so") == [Flaw.ABSENT]


def test_a_link_that_leads_nowhere_says_where(tmp_path: Path) -> None:
    link = tmp_path / "module.so"
    link.symlink_to("/opt/removed/module.so")
    (found,) = findings(link)
    assert found.flaw is Flaw.DANGLING
    assert "/opt/removed/module.so" in found.detail


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    one, other = tmp_path / "one.so", tmp_path / "other.so"
    one.symlink_to(other)
    other.symlink_to(one)
    assert flaws(one) == [Flaw.DANGLING]


def test_a_folder_and_a_pipe_are_no_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.so")
    assert flaws(tmp_path) == [Flaw.NOT_A_FILE]
    assert flaws(tmp_path / "pipe.so") == [Flaw.NOT_A_FILE]


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF", b"MZ and more than twenty bytes of it", b"#!"]
)
def test_what_is_no_elf_file(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert flaws(file) == [Flaw.NOT_A_LIBRARY]


def test_an_object_file_is_no_library(file: Path) -> None:
    file.write_bytes(header(kind=1))
    assert flaws(file) == [Flaw.NOT_A_LIBRARY]


def test_a_library_of_another_machine_says_whose(file: Path) -> None:
    file.write_bytes(of_another_machine())
    (found,) = findings(file)
    assert found.flaw is Flaw.WRONG_ARCHITECTURE
    assert found.detail.startswith("64-bit S/390, big-endian, not ")


def test_a_32_bit_library_of_this_machine_is_of_another(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4] = 1
    file.write_bytes(content)
    assert flaws(file) == [Flaw.WRONG_ARCHITECTURE]


def test_a_module_that_anybody_may_write_is_refused(file: Path) -> None:
    file.chmod(0o646)
    (found,) = findings(file)
    assert found.flaw is Flaw.REPLACEABLE
    assert found.detail.startswith(f"{file}: -rw-r--rw-")


def test_a_folder_that_anybody_may_write_is_as_bad(file: Path) -> None:
    file.parent.chmod(0o777)
    (found,) = findings(file)
    assert found.flaw is Flaw.REPLACEABLE
    assert found.detail.startswith(f"{file.parent}: drwxrwxrwx")
    file.parent.chmod(0o1777)
    assert findings(file) == (), "the sticky bit keeps others from exchanging it"


def test_a_link_that_anybody_may_exchange_is_as_bad(file: Path, tmp_path: Path) -> None:
    open_to_all = tmp_path / "open"
    open_to_all.mkdir()
    open_to_all.chmod(0o777)
    link, upon = open_to_all / "module.so", tmp_path / "module.so"
    link.symlink_to(file)
    upon.symlink_to(link)
    assert flaws(link) == [Flaw.REPLACEABLE]
    assert flaws(upon) == [Flaw.REPLACEABLE], "a link upon a link"


@root_only
def test_a_module_of_a_user_is_refused(file: Path) -> None:
    os.chown(file, NOBODY, 0)
    (found,) = findings(file)
    assert found.flaw is Flaw.REPLACEABLE
    assert f"uid {NOBODY}" in found.detail


@root_only
def test_a_module_that_a_group_may_write_is_refused(file: Path) -> None:
    file.chmod(0o664)
    assert findings(file) == (), "root's own group"
    os.chown(file, 0, NOBODY)
    assert flaws(file) == [Flaw.REPLACEABLE]


def test_who_can_read_all_judges_for_those_who_can_not(file: Path) -> None:
    file.chmod(0o600)
    assert flaws(file, by_others=True) == [Flaw.NOT_READABLE]


def test_every_flaw_is_told_the_gravest_first(file: Path) -> None:
    file.write_bytes(of_another_machine())
    file.chmod(0o646)
    assert flaws(file) == [Flaw.REPLACEABLE, Flaw.WRONG_ARCHITECTURE]
