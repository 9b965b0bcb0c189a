"""The ledger's own process, on its own sockets."""

from __future__ import annotations

import json
import os
import pwd
import socket
import stat
import subprocess
import threading
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from journal.signing import fingerprint
from ledger.store import SqliteStore
from ledger.verify import verify
from tests.ledger.running import Running


def test_the_socket_is_for_owner_and_group_only(running: Running) -> None:
    assert stat.S_IMODE(running.socket.stat().st_mode) == 0o660


def test_the_state_is_for_the_ledger_only(running: Running) -> None:
    state = running.database.parent
    files = [state, *state.rglob("*")]
    assert all(stat.S_IMODE(file.stat().st_mode) & 0o077 == 0 for file in files)


def test_every_answer_says_when_it_was_made(running: Running) -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    with running.officer() as client:
        answers = [client.get("/v1/people"), client.get("/v1/nowhere")]
    for answer in answers:
        assert before <= parsedate_to_datetime(answer.headers["date"]) <= datetime.now(UTC)


def test_a_command_names_who_gave_it_as_the_kernel_says(running: Running) -> None:
    answer = running.command("register-person", name="Иванова И. И.")
    assert answer.status_code == 200
    assert answer.json()["events"][0]["fact"]["person"] == 1
    line = _lines(running)[-1]
    assert json.loads(line)["body"]["origin"]["who"] == pwd.getpwuid(os.getuid()).pw_name


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")
def test_another_member_of_the_group_is_named_too(running: Running) -> None:
    os.chown(running.socket, 0, pwd.getpwnam("nobody").pw_gid)
    running.directory.chmod(0o711)
    body = '{"type":"register-person","name":"Иванова И. И."}'
    program = (
        "import os,socket,sys; u=int(sys.argv[2]); os.setgid(int(sys.argv[3])); os.setuid(u);"
        "s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); b=sys.argv[4].encode();"
        "s.sendall(b'POST /v1/commands HTTP/1.1\\r\\nHost: l\\r\\nConnection: close\\r\\n"
        "Content-Length: %d\\r\\n\\r\\n%s' % (len(b), b)); s.recv(4096)"
    )
    nobody = pwd.getpwnam("nobody")
    identity = [str(nobody.pw_uid), str(nobody.pw_gid)]
    subprocess.run(
        ["/usr/bin/python3", "-c", program, str(running.socket), *identity, body], check=True
    )
    assert json.loads(_lines(running)[-1])["body"]["origin"]["who"] == "nobody"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/commands"),
        ("GET", "/v1/ledger"),
        ("GET", "/v1/people"),
        ("GET", "/v1/carriers"),
        ("GET", "/v1/documents"),
        ("GET", "/v1/workstations"),
        ("GET", "/v1/events"),
        ("GET", "/v1/cases"),
        ("POST", "/v1/workstations/code"),
    ],
)
def test_the_tcp_listener_has_no_officer_routes(running: Running, method: str, path: str) -> None:
    content = {"type": "register-person", "name": "Петров П. П."}
    url = f"http://127.0.0.1:{running.port}{path}"
    answer = httpx.request(method, url, json=content if method == "POST" else None)
    assert answer.status_code == 404
    assert len(_lines(running)) == 1


def test_the_tcp_listener_tells_the_key(running: Running) -> None:
    answer = httpx.get(f"http://127.0.0.1:{running.port}/v1/key").json()
    assert answer["fingerprint"] == fingerprint(bytes.fromhex(answer["public_key"]))


def test_a_refusal_is_a_problem_with_its_clause(running: Running) -> None:
    for kind, fields in (
        ("register-person", {"name": "Иванова И. И."}),
        ("register-carrier", {"maker": "softhsm", "model": "SoftHSM v2", "serial": "a1b2"}),
        ("register-key-document", {"carrier": 1}),
    ):
        assert running.command(kind, **fields).status_code == 200
    answer = running.command("issue", document="КН-0001", person=1, receipt="1")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["clause"], problem["status"]) == ("2.2", 422)
    assert "допуске" in problem["detail"]
    assert "admits" in problem["en"]


