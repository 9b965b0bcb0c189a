"""Containers by names: every kind, every hostile name, and no file ever opened."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from inotify_simple import INotify, flags

from domain.sighting import ContainerKind
from drivers.messages import MAX_FOLDER
from drivers.storage import containers
from drivers.storage.containers import Found, Search, TooManyFiles, kind_of
from drivers.worker.decoding import text
from tests.drivers.storage.sticks import EXCHANGE, SIGNATURE, make_container

NAMES = ("header.key", "masks.key", "masks2.key", "name.key", "primary.key", "primary2.key")


def search(root: Path) -> Found:
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return Search(descriptor, lambda: None).run()
    finally:
        os.close(descriptor)


def found(root: Path) -> dict[str, str]:
    return {one.folder: one.kind.value for one in search(root).containers}


def test_each_kind_in_the_root_and_one_folder_below(tmp_path: Path) -> None:
    make_container(tmp_path / "ivanov00.000")
    make_container(tmp_path / "petrov00.001", SIGNATURE)
    make_container(tmp_path / "keys" / "sidor.000", ("header", "name", "primary", "masks"))
    make_container(tmp_path / "keys" / "half.000", ("header", "primary"))
    make_container(tmp_path / "keys" / "deep" / "deeper.000")
    (tmp_path / "photos.000").mkdir()
    (tmp_path / "notes.000").write_text("a file")
    assert found(tmp_path) == {
        "ivanov00.000": "exchange",
        "petrov00.001": "signature",
        "keys/sidor.000": "exchange",
        "keys/half.000": "incomplete",
    }


def test_letters_of_any_case_as_fat_shows_them(tmp_path: Path) -> None:
    folder = tmp_path / "IVANOV.000"
    folder.mkdir()
    for name in EXCHANGE:
        (folder / f"{name}.KEY").touch()
    assert found(tmp_path) == {"IVANOV.000": "exchange"}


def test_only_regular_files_count(tmp_path: Path) -> None:
    folder = make_container(tmp_path / "a.000", ("name", "masks"))
    os.mkfifo(folder / "header.key")
    (folder / "primary.key").mkdir()
    (folder / "primary2.key").symlink_to("name.key")
    with socket.socket(socket.AF_UNIX) as bound:
        os.chdir(folder)  # paths of sockets are short
        bound.bind("masks2.key")
    assert found(tmp_path) == {"a.000": "incomplete"}


def test_links_lead_nowhere(tmp_path: Path) -> None:
    elsewhere = make_container(tmp_path / "elsewhere" / "secret.000")
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "link.000").symlink_to(elsewhere)
    (stick / "folder").symlink_to(elsewhere.parent)
    (stick / "loop").symlink_to("loop")
    assert search(stick) == Found()


def test_a_folder_that_became_a_link_meanwhile_is_not_entered(tmp_path: Path) -> None:
    """It was a folder when it was listed; a person changes it before it is opened."""
    (tmp_path / "real").mkdir()
    (tmp_path / "swapped").symlink_to("real")
    descriptor = os.open(tmp_path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with Search(descriptor, lambda: None)._opened(descriptor, "swapped") as folder:
            assert folder is None
        with Search(descriptor, lambda: None)._opened(descriptor, "real") as folder:
            assert folder is not None
    finally:
        os.close(descriptor)


def test_names_that_are_not_text(tmp_path: Path) -> None:
    for name in (b"new\nline.000", b"\xff\xfe\x80.000", "Ключ".encode("cp1251") + b".000"):
        make_container(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)))
    make_container(tmp_path / ("я" * 100 + ".000"))
    make_container(tmp_path / "\u202eevil\x1b[2J.000")
    told = sorted(found(tmp_path))
    assert len(told) == 5
    assert "new line.000" in told
    assert "Ключ.000" in told
    assert all(name.isprintable() and len(name) <= MAX_FOLDER for name in told)


def test_a_hundred_thousand_entries_are_not_read_to_the_end(tmp_path: Path) -> None:
    make_container(tmp_path / "a.000")
    crowd = tmp_path / "crowd"
    crowd.mkdir()
    for number in range(100_000):
        os.mknod(crowd / f"{number}.txt")
    told = search(tmp_path)
    assert isinstance(told.error, TooManyFiles)
    assert [one.folder for one in told.containers] == ["a.000"]


def test_what_can_not_be_entered_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the system's word: root may enter anything, so the call itself is made to fail."""
    make_container(tmp_path / "closed" / "a.000")
    make_container(tmp_path / "b.000")
    opened = os.open

    def refusing(path: str, mode: int, *, dir_fd: int | None = None) -> int:
        if path == "closed":
            raise PermissionError(13, "Permission denied")
        return opened(path, mode, dir_fd=dir_fd)

    monkeypatch.setattr(containers.os, "open", refusing)
    told = search(tmp_path)
    assert isinstance(told.error, PermissionError)
    assert [one.folder for one in told.containers] == ["b.000"]


def test_no_file_is_opened(tmp_path: Path) -> None:
    folder = make_container(tmp_path / "a.000")
    with INotify(nonblocking=True) as watch:
        watch.add_watch(folder, flags.OPEN | flags.ACCESS)
        assert found(tmp_path) == {"a.000": "exchange"}
        # The folder itself is opened and listed, which has no name; a file would be named.
        of_files = [event for event in watch.read(timeout=0) if not event.mask & flags.ISDIR]
        assert of_files == []
        (folder / "header.key").read_bytes()
        of_files = [event for event in watch.read(timeout=0) if not event.mask & flags.ISDIR]
        assert {event.name for event in of_files} == {"header.key"}, "the watch does see opening"


@given(st.frozensets(st.sampled_from(NAMES)))
def test_a_kind_never_says_more_than_the_names(files: frozenset[str]) -> None:
    kind = kind_of(files)
    assert (kind is None) == (not files)
    if kind is ContainerKind.EXCHANGE:
        assert {"header.key", "name.key", "primary.key", "masks.key"} <= files
    if kind is ContainerKind.SIGNATURE:
        assert {"header.key", "name.key", "primary2.key", "masks2.key"} <= files
    more = files | {"header.key"}
    assert kind_of(more) is not None


@given(st.binary(min_size=1, max_size=255))
def test_any_name_may_be_shown(name: bytes) -> None:
    shown = text(name + b".000", MAX_FOLDER)
    assert shown.isprintable()
    assert len(shown) <= MAX_FOLDER
