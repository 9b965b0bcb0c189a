"""rpm's own database, made by rpm, asked through rpm."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inventory import rpm
from domain.errors import CouldNotAsk
from domain.inventory import Manager, Package

_SPEC = """\
Name: {name}
Epoch: {epoch}
Version: {version}
Release: {release}
Summary: x
License: x
BuildArch: noarch
%description
x
%files
"""


def install(root: Path, work: Path, name: str, version: str, release: str, epoch: int = 0) -> None:
    """An empty package of that name, entered in the database below ``root``."""
    spec = work / f"{name}.spec"
    text = _SPEC.format(name=name, epoch=epoch, version=version, release=release)
    spec.write_text(text if epoch else text.replace("Epoch: 0\n", ""))
    defines = ["--define", f"_topdir {work}", "--define", f"_rpmdir {work}"]
    subprocess.run(["rpmbuild", "--quiet", *defines, "-bb", spec], check=True, capture_output=True)
    (built,) = (work / "noarch").glob(f"{name}-*.rpm")
    database = root / "var/lib/rpm"
    database.mkdir(parents=True, exist_ok=True)
    command = ["rpm", "--dbpath", database, "--justdb", "--nodeps", "-i", built]
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (work := tmp_path / "work").mkdir()
    root = tmp_path / "root"
    install(root, work, "lsb-cprocsp-base", "5.0.13000", "7")
    install(root, work, "pcsc-lite", "1.9.9", "alt1", epoch=1)
    install(root, work, "bash", "5.2", "1")
    return root


def package(name: str, version: str) -> Package:
    return Package(name=name, version=version, manager=Manager.RPM)


def test_what_rpm_has_installed_is_found(root: Path) -> None:
    database = rpm.database(root)
    assert database == root / "var/lib/rpm"
    assert sorted(rpm.installed(database), key=lambda one: one.name) == [
        package("lsb-cprocsp-base", "5.0.13000-7"),
        package("pcsc-lite", "1:1.9.9-alt1"),
    ]


def test_a_directory_without_a_database_is_none(tmp_path: Path) -> None:
    """Debian's rpm, installed and never used, leaves an empty one."""
    (tmp_path / "var/lib/rpm").mkdir(parents=True)
    assert rpm.database(tmp_path) is None


def test_a_damaged_database_is_not_an_empty_one(root: Path) -> None:
    database = root / "var/lib/rpm"
    for file in database.iterdir():
        file.unlink()
    (database / "rpmdb.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(CouldNotAsk, match=r"^rpm: .*not a database"):
        rpm.installed(database)


def test_an_rpm_that_does_not_answer_is_not_waited_for(root: Path) -> None:
    with pytest.raises(CouldNotAsk, match="no answer in time"):
        rpm.installed(root / "var/lib/rpm", deadline_s=0.0)


@given(answer=st.binary())
def test_any_answer_is_read_to_its_end(answer: bytes) -> None:
    for one in rpm.parse(answer + b"\npcscd\t" + answer):
        assert one.name.isprintable()
        assert one.version.isprintable()


def test_lines_of_an_answer_that_are_none_are_passed_over() -> None:
    answer = b"\npcscd\nbash\t5\npcscd\t1-\xff2\nopensc\t0.23"
    assert list(rpm.parse(answer)) == [package("pcscd", "1-\ufffd2"), package("opensc", "0.23")]