def test_an_ambiguous_serial_is_refused_and_never_guessed(running: Running) -> None:
    answer = running.command(
        "register-carrier", maker="rutoken", model="Rutoken ECP", serial="0000012345"
    )
    assert (answer.status_code, answer.json()["clause"]) == (422, "3.4")
    settled = running.command(
        "register-carrier", maker="rutoken", model="M", serial="12345", reading="hexadecimal"
    )
    assert settled.status_code == 200
    with running.officer() as client:
        found = client.get("/v1/carriers", params={"serial": "12345"}).json()
        assert found["ambiguous"] is True
        assert [row["serial"] for row in found["carriers"]] == ["12345"]
        found = client.get("/v1/carriers", params={"serial": "0x12345"}).json()
        assert len(found["carriers"]) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"nonsense", b"[]", b'{"type":"erase-everything"}', b'{"type":"issue"}', b"\xff\xfe",
     b'{"type":"register-person","name":"A","unknown":1}', b'{"type":"register-person","name":1}',
     b'{"type":"register-person","name":"' + b"A" * 501 + b'"}',
     b'{"type":"register-key-document","carrier":99999999999999999999}'],
)  # fmt: skip
def test_nonsense_is_a_problem_and_changes_nothing(running: Running, body: bytes) -> None:
    with running.officer() as client:
        answer = client.post("/v1/commands", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert len(_lines(running)) == 1


def test_a_command_of_two_megabytes_is_not_read(running: Running) -> None:
    with running.officer() as client:
        assert client.post("/v1/commands", content=b" " * (2 << 20)).status_code == 413


@pytest.mark.parametrize(("path", "status"), [("/v1/nowhere", 404), ("/v1/events?after=x", 400)])
def test_every_error_is_a_problem(running: Running, path: str, status: int) -> None:
    with running.officer() as client:
        answer = client.get(path)
    assert answer.status_code == status
    assert {"title", "detail", "en"} <= set(answer.json())


def test_the_events_are_the_chain_byte_for_byte(running: Running) -> None:
    many = 2500
    store = SqliteStore(running.database)
    store.write(lambda transaction: [transaction.append("Tried", {}) for _ in range(many)])
    store.close()
    report = verify(_lines(running))
    assert (report.broken, report.head.seq) == (None, many + 1)
    with running.officer() as client:
        told = client.get("/v1/ledger").json()
        after = client.get("/v1/events", params={"after": many}).content.splitlines()
    assert (told["seq"], told["head"]) == (many + 1, report.head.digest.hex())
    assert len(after) == 1


def test_two_officers_at_once_lose_and_double_nothing(running: Running) -> None:
    def register(officer: int) -> None:
        for number in range(15):
            name = f"{officer}-{number}"
            assert running.command("register-person", name=name).status_code == 200

    threads = [threading.Thread(target=register, args=(officer,)) for officer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with running.officer() as client:
        people = client.get("/v1/people").json()
    assert [row["person"] for row in people] == list(range(1, 61))
    assert len({row["name"] for row in people}) == 60
    assert verify(_lines(running)).broken is None


def test_it_ends_cleanly_and_takes_its_socket_along(running: Running) -> None:
    assert running.stop() == 0
    assert not running.socket.exists()


def test_a_second_ledger_is_refused_in_words(running: Running) -> None:
    second = running.spawn()
    assert second.wait(20) == os.EX_CONFIG
    assert "уже запущен" in (running.directory / "log").read_text()
    assert running.command("register-person", name="Иванова И. И.").status_code == 200


def test_a_socket_left_by_a_killed_ledger_is_replaced(running: Running) -> None:
    running.kill()
    assert running.socket.exists()
    running.start()


def test_another_signing_key_is_refused(running: Running) -> None:
    assert running.stop() == 0
    (running.database.parent / "key").unlink()
    process = running.spawn()
    assert process.wait(20) == os.EX_CONFIG
    assert "резервной копии" in (running.directory / "log").read_text()


def test_systemd_is_told_when_it_answers() -> None:
    ledger = Running()
    place = ledger.directory / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(place))
        listening.settimeout(20)
        before = os.environ.get("NOTIFY_SOCKET")
        os.environ["NOTIFY_SOCKET"] = str(place)
        try:
            with ledger:
                assert listening.recv(100) == b"READY=1"
                ledger.stop()
                assert listening.recv(100) == b"STOPPING=1"
        finally:
            os.environ.pop("NOTIFY_SOCKET")
            if before is not None:
                os.environ["NOTIFY_SOCKET"] = before


def test_memory_stays_small(running: Running) -> None:
    assert running.process is not None
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    rss = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    assert rss < 60 * 1024


def _lines(running: Running) -> list[bytes]:
    with running.officer() as client:
        return client.get("/v1/events").content.splitlines(keepends=True)
