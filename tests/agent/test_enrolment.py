"""The first trust: a one-time code for the ledger, a compared fingerprint for the workstation."""

from __future__ import annotations

import json
import os
import pty
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.books import Books
from domain.events import SnapshotAccepted, SnapshotRefused
from journal.signing import fingerprint, load_or_create
from tests.agent.liar import http, liar
from tests.ledger.running import ROOT, Running
from tests.outpost import Outpost

ROOT_ONLY = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")


@pytest.fixture(scope="module")
def ledger() -> Iterator[Running]:
    with Running() as running:
        yield running


@pytest.fixture
def outpost(ledger: Running) -> Iterator[Outpost]:
    outpost = Outpost(ledger)
    yield outpost
    outpost.close()


def is_enrolled(outpost: Outpost) -> bool:
    agent, courier = outpost.settings.agent, outpost.settings.courier
    assert agent.enrolment.exists() == courier.enrolment.exists()
    return agent.enrolment.exists()


def at_a_terminal(outpost: Outpost, typed: str, *arguments: str) -> tuple[int, str]:
    """`klyuchar enrol` with a person who types; the exit code and the screen."""
    ours, theirs = pty.openpty()
    os.write(ours, typed.encode())
    process = subprocess.Popen(
        [sys.executable, "-m", "cli.main", "--settings", str(outpost.file), "enrol", *arguments],
        cwd=ROOT,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    shown = b""
    with suppress(OSError):
        while chunk := os.read(ours, 4096):
            shown += chunk
    os.close(ours)
    return process.wait(30), shown.decode()


class TestPerson:
    def test_compares_what_both_machines_show(self, outpost: Outpost) -> None:
        code, screen = at_a_terminal(outpost, f"{outpost.code()}\nда\n")
        assert code == 0, screen
        assert outpost.fingerprint() in screen
        assert is_enrolled(outpost)

    @pytest.mark.parametrize("answer", ["нет", "", "ага", "нет\n" * 3])
    def test_who_does_not_say_yes_enrols_nothing_and_keeps_the_code(
        self, outpost: Outpost, answer: str
    ) -> None:
        given = outpost.code()
        code, screen = at_a_terminal(outpost, f"{answer}\n\x04", given)
        assert code == 1, screen
        assert "Traceback" not in screen
        assert not is_enrolled(outpost)
        assert outpost.enrol(given).returncode == 0

    def test_may_type_the_code_as_they_like(self, outpost: Outpost) -> None:
        typed = outpost.code().lower().replace("-", " ")
        assert outpost.enrol(typed).returncode == 0

    def test_may_type_the_fingerprint_as_they_like(self, outpost: Outpost) -> None:
        typed = outpost.fingerprint().upper().replace(" ", ":")
        assert outpost.enrol(fingerprint=typed).returncode == 0


class TestCode:
    def test_is_good_once(self, outpost: Outpost) -> None:
        code = outpost.code()
        assert outpost.enrol(code).returncode == 0
        again = outpost.enrol(code)
        assert (again.returncode, "уже использован" in again.stderr) == (1, True)

    def test_is_not_kept_by_the_ledger(self, outpost: Outpost) -> None:
        code = outpost.code()
        letters = code.replace("-", "").encode()
        for file in outpost.ledger.database.parent.glob("ledger.sqlite3*"):
            assert letters not in file.read_bytes()
            assert code.encode() not in file.read_bytes()

    @pytest.mark.parametrize("code", ["AAAAA-AAAAA-AAAAA-AAAAA", "-", "код", "x" * 4000])
    def test_that_nobody_gave_out_is_refused(self, outpost: Outpost, code: str) -> None:
        done = outpost.enrol(code)
        assert (done.returncode, "Traceback" in done.stderr) == (1, False)
        assert not is_enrolled(outpost)

    def test_of_another_workstation_is_refused_and_stays_good(self, outpost: Outpost) -> None:
        other = Outpost(outpost.ledger)
        code = other.code()
        done = outpost.enrol(code)
        assert done.returncode == 1
        assert outpost.host in done.stderr
        assert other.host in done.stderr
        assert not is_enrolled(outpost)
        assert other.enrol(code).returncode == 0

    def test_fits_a_host_name_in_any_case(self, ledger: Running) -> None:
        outpost = Outpost(ledger, host="PC-Accounts")
        assert outpost.enrol().returncode == 0
        outpost.ship()
        assert isinstance(Books(outpost.settings.agent).refresh()[0], SnapshotAccepted)


class TestFingerprint:
    def test_that_differs_stops_before_the_code_is_shown(self, outpost: Outpost) -> None:
        code = outpost.code()
        wrong = outpost.fingerprint()[:-4] + "0000"
        done = outpost.enrol(code, wrong)
        assert (done.returncode, "Отпечатки не совпали" in done.stderr) == (1, True)
        assert not is_enrolled(outpost)
        assert outpost.enrol(code).returncode == 0

    def test_of_somebody_on_the_line_gets_no_code(self, ledger: Running, tmp_path: Path) -> None:
        key = load_or_create(tmp_path / "key").public_key
        answer = http("200 OK", json.dumps({"public_key": key.hex()}).encode())
        with liar(answer) as lying:
            outpost = Outpost(ledger, address=f"http://127.0.0.1:{lying.port}")
            assert outpost.enrol().returncode == 1
        assert lying.asked == ["GET /v1/key HTTP/1.1"]

    def test_of_a_key_changed_meanwhile_is_not_pinned(
        self, ledger: Running, tmp_path: Path
    ) -> None:
        key = load_or_create(tmp_path / "key").public_key
        form = {"public_key": key.hex(), "token": "t", "ledger_key": "ab" * 32}
        with liar(http("200 OK", json.dumps(form).encode())) as lying:
            outpost = Outpost(ledger, address=f"http://127.0.0.1:{lying.port}")
            done = outpost.enrol("CODE", fingerprint(key))
        assert (done.returncode, "другой ключ" in done.stderr) == (1, True)
        assert not is_enrolled(outpost)


class TestFiles:
    def test_the_courier_can_change_no_pin(self, outpost: Outpost) -> None:
        """It has a copy; the agent reads its own, in a directory that is not the courier's."""
        outpost.enrolled()
        pinned = json.loads(outpost.settings.agent.enrolment.read_bytes())
        kept = json.loads(outpost.settings.courier.enrolment.read_bytes())
        assert pinned == {"ledger_key": kept["ledger_key"]}
        assert fingerprint(bytes.fromhex(pinned["ledger_key"])) == outpost.fingerprint()
        assert outpost.settings.courier.state not in outpost.settings.agent.enrolment.parents

    def test_nobody_else_reads_them(self, outpost: Outpost) -> None:
        outpost.enrolled()
        modes = {
            file: stat.S_IMODE(file.stat().st_mode)
            for file in (outpost.settings.agent.enrolment, outpost.settings.courier.enrolment)
        }
        assert not any(mode & 0o027 for mode in modes.values())
        assert modes[outpost.settings.courier.enrolment] == 0o600

    @ROOT_ONLY
    def test_they_belong_to_whom_the_directories_belong(self, outpost: Outpost) -> None:
        nobody, daemon = pwd.getpwnam("nobody"), pwd.getpwnam("daemon")
        agent, courier = outpost.settings.agent, outpost.settings.courier
        agent.key.unlink()
        os.chown(agent.state, nobody.pw_uid, nobody.pw_gid)
        os.chown(courier.state, daemon.pw_uid, nobody.pw_gid)
        outpost.enrolled()
        owners = {
            file: (file.stat().st_uid, file.stat().st_gid)
            for file in (agent.key, agent.enrolment, courier.enrolment)
        }
        assert owners == {
            agent.key: (nobody.pw_uid, nobody.pw_gid),
            agent.enrolment: (nobody.pw_uid, nobody.pw_gid),
            courier.enrolment: (daemon.pw_uid, nobody.pw_gid),
        }

    def test_a_link_left_in_the_way_leads_nowhere(self, outpost: Outpost, tmp_path: Path) -> None:
        """Root runs this in a directory where the courier, who talks to the network, may write."""
        victim = tmp_path / "shadow"
        victim.write_text("root")
        courier = outpost.settings.courier
        for name in ("enrolment.json.new", "enrolment.json"):
            (courier.state / name).symlink_to(victim)
        owner = victim.stat().st_uid, victim.stat().st_mode
        outpost.enrolled()
        assert victim.read_text() == "root"
        assert (victim.stat().st_uid, victim.stat().st_mode) == owner
        assert not courier.enrolment.is_symlink()

    @pytest.mark.parametrize("missing", ["agent", "courier"])
    def test_a_state_that_is_out_of_reach_costs_no_code(
        self, outpost: Outpost, missing: str
    ) -> None:
        state = outpost.directory / missing
        state.rename(outpost.directory / "away")
        code = outpost.code()
        done = outpost.enrol(code)
        assert (done.returncode, str(state) in done.stderr) == (75, True)
        assert "Traceback" not in done.stderr
        (outpost.directory / "away").rename(state)
        assert outpost.enrol(code).returncode == 0

    def test_a_ledger_that_does_not_answer_is_said(self, ledger: Running) -> None:
        outpost = Outpost(ledger, address="http://127.0.0.1:1")
        done = outpost.enrol("CODE", "x")
        assert (done.returncode, "недоступен" in done.stderr) == (75, True)


class TestAgain:
    def test_is_an_alarm_and_the_former_token_is_worth_nothing(self, outpost: Outpost) -> None:
        outpost.enrolled()
        former = outpost.settings.courier.enrolment.read_bytes()
        outpost.write_many(2)
        outpost.ship()
        assert outpost.cases() == []
        outpost.enrolled()
        assert outpost.cases() == [("enrolled-again", True)]
        outpost.write_many(2)
        outpost.ship()
        assert outpost.received() == [outpost.lines()]
        outpost.settings.courier.enrolment.write_bytes(former)
        done = outpost.courier()
        assert (done.returncode, "klyuchar enrol" in done.stderr) == (1, True)

    def test_a_running_agent_believes_a_restored_ledger_then(self) -> None:
        with Running() as ledger:
            outpost = Outpost(ledger).enrolled()
            ledger.stop()
            backup = ledger.directory / "backup"
            shutil.copytree(ledger.database.parent, backup)
            ledger.start()
            for number in range(3):
                answer = ledger.command(
                    "register-carrier", maker="jacarta", model="M", serial=f"a{number}"
                )
                assert answer.status_code == 200
            outpost.ship()
            books = Books(outpost.settings.agent)
            (accepted,) = books.refresh()
            assert isinstance(accepted, SnapshotAccepted)
            assert accepted.entries == 3
            ledger.stop()
            shutil.rmtree(ledger.database.parent)
            shutil.copytree(backup, ledger.database.parent)
            ledger.start()
            outpost.ship()
            (refused,) = books.refresh()
            assert isinstance(refused, SnapshotRefused)
            assert "старше" in refused.reason
            assert books.snapshot is not None
            assert books.snapshot.header.entries == 3
            outpost.enrolled()
            outpost.ship()
            (accepted,) = books.refresh()
            assert isinstance(accepted, SnapshotAccepted)
            assert accepted.entries == 0

    def test_a_running_agent_believes_another_ledger_then(self, outpost: Outpost) -> None:
        outpost.enrolled()
        outpost.ship()
        books = Books(outpost.settings.agent)
        assert [type(event) for event in books.refresh()] == [SnapshotAccepted]
        with Running() as other:
            new_home = Outpost(other, host=outpost.host)
            settings = outpost.file.read_text()
            outpost.file.write_text(settings.replace(f":{outpost.ledger.port}", f":{other.port}"))
            done = outpost.courier()
            assert (done.returncode, "klyuchar enrol" in done.stderr) == (1, True)
            assert outpost.enrol(new_home.code(), new_home.fingerprint()).returncode == 0
            outpost.ship()
            assert [type(event) for event in books.refresh()] == [SnapshotAccepted]
            assert books.snapshot is not None
            with other.officer() as client:
                assert books.snapshot.mark.version <= client.get("/v1/ledger").json()["seq"]
