"""dpkg's database: the machine's own, and what a damaged one may hold."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.inventory.dpkg import installed
from domain.inventory import LONGEST_TEXT
from domain.means import product_of
from tests.machines import CSP, stanza


def versions(content: str | bytes) -> dict[str, str]:
    raw = content if isinstance(content, bytes) else content.encode()
    return {package.name: package.version for package in installed(io.BytesIO(raw))}


def test_the_machines_own_database_says_what_dpkg_query_says() -> None:
    with Path("/var/lib/dpkg/status").open("rb") as file:
        found = {(package.name, package.version) for package in installed(file)}
    asked = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}\t${Package}\t${Version}\n"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    rows = [line.split("\t") for line in asked.splitlines()]
    expected = {(name, ver) for state, name, ver in rows if state == "installed"}
    assert found == {(name, version) for name, version in expected if product_of(name)}
    assert {"pcscd", "opensc"} <= {name for name, _ in found}


def test_cryptopro_is_found_among_others() -> None:
    others = stanza("bash", "5.2.15-2+b7") + stanza("openscad", "2021.01-6")
    assert versions(others + "".join(stanza(*one) for one in CSP.items()) + others) == CSP


@pytest.mark.parametrize(
    ("state", "there"),
    [
        ("install ok installed", True),
        ("hold ok installed", True),
        ("install ok unpacked", True),
        ("install reinstreq half-installed", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
    ],
)
def test_what_lies_on_the_disk_is_installed(state: str, there: bool) -> None:
    assert bool(versions(stanza("pcscd", "1.9.9-2", state))) is there


def test_no_final_newline_loses_no_package() -> None:
    assert versions(stanza("pcscd", "1").rstrip("\n")) == {"pcscd": "1"}
    assert versions("Package: pcscd\nStatus: install ok installed\nVersion: 1") == {"pcscd": "1"}


def test_a_description_names_no_package() -> None:
    text = stanza("bash", "5").replace(" the end", " Package: pcscd\n Status: install ok installed")
    assert versions(text) == {}


def test_a_huge_line_is_passed_over_and_hides_nothing() -> None:
    huge = "Conffiles: " + "x" * (1 << 20) + "Package: opensc\n"
    assert versions(stanza("pcscd", "1").replace("Description", huge + "Description")) == {
        "pcscd": "1"
    }
    (version,) = versions(stanza("pcscd", "9" * (1 << 20))).values()
    assert version == "9" * LONGEST_TEXT


def test_no_part_of_a_long_line_is_a_line_of_its_own() -> None:
    """Wherever a line is cut that is read in pieces."""
    inside = "Package: opensc\nStatus: install ok installed\nVersion: 1\n"
    for length in (1 << power for power in range(8, 17)):
        long = "Conffiles: ".ljust(length, "x")
        assert versions(f"Package: bash\n{long}{inside}") == {}, length


def test_what_could_command_a_terminal_does_not() -> None:
    assert versions(stanza("pcscd", "1\x1b[2J\u202e")) == {"pcscd": "1\ufffd[2J\ufffd"}
    assert versions(b"Package: pcscd\nStatus: install ok installed\nVersion: \xff\0\n") == {
        "pcscd": "\ufffd\ufffd"
    }


def test_a_stanza_lacking_all_but_its_name_is_nothing() -> None:
    assert versions("Package: pcscd\n\nPackage: opensc\nVersion: 1\n") == {}


@given(before=st.binary(), after=st.binary())
def test_no_bytes_around_a_stanza_hide_it(before: bytes, after: bytes) -> None:
    middle = stanza("pcscd", "1.9.9-2").encode()
    assert versions(before + b"\n\n" + middle + after).get("pcscd") == "1.9.9-2"


@given(content=st.binary())
def test_any_bytes_are_read_to_their_end(content: bytes) -> None:
    for name, version in versions(content).items():
        assert name.isprintable()
        assert version.isprintable()
