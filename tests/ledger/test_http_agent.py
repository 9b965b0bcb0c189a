"""What a workstation's listener takes from anybody: refusals in words, nothing recorded."""

from __future__ import annotations

import json
import resource
import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from journal.digest import sha256
from ledger.http_agent import LARGEST_BATCH
from ledger.serve import MOST_CONNECTIONS
from tests.authority import Authority
from tests.ledger.running import Running
from tests.outpost import Outpost
from tests.waiting import wait_for

GENERATION = "a" * 64


@pytest.fixture(scope="module")
def outpost() -> Iterator[Outpost]:
    with Running() as ledger:
        yield Outpost(ledger).enrolled()


@pytest.fixture
def client(outpost: Outpost) -> Iterator[httpx.Client]:
    """An enrolled courier's connection, for a test to misuse."""
    token = json.loads(outpost.settings.courier.enrolment.read_bytes())["token"]
    with httpx.Client(
        base_url=f"http://127.0.0.1:{outpost.ledger.port}",
        headers={"authorization": f"Bearer {token}"},
        timeout=20,
    ) as one:
        yield one


def events(outpost: Outpost) -> int:
    with outpost.ledger.officer() as officer:
        return int(officer.get("/v1/ledger").json()["seq"])


def expect_problem(answer: httpx.Response, *statuses: int) -> None:
    assert answer.status_code in statuses, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"title", "detail", "en"} <= set(answer.json())


@pytest.mark.parametrize(
    "header",
    ["", "Bearer", "Bearer " + "a" * 64, "Basic YTpi", "bearer \xe9", "a" * 9000],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/agent/head"),
        ("GET", "/v1/agent/snapshot"),
        ("POST", "/v1/agent/journal"),
        ("POST", "/v1/agent/breach"),
    ],
)
def test_a_stranger_is_refused(outpost: Outpost, header: str, method: str, path: str) -> None:
    before = events(outpost)
    answer = httpx.request(
        method,
        f"http://127.0.0.1:{outpost.ledger.port}{path}?generation={GENERATION}",
        headers={"authorization": header.encode("latin-1")},
        content=b"x" if method == "POST" else None,
    )
    expect_problem(answer, 401)
    assert events(outpost) == before


@pytest.mark.parametrize("generation", ["", "a", "A" * 64, "g" * 64, "a" * 65, "а" * 64, "../x"])
@pytest.mark.parametrize("path", ["head", "journal", "breach"])
def test_a_generation_is_a_digest(client: httpx.Client, path: str, generation: str) -> None:
    method = "GET" if path == "head" else "POST"
    answer = client.request(method, f"/v1/agent/{path}", params={"generation": generation})
    expect_problem(answer, 400)


BREACHES: list[Any] = [
    b"",
    b"\xff",
    [],
    {},
    {"what": "gap"},
    {"what": "gap", "seq": 3},
    {"what": "gap", "seq": 3, "prev": "x"},
    {"what": "gap", "seq": -1, "prev": "a" * 64},
    {"what": "gap", "seq": 1 << 53, "prev": "a" * 64},
    {"what": "gap", "seq": 10**30, "prev": "a" * 64},
    {"what": "truncated", "seq": -1},
    {"what": "truncated", "seq": "1"},
    {"what": "truncated", "seq": 1.5},
    {"what": "rewritten", "seq": 1},
    {"what": "unreadable", "seq": None},
    {"what": "unreadable", "seq": 1, "more": 1},
    {"what": "unreadable", "seq": 1, "prev": "a" * 9000},
]


@pytest.mark.parametrize("form", BREACHES)
def test_a_report_that_is_none(outpost: Outpost, client: httpx.Client, form: Any) -> None:
    before = events(outpost)
    content = form if isinstance(form, bytes) else json.dumps(form).encode()
    answer = client.post("/v1/agent/breach", params={"generation": GENERATION}, content=content)
    expect_problem(answer, 400, 413)
    assert events(outpost) == before


