"""docs/journal.md, run as it stands: an inspector with bash, jq and openssl."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from domain.events import Stopped
from journal.reader import read
from journal.retention import releasable
from journal.segments import segments
from tests.journal.test_retention import event
from tests.journal.values import OTHER_SIGNER, SIGNER, opened, raw_lines, written

DOCUMENT = Path(__file__).parents[2] / "docs" / "journal.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("jq", "openssl", "basenc")),
    reason="jq, openssl or coreutils' basenc is not installed",
)


def inspect(journal: Path, work: Path, key: bytes = SIGNER.public_key) -> tuple[bool, str]:
    """Do the document's steps in order: whether all passed, and what they said."""
    work.mkdir()
    said = ""
    for block in BLOCKS:
        done = subprocess.run(
            ["bash", "-c", block],
            cwd=work,
            env={"PATH": os.environ["PATH"], "JOURNAL": str(journal), "KEY": key.hex()},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        said += done.stdout + done.stderr
        if done.returncode:
            return False, said
    return True, said


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return written(tmp_path / "journal")


def test_the_document_has_its_four_steps() -> None:
    assert len(BLOCKS) == 4
    assert "klyuchar " not in "".join(BLOCKS).replace("klyuchar checkpoint 1", "")


def test_a_whole_journal_passes(tmp_path: Path, journal: Path) -> None:
    passed, said = inspect(journal, tmp_path / "work")
    assert passed, said
    assert "Записей: 23, контрольных точек: 3" in said


def test_a_repaired_journal_with_an_empty_last_segment_passes(
    tmp_path: Path, journal: Path
) -> None:
    with segments(journal)[-1].open("ab") as file:
        file.write(b'{"body":{"rea')
    opened(journal).close()
    (journal / f"{len(raw_lines(journal)) + 1:020d}.jsonl").touch()
    passed, said = inspect(journal, tmp_path / "work")
    assert passed, said
    assert "Записей: 24" in said


def released(journal: Path) -> None:
    """The oldest segment is left to the ledger, which has all."""
    oldest = releasable(journal, list(read(journal))[-1].head, "9999")
    assert oldest is not None
    writer = opened(journal)
    writer.release(event(oldest))
    writer.checkpoint(SIGNER)
    writer.close()


def test_a_journal_whose_beginning_was_left_to_the_ledger_passes(
    tmp_path: Path, journal: Path
) -> None:
    released(journal)
    passed, said = inspect(journal, tmp_path / "work")
    assert passed, said
    shutil.rmtree(tmp_path / "work")
    segments(journal)[0].unlink()
    passed, said = inspect(journal, tmp_path / "work")
    assert not passed
    assert "номера нарушены" in said


def substituted(old: bytes, new: bytes) -> Callable[[Path], None]:
    """Replace ``old``, once, in the first segment but one that holds it."""

    def tamper(journal: Path) -> None:
        path = next(path for path in segments(journal)[1:] if old in path.read_bytes())
        path.write_bytes(path.read_bytes().replace(old, new, 1))

    return tamper


def without_a_line(journal: Path) -> None:
    path = segments(journal)[1]
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([lines[0], *lines[2:]]))


def without_a_segment(journal: Path) -> None:
    segments(journal)[1].unlink()


def torn(journal: Path) -> None:
    path = segments(journal)[-1]
    path.write_bytes(path.read_bytes()[:-1])


def two_on_a_line(journal: Path) -> None:
    path = segments(journal)[1]
    path.write_bytes(path.read_bytes().replace(b"\n", b" ", 1))


def renamed(journal: Path) -> None:
    path = segments(journal)[-1]
    path.rename(path.with_name(f"{int(path.stem) + 1:020d}.jsonl"))


TAMPERINGS: dict[str, tuple[Callable[[Path], None], str]] = {
    "changed": (substituted(b"signal", b"Signal"), "цепочка нарушена"),
    "zero byte": (substituted(b"signal", b"sig\0al"), "нулевые байты"),
    "not JSON": (substituted(b'{"body"', b'{"body'), ""),
    "line removed": (without_a_line, "номера нарушены"),
    "segment removed": (without_a_segment, "номера нарушены"),
    "torn": (torn, "оборвана"),
    "two on a line": (two_on_a_line, "не одна запись на строку"),
    "renamed": (renamed, "не отвечает содержимому"),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_tampered_journal_fails(tmp_path: Path, journal: Path, name: str) -> None:
    tamper, says = TAMPERINGS[name]
    tamper(journal)
    passed, said = inspect(journal, tmp_path / "work")
    assert not passed
    assert says in said


def test_a_journal_of_another_key_fails(tmp_path: Path, journal: Path) -> None:
    passed, said = inspect(journal, tmp_path / "work", OTHER_SIGNER.public_key)
    assert not passed
    assert "подписана другим ключом" in said


def test_a_wrong_signature_at_the_end_fails(tmp_path: Path) -> None:
    """The last line has no successor: only its signature can give it away."""
    journal = opened(tmp_path / "journal")
    journal.append(Stopped(reason=""))
    journal.checkpoint(SIGNER)
    journal.close()
    path = segments(tmp_path / "journal")[0]
    raw = path.read_bytes()
    at = raw.index(b'"signature":"') + len(b'"signature":"')
    path.write_bytes(raw[:at] + (b"0" if raw[at : at + 1] != b"0" else b"1") + raw[at + 1 :])
    passed, said = inspect(tmp_path / "journal", tmp_path / "work")
    assert not passed
    assert "подпись записи 2 неверна" in said
