"""Which of several files of one name is the module."""

from __future__ import annotations

import shutil
from pathlib import Path

from drivers import catalogue
from drivers.catalogue import MODULES, known
from drivers.choice import choose, installed
from drivers.modules import Flaw
from tests.drivers.foreign import of_another_machine
from tests.softhsm import MODULE

OWN = "opt/aktivco/rutokenecp/amd64/librtpkcs11ecp.so"
SYSTEM = "usr/lib/librtpkcs11ecp.so"
BUNDLED = "opt/kontur.plugin/pkcs11/librtpkcs11ecp.so"
GENERAL = "usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

RUTOKEN = known("rutoken")
assert RUTOKEN is not None


def put(root: Path, *places: str, more: bytes = b"") -> None:
    """A real library at these places; ``more`` makes it another version."""
    for place in places:
        path = root / place
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(MODULE, path)
        path.chmod(0o644)
        with path.open("ab") as file:
            file.write(more)


def told(root: Path) -> list[tuple[str, str]]:
    assert RUTOKEN is not None
    choice = choose(RUTOKEN, root)
    assert choice is not None
    return [(str(Path(one.path).relative_to(root)), one.flaw.value) for one in choice.findings]


def test_modules_are_found_where_makers_put_them(tmp_path: Path) -> None:
    put(tmp_path, OWN, GENERAL)
    link = tmp_path / "usr/lib/x86_64-linux-gnu/pkcs11/opensc-pkcs11.so"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / GENERAL)
    found = installed(tmp_path)
    assert [(c.module.name, c.module.path, c.module.general, c.usable) for c in found] == [
        ("rutoken", str(tmp_path / OWN), False, True),
        ("opensc", str(tmp_path / GENERAL), True, True),
    ]
    assert all(choice.findings == () for choice in found)


def test_nothing_installed_is_no_error(tmp_path: Path) -> None:
    assert installed(tmp_path) == ()


def test_tokens_in_files_are_not_looked_for(tmp_path: Path) -> None:
    put(tmp_path, "usr/lib/softhsm/libsofthsm2.so")
    assert installed(tmp_path) == ()


def test_a_stale_copy_of_another_program_is_told_and_never_used(tmp_path: Path) -> None:
    put(tmp_path, BUNDLED, more=b"years ago")
    assert installed(tmp_path) == (), "by itself it is nobody's module"
    put(tmp_path, OWN)
    assert told(tmp_path) == [(BUNDLED, "stale-copy")]
    (choice,) = installed(tmp_path)
    assert (choice.module.path, choice.usable) == (str(tmp_path / OWN), True)
    assert choice.findings[0].detail == choice.module.path
    assert not choice.findings[0].refuses


def test_a_copy_that_is_the_same_is_no_matter(tmp_path: Path) -> None:
    put(tmp_path, OWN, SYSTEM, BUNDLED)
    assert told(tmp_path) == []


def test_two_versions_in_the_systems_own_places(tmp_path: Path) -> None:
    put(tmp_path, OWN)
    put(tmp_path, SYSTEM, more=b"another version")
    assert told(tmp_path) == [(SYSTEM, "stale-copy")]


def test_a_candidate_for_another_machine_gives_way_and_is_told(tmp_path: Path) -> None:
    put(tmp_path, OWN, SYSTEM)
    (tmp_path / OWN).write_bytes(of_another_machine())
    assert told(tmp_path) == [(OWN, "wrong-architecture")]
    (choice,) = installed(tmp_path)
    assert (choice.module.path, choice.usable) == (str(tmp_path / SYSTEM), True)


def test_a_library_of_another_machine_after_ours_is_how_it_should_be(tmp_path: Path) -> None:
    """Distributions for two architectures at once have both."""
    put(tmp_path, "usr/lib64/opensc-pkcs11.so", "usr/lib/opensc-pkcs11.so")
    (tmp_path / "usr/lib/opensc-pkcs11.so").write_bytes(of_another_machine())
    (choice,) = installed(tmp_path)
    assert (choice.module.path, choice.findings) == (
        str(tmp_path / "usr/lib64/opensc-pkcs11.so"),
        (),
    )


def test_where_every_candidate_is_flawed_the_first_is_named(tmp_path: Path) -> None:
    put(tmp_path, OWN, SYSTEM)
    (tmp_path / OWN).write_bytes(of_another_machine())
    (tmp_path / SYSTEM).chmod(0o666)
    (choice,) = installed(tmp_path)
    assert (choice.module.path, choice.usable) == (str(tmp_path / OWN), False)
    assert [one.flaw for one in choice.findings] == [Flaw.WRONG_ARCHITECTURE, Flaw.REPLACEABLE]


def test_what_an_uninstaller_left_behind_is_told(tmp_path: Path) -> None:
    link = tmp_path / SYSTEM
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / OWN)
    (choice,) = installed(tmp_path)
    assert (choice.usable, [one.flaw for one in choice.findings]) == (False, [Flaw.DANGLING])


def test_every_module_names_what_brings_it_and_has_a_name_of_its_own() -> None:
    assert all(module.package for module in MODULES)
    assert len({module.name for module in MODULES}) == len(MODULES)
    assert known("nobody's") is None
    assert [module.name for module in catalogue.own_modules(RUTOKEN.maker)] == ["rutoken"]
