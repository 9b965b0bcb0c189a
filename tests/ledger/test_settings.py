"""Wrong settings are named, by the program that a person starts, before anything is served."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from domain.errors import Wrong
from ledger.due import Rules
from ledger.events import Role, Severity
from ledger.quiet import DAYS, QuietTimes
from ledger.settings import LedgerSettings, address, load, rules
from tests.authority import Authority
from tests.ledger.running import Running

GOOD = 'state = "/s"\nsocket = "/s/l.sock"\norganisation = "МБУ"\n'
MAIL = 'to = "r@example.org"\nsender = "k@example.org"\nhost = "mail.example.org"\n'
TLS = 'certificate = "/c"\ncertificate_key = "/k"\n'


def loaded(directory: Path, ledger: str, mail: str | None = None) -> LedgerSettings:
    file = directory / "klyuchar.toml"
    table = "" if mail is None else f"[ledger.mail]\n{mail}"
    file.write_text(f"[ledger]\n{ledger}{table}")
    return load(file)


def test_good_ones_have_their_defaults(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD, MAIL)
    assert settings.mail is not None
    assert (settings.mail.port, settings.mail.starttls, settings.mail.tls) == (587, True, False)
    assert settings.database == Path("/s/ledger.sqlite3")


@pytest.mark.parametrize(
    ("ledger", "mail", "named"),
    [
        ("", None, "state"),
        ('state = "/s"\n', None, "socket"),
        (GOOD + "lisen = 1\n", None, "lisen"),
        (GOOD + "listen = 8443\n", None, "listen"),
        (GOOD + 'listen = "8443"\n', None, "listen"),
        (GOOD + 'listen = ":8443"\n', None, "listen"),
        (GOOD + 'listen = "127.0.0.1:https"\n', None, "listen"),
        (GOOD + 'listen = "127.0.0.1:99999"\n', None, "listen"),
        (GOOD + 'listen = "127.0.0.1:٣"\n', None, "listen"),
        (GOOD + 'listen = "0.0.0.0:8443"\n', None, "TLS"),
        (GOOD + 'listen = "ledger.example.org:8443"\n', None, "TLS"),
        (GOOD + 'certificate = "/c"\n', None, "certificate_key"),
        (GOOD + 'certificate_key = "/k"\n', None, "certificate"),
        (GOOD + "number = 7\n", None, "number"),
        (GOOD + 'number = "КН"\n', None, "number"),
        (GOOD + 'number = "КН-{"\n', None, "number"),
        (GOOD + 'number = "{}-{}"\n', None, "number"),
        (GOOD + 'number = "{year}"\n', None, "number"),
        (GOOD.replace('"МБУ"', "true"), None, "organisation"),
        (GOOD + "mail = true\n", None, "[ledger.mail]"),
        (GOOD, "", "to"),
        (GOOD, MAIL + "starttsl = true\n", "starttsl"),
        (GOOD, MAIL + 'starttls = "yes"\n', "starttls"),
        (GOOD, MAIL + "starttls = false\n", "TLS"),
        (GOOD, MAIL + "starttls = false\ntls = false\n", "TLS"),
        (GOOD, MAIL + 'port = "587"\n', "port"),
        (GOOD, MAIL + "port = 0\n", "port"),
        (GOOD, MAIL + "port = true\n", "port"),
        (GOOD, MAIL + 'username = "k"\n', "password_file"),
        (GOOD, MAIL + 'password_file = "/p"\n', "username"),
        (GOOD, MAIL + 'password = "secret"\n', "password"),
        (GOOD, MAIL.replace("r@example.org", "почта"), "to"),
        (GOOD, MAIL.replace("r@example.org", "r@example.org\\nBcc: x@y"), "to"),
        (GOOD, MAIL.replace("k@example.org", ""), "sender"),
        (GOOD, MAIL + 'deputy = "почта"\n', "deputy"),
        (GOOD, MAIL + "repeat_hours = -1\n", "repeat_hours"),
        (GOOD, MAIL + "repeat_hours = 1.5\n", "repeat_hours"),
        (GOOD, MAIL + "escalate_hours = 9000\n", "escalate_hours"),
        (GOOD, MAIL + 'quiet = "20-8"\n', "quiet"),
        (GOOD, MAIL + 'quiet = "08:00-08:00"\n', "quiet"),
        (GOOD, MAIL + 'quiet_days = ["суббота"]\n', "quiet_days"),
        (GOOD, MAIL + f"quiet_days = {list(DAYS)}\n", "quiet_days"),
        (GOOD, MAIL + 'quiet_passes = ["alert"]\n', "quiet_passes"),
        (GOOD + 'time_zone = "Moscow"\n', None, "time_zone"),
        (GOOD + 'time_zone = "../zone"\n', None, "time_zone"),
        (GOOD + 'time_zone = "Europe"\n', None, "time_zone"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, ledger: str, mail: str | None, named: str) -> None:
    with pytest.raises(Wrong) as raised:
        loaded(tmp_path, ledger, mail)
    assert named in raised.value.text.ru.replace(str(tmp_path), "")
    assert str(tmp_path / "klyuchar.toml") in raised.value.text.ru
    assert "__init__" not in raised.value.text.en


def test_when_mail_is_sent_is_said_by_the_settings(tmp_path: Path) -> None:
    quiet = 'quiet = "20:00-08:30"\nquiet_days = ["sat", "sun"]\nquiet_passes = ["deny"]\n'
    more = 'deputy = "d@example.org"\nrepeat_hours = 12\nescalate_hours = 0\n'
    settings = loaded(tmp_path, GOOD + 'time_zone = "Asia/Omsk"\n', MAIL + quiet + more)
    assert settings.mail is not None
    assert rules(settings, settings.mail) == Rules(
        known=frozenset(Role),
        repeat=timedelta(hours=12),
        escalate=None,
        quiet=QuietTimes(
            zone=ZoneInfo("Asia/Omsk"), begin=time(20), end=time(8, 30), days=frozenset({5, 6})
        ),
        passing=frozenset({Severity.DENY}),
    )


def test_left_alone_it_is_never_quiet_and_the_zone_is_the_machines(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD, MAIL)
    assert settings.mail is not None
    said = rules(settings, settings.mail)
    now = datetime.now(UTC)
    assert said.known == {Role.OFFICER}
    assert not said.quiet.holds(now)
    # Not by TZ: a service has none.
    machine = subprocess.run(
        ["date", "-d", now.isoformat(), "+%z"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert now.astimezone(said.quiet.zone).strftime("%z") == machine


@pytest.mark.parametrize("content", ["ledger = 5", "", "[agent]", "[ledger", "[[ledger]]", "\0"])
def test_a_file_without_the_table_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "klyuchar.toml"
    file.write_text(content)
    with pytest.raises(Wrong) as raised:
        load(file)
    assert str(file) in raised.value.text.ru


def test_a_file_that_is_not_there_or_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"\xff\xfe[ledger]")
    for name in ("none", "bad", "."):
        with pytest.raises(Wrong):
            load(tmp_path / name)


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("", None),
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("[::1]:8443", ("::1", 8443)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address_is_host_and_port(listen: str, place: tuple[str, int] | None) -> None:
    assert address(listen) == place


@pytest.mark.parametrize("listen", ["127.0.0.1:1", "[::1]:1", "localhost:1", "127.5.5.5:1"])
def test_this_machine_needs_no_certificate(tmp_path: Path, listen: str) -> None:
    loaded(tmp_path, GOOD + f'listen = "{listen}"\n')


def test_with_a_certificate_any_address_is_good(tmp_path: Path) -> None:
    loaded(tmp_path, GOOD + 'listen = "0.0.0.0:8443"\n' + TLS)


def test_tls_from_the_start_is_enough_for_mail(tmp_path: Path) -> None:
    loaded(tmp_path, GOOD, MAIL + "starttls = false\ntls = true\nport = 465\n")


class TestServing:
    """By the program itself."""

    def refused(self, more: str) -> tuple[int, str]:
        ledger = Running(more)
        try:
            code = ledger.spawn().wait(20)
            return code, ledger.log
        except subprocess.TimeoutExpired:
            raise AssertionError("it serves") from None
        finally:
            ledger.__exit__(None, None, None)

    @pytest.mark.parametrize("content", [None, "", "garbage"])
    def test_a_certificate_that_is_none_is_said(self, tmp_path: Path, content: str | None) -> None:
        files = {name: tmp_path / name for name in ("certificate", "certificate_key")}
        for file in files.values():
            if content is not None:
                file.write_text(content)
        more = "".join(f'{name} = "{file}"\n' for name, file in files.items())
        code, log = self.refused(more)
        assert (code, "Traceback" in log) == (78, False), log
        assert "certificate" in log
        assert str(files["certificate"]) in log

    def test_a_key_of_another_certificate_is_said(self, tmp_path: Path) -> None:
        authority = Authority(tmp_path)
        certificate, _ = authority.server()
        _, other_key = authority.server("localhost")
        more = f'certificate = "{certificate}"\ncertificate_key = "{other_key}"\n'
        code, log = self.refused(more)
        assert (code, "Traceback" in log) == (78, False), log

    def test_a_setting_that_is_none_is_said(self) -> None:
        code, log = self.refused("lisen = 5\n")
        assert (code, "Traceback" in log, "lisen" in log) == (78, False, True), log

    @pytest.mark.parametrize(
        ("name", "value"),
        [("state", "/proc/none"), ("socket", "/proc/none"), ("state", "/dev/null")],
    )
    def test_a_place_that_is_out_of_reach_is_said(self, name: str, value: str) -> None:
        ledger = Running()
        lines = ledger.settings.read_text().splitlines()
        lines = [f'{name} = "{value}"' if line.startswith(f"{name} =") else line for line in lines]
        ledger.settings.write_text("\n".join(lines))
        try:
            code = ledger.spawn().wait(20)
            assert (code, "Traceback" in ledger.log) == (75, False), ledger.log
            assert value in ledger.log
        finally:
            ledger.__exit__(None, None, None)
