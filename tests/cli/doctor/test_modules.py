"""Modules: files that must not be loaded, and real workers that ask real modules."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.activation import Activation
from tests.cli.doctor.ward import ROOT_ONLY, Ward
from tests.drivers.modules import compiled, fault_environment
from tests.softhsm import MODULE, Tokens
from tests.workers import Workers

NOBODY = 65534
MACHINE_AT = 18
"""Where an ELF header says for which processor."""
AARCH64 = (183).to_bytes(2, "little")


@pytest.fixture
def copy(ward: Ward) -> Path:
    """SoftHSM's own module under another name, which the settings add."""
    path = ward.root / "copied.so"
    path.write_bytes(Path(MODULE).read_bytes())
    path.chmod(0o644)
    ward.configure(agent=f'modules = ["{path}"]')
    return path


@contextmanager
def served(ward: Ward, env: dict[str, str]) -> Iterator[None]:
    """Workers behind the socket of the settings."""
    with Workers(env) as workers:
        activation = Activation(f"{ward.root}/w.sock", workers.command, env=workers.env)
        stopped = threading.Event()

        def serve() -> None:
            while not stopped.is_set():
                if select.select([activation.fileno()], [], [], 0.05)[0]:
                    activation.accept()
                activation.reap()

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            stopped.set()
            thread.join()
            activation.close()


class TestFiles:
    def test_a_module_in_order(self, ward: Ward, copy: Path) -> None:
        codes = {code for code in ward.doctor().codes if code.startswith("module")}
        assert codes == set(), copy

    def test_one_for_another_processor(self, ward: Ward, copy: Path) -> None:
        content = bytearray(copy.read_bytes())
        content[MACHINE_AT : MACHINE_AT + 2] = AARCH64
        copy.write_bytes(content)
        told = ward.doctor().what("module-wrong-architecture")
        assert f"{copy}: собран для другого процессора" in told
        assert "64-bit ARM" in told

    @ROOT_ONLY
    def test_one_that_anybody_may_replace(self, ward: Ward, copy: Path) -> None:
        copy.chmod(0o666)
        told = ward.doctor().what("module-replaceable")
        assert f"chmod go-w {copy}" in told

    def test_one_that_is_not_there(self, ward: Ward, copy: Path) -> None:
        copy.unlink()
        assert f"{copy}: файла нет" in ward.doctor().what("module-absent")
        copy.symlink_to("/nowhere")
        assert "-> /nowhere" in ward.doctor().what("module-dangling-link")
        copy.unlink()
        copy.mkdir()
        assert "это не файл" in ward.doctor().what("module-not-a-file")

    def test_one_that_is_no_library(self, ward: Ward, copy: Path) -> None:
        copy.write_text("#!/bin/sh\n")
        assert "это не библиотека" in ward.doctor().what("module-not-a-library")

    @ROOT_ONLY
    def test_one_that_others_can_not_read(self, ward: Ward, copy: Path) -> None:
        copy.chmod(0o600)
        assert f"chmod a+r {copy}" in ward.doctor(user=NOBODY).what("module-not-readable")

    def test_an_administrators_file_that_is_wrong(self, ward: Ward, tmp_path: Path) -> None:
        (tmp_path / "vendor.toml").write_text('name = "vendor"\npth = "/x.so"\n')
        ward.configure(agent=f'modules_directory = "{tmp_path}"')
        assert "vendor.toml:2 pth" in ward.doctor().what("settings-wrong")

    @ROOT_ONLY
    def test_an_old_copy_that_another_program_brought(self, ward: Ward) -> None:
        """OpenSC is installed where these tests run."""
        bundled = "/opt/plugin/pkcs11/opensc-pkcs11.so"
        told = ward.doctor(
            "mount -t tmpfs -o mode=755 tmpfs /opt && mkdir -p /opt/plugin/pkcs11 && "
            f"cp {MODULE} {bundled}"
        ).what("module-stale-copy")
        assert bundled in told


class TestAnswers:
    def test_a_module_that_answers(self, ward: Ward, copy: Path, tmp_path: Path) -> None:
        tokens = Tokens(tmp_path / "tokens")
        tokens.make("ivanova")
        with served(ward, tokens.env):
            told = ward.doctor()
        assert not told.codes & {"module-silent", "worker-absent"}, copy
        assert not [what for what in told.unseen if "одул" in what]

    def test_one_that_hangs(self, ward: Ward, tmp_path: Path) -> None:
        faulty, plan = compiled("fault", tmp_path), tmp_path / "plan"
        plan.write_text("C_GetSlotList * * hang\n")
        ward.configure(agent=f'modules = ["{faulty}"]\nmodule_deadline_s = 2')
        tokens = Tokens(tmp_path / "tokens")
        with served(ward, tokens.env | fault_environment(plan)):
            told = ward.doctor().what("module-silent")
        assert "не ответила вовремя (C_GetSlotList)" in told

    def test_nobody_starts_workers(self, ward: Ward) -> None:
        assert "klyuchar-worker.socket" in ward.doctor().what("worker-absent")

    @ROOT_ONLY
    def test_who_may_not_ask_is_told_so(self, ward: Ward) -> None:
        with served(ward, {}):
            os.chmod(f"{ward.root}/w.sock", 0o600)
            told = ward.doctor(user=NOBODY)
        assert any("пускают только агента и root" in what for what in told.unseen)
        assert not told.codes & {"module-silent", "worker-absent"}