@pytest.mark.parametrize("content", [b"", b"x", b"\n", b"{}\n", b"\0" * 1000 + b"\n", b"\xff\n"])
def test_lines_that_are_none(outpost: Outpost, client: httpx.Client, content: bytes) -> None:
    before = events(outpost)
    answer = client.post("/v1/agent/journal", params={"generation": GENERATION}, content=content)
    expect_problem(answer, 422)
    assert events(outpost) == before


def test_a_batch_without_end_is_not_read(client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(64):
            yield b"a" * (LARGEST_BATCH // 32)

    answer = client.post("/v1/agent/journal", params={"generation": GENERATION}, content=endless())
    expect_problem(answer, 413)


@pytest.mark.parametrize(
    "form",
    [
        {"code": "x", "host": "pc-17", "public_key": "zz"},
        {"code": "x", "host": "pc-17", "public_key": "A" * 64},
        {"code": "x", "host": "pc-17"},
        {"code": 5, "host": "pc-17", "public_key": "a" * 64},
        {"code": "x", "host": "pc-17", "public_key": "a" * 64, "admin": True},
    ],
)
def test_an_enrolment_that_is_none(outpost: Outpost, client: httpx.Client, form: object) -> None:
    before = events(outpost)
    expect_problem(client.post("/v1/enrol", json=form), 400)
    assert events(outpost) == before


def test_a_head_is_told_of_ones_own_journal_only(outpost: Outpost, client: httpx.Client) -> None:
    outpost.write_many(2)
    outpost.ship()
    generation = sha256(outpost.lines()[0]).hex()
    other = Outpost(outpost.ledger).enrolled()
    token = json.loads(other.settings.courier.enrolment.read_bytes())["token"]
    mine = client.get("/v1/agent/head", params={"generation": generation}).json()
    theirs = client.get(
        "/v1/agent/head",
        params={"generation": generation},
        headers={"authorization": f"Bearer {token}"},
    ).json()
    assert (mine["seq"], theirs["seq"]) == (2, 0)


def test_over_tls_with_an_authority_of_the_house() -> None:
    """The whole way as between two machines: certificate, enrolment, shipping, snapshot."""
    ledger = Running()
    authority = Authority(ledger.directory)
    certificate, key = authority.server()
    with ledger.settings.open("a") as settings:
        settings.write(f'certificate = "{certificate}"\ncertificate_key = "{key}"\n')
    with ledger:
        outpost = Outpost(
            ledger,
            address=f"https://127.0.0.1:{ledger.port}",
            more=f'ca_file = "{authority.ca_file}"\n',
        ).enrolled()
        outpost.write_many(3)
        outpost.ship()
        assert outpost.received() == [outpost.lines()]
        assert outpost.settings.agent.inbox.exists()
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{ledger.port}/v1/key")
        stranger = Outpost(ledger, address=f"https://127.0.0.1:{ledger.port}")
        done = stranger.enrol()
        assert (done.returncode, "CERTIFICATE_VERIFY_FAILED" in done.stderr) == (75, True)


def test_a_crowd_at_the_door_keeps_no_officer_out(outpost: Outpost) -> None:
    crowd = []
    process = outpost.ledger.process
    assert process is not None
    limit = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (MOST_CONNECTIONS + 300, limit[1]))
    try:
        for _ in range(MOST_CONNECTIONS + 500):
            crowd.append(socket.create_connection(("127.0.0.1", outpost.ledger.port), timeout=10))
        assert outpost.case_rows() is not None
        answer = outpost.ledger.command("register-person", name="Иванова И. И.")
        assert answer.status_code == 200
    finally:
        for one in crowd:
            one.close()
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limit)
    outpost.write_many(1)
    wait_for(lambda: outpost.courier().returncode == 0, 20, "the door is free again")


def test_a_disk_that_takes_no_snapshot_is_said_and_asked_again(outpost: Outpost) -> None:
    snapshots = outpost.ledger.database.parent / "snapshots"
    snapshots.rename(snapshots.with_name("away"))
    answer = outpost.ledger.command("register-carrier", maker="jacarta", model="M", serial="c0ffee")
    assert answer.status_code == 200
    done = outpost.courier()
    assert (done.returncode, "503" in done.stderr) == (75, True)
    snapshots.with_name("away").rename(snapshots)
    outpost.ship()
