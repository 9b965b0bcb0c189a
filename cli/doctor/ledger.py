"""The line to the ledger: is it reached, is it the one of the enrolment, is it in time.

Only questions are asked that change nothing there. What is wrong with the line is told by its
first fault: name, route, refusal, certificate, answer.
"""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import httpx

from agent.enrolment import read_enrolment
from agent.reach import connection, describe, printable
from agent.settings import Settings
from cli.doctor.finding import Finding, Outcome, forbidden, found
from cli.doctor.workstation import Workstation
from domain.errors import CouldNotAsk, Wrong
from journal.reader import Cursor, read

if TYPE_CHECKING:
    from journal.record import Line

_ENROL = "klyuchar enrol КОД"
_ANOTHER_KEY = "ledger-key-changed"
_CLOCKS_APART = timedelta(minutes=1)
_UNSHIPPED_FOR = timedelta(minutes=15)
_REFUSALS = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})
_LARGEST_KEY = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """``key`` is empty where the answer had none."""

    code: int
    key: bytes
    date: str


def enrolment(workstation: Workstation) -> Iterator[Outcome]:
    """The workstation knows its ledger's key and has an access of its own."""
    settings = workstation.settings
    if not settings.agent.enrolment.exists():
        yield found(
            "not-enrolled",
            ru="Рабочее место не подключено к журналу учёта: записи копятся здесь, а выданные "
            "носители ему неизвестны",
            en="The workstation is not enrolled: records pile up here, and no carrier is known",
            mend=_ENROL,
        )
        return
    try:
        read_enrolment(settings.courier.enrolment)
    except (Wrong, CouldNotAsk) as error:
        if isinstance(error.__cause__, PermissionError):
            yield forbidden(settings.courier.enrolment)
            return
        yield found(
            "enrolment-damaged",
            ru=error.text.ru.rstrip("."),
            en=error.text.en.rstrip("."),
            mend=_ENROL,
        )


def line(workstation: Workstation) -> Iterator[Outcome]:
    """The ledger answers, has the key that a person compared, and takes this workstation."""
    settings = workstation.settings
    with connection(settings.courier.ledger, settings.courier.ca_file, "") as client:
        client.timeout = httpx.Timeout(workstation.patience_s / 4)
        try:
            answer = _asked(client)
        except httpx.HTTPError as error:
            yield _unreached(describe(settings.courier.ledger), error)
            return
    judged = list(_judged(settings, answer))
    yield from judged
    # Whose key is another may be an impostor: the courier's token is nothing for it.
    another = any(isinstance(one, Finding) and one.code == _ANOTHER_KEY for one in judged)
    if answer.key and not another:
        yield from _access(workstation)


def shipping(workstation: Workstation) -> Iterator[Outcome]:
    """What is recorded reaches the ledger within a quarter of an hour."""
    settings = workstation.settings
    if not settings.agent.enrolment.exists():
        return
    try:
        acknowledged = Cursor(settings.courier.state / "acknowledged").value
        waiting = list(read(settings.agent.journal, acknowledged))
    except PermissionError:
        yield forbidden(settings.courier.state)
        return
    if waiting and _age(waiting[0]) > _UNSHIPPED_FOR:
        yield found(
            "courier-behind",
            ru=f"Журналу учёта не передано записей: {len(waiting)}, самой старой "
            f"{_age(waiting[0]) // timedelta(minutes=1)} мин",
            en=f"{len(waiting)} records have not reached the ledger, the oldest is "
            f"{_age(waiting[0]) // timedelta(minutes=1)} min old",
            mend="systemctl start klyuchar-courier; journalctl -u klyuchar-courier -n 20",
        )


def _age(line: Line) -> timedelta:
    from journal.decode import decode

    return datetime.now(UTC) - datetime.fromisoformat(decode(line.raw).time)


def _asked(client: httpx.Client) -> _Answer:
    with client.stream("GET", "/v1/key") as answer:
        untrusted = b""
        for chunk in answer.iter_raw():
            untrusted += chunk
            if len(untrusted) > _LARGEST_KEY:
                break
    return _Answer(
        code=answer.status_code, key=_key(untrusted), date=answer.headers.get("date", "")
    )


def _key(untrusted_content: bytes) -> bytes:
    try:
        return bytes.fromhex(json.loads(untrusted_content)["public_key"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return b""


def _judged(settings: Settings, answer: _Answer) -> Iterator[Outcome]:
    where = describe(settings.courier.ledger)
    if answer.code >= httpx.codes.INTERNAL_SERVER_ERROR:
        yield found(
            "ledger-busy",
            ru=f"Журнал учёта ({where}) отвечает, что сейчас не может (код {answer.code}): "
            "посмотрите на его компьютере",
            en=f"The ledger ({where}) says that it can't just now (code {answer.code}): look at "
            "its machine",
            mend="journalctl -u klyuchar-ledger -n 50",
        )
        return
    if not answer.key:
        yield found(
            "ledger-is-none",
            ru=f"По адресу {where} отвечает не журнал учёта (код {answer.code}). Исправьте "
            "[courier] ledger",
            en=f"What answers at {where} is no ledger (code {answer.code}). Mend [courier] ledger",
            mend="klyuchar config show",
        )
        return
    yield from _clocks(where, answer.date)
    try:
        pinned = bytes.fromhex(json.loads(settings.agent.enrolment.read_bytes())["ledger_key"])
    except FileNotFoundError:
        return
    except PermissionError:
        yield forbidden(settings.agent.enrolment)
        return
    except (ValueError, KeyError, TypeError):
        yield found(
            "enrolment-damaged",
            ru=f"Файл подключения {settings.agent.enrolment} испорчен",
            en=f"The enrolment file {settings.agent.enrolment} is damaged",
            mend=_ENROL,
        )
        return
    if answer.key != pinned:
        yield found(
            _ANOTHER_KEY,
            ru=f"Ключ журнала учёта ({where}) не тот, что сверен при подключении: журнал заведён "
            "заново, адрес чужой, или соединение подменено. Подключайте заново, только сверив "
            "отпечаток на компьютере журнала (klyuchar ledger fingerprint)",
            en=f"The key of the ledger ({where}) is not the one compared at enrolment: the ledger "
            "was made anew, the address is another's, or somebody is in between. Enrol again only "
            "after comparing the fingerprint on its machine (klyuchar ledger fingerprint)",
            mend=_ENROL,
        )


def _clocks(where: str, untrusted_date: str) -> Iterator[Outcome]:
    try:
        apart = parsedate_to_datetime(untrusted_date) - datetime.now(UTC)
    except (TypeError, ValueError):
        return
    if abs(apart) > _CLOCKS_APART:
        seconds = round(abs(apart).total_seconds())
        slow = apart > timedelta()
        ru, en = ("отстают от", "behind") if slow else ("спешат против", "ahead of")
        yield found(
            "clock-differs",
            ru=f"Часы этого компьютера {ru} часов журнала учёта ({where}) на {seconds} с",
            en=f"This machine's clock is {seconds} s {en} that of the ledger ({where})",
            mend="timedatectl set-ntp true; timedatectl status",
        )


def _access(workstation: Workstation) -> Iterator[Outcome]:
    """The courier's own token is taken. What can't be read is said by `enrolment`."""
    courier = workstation.settings.courier
    try:
        token = read_enrolment(courier.enrolment).token
    except (Wrong, CouldNotAsk):
        return
    with connection(courier.ledger, courier.ca_file, token) as client:
        client.timeout = httpx.Timeout(workstation.patience_s / 4)
        # Only whether it is given out counts: its bytes are left where they are.
        with client.stream("GET", "/v1/agent/snapshot") as answer:
            code = answer.status_code
    if code in _REFUSALS:
        yield found(
            "ledger-refuses-workstation",
            ru=f"Журнал учёта не принимает это рабочее место (код {code}): его подключили заново "
            "на другом компьютере или отключили",
            en=f"The ledger does not take this workstation (code {code}): it was enrolled anew on "
            "another machine, or revoked",
            mend=_ENROL,
        )


def _unreached(where: str, error: httpx.HTTPError) -> Outcome:
    """Which link of the line is broken, by what the system said at the bottom of the error."""
    reasons = list(_causes(error))
    told = printable(str(reasons[-1]) or type(error).__name__)
    for reason in reasons:
        if isinstance(reason, PermissionError):
            return forbidden(where)
        if isinstance(reason, ssl.SSLError):
            return _certificate(where, told)
        if isinstance(reason, socket.gaierror):
            return found(
                "ledger-name-unknown",
                ru=f"Имя журнала учёта ({where}) не находится: {told}",
                en=f"The name of the ledger ({where}) can't be resolved: {told}",
                mend=f"getent hosts {where.rpartition(':')[0] or where}; cat /etc/resolv.conf",
            )
        if isinstance(reason, ConnectionRefusedError | FileNotFoundError):
            return found(
                "ledger-refuses-connection",
                ru=f"Компьютер журнала учёта ({where}) есть, а журнал на нём не отвечает: он "
                "остановлен или слушает другой порт",
                en=f"The machine of the ledger ({where}) is there and the ledger does not answer: "
                "it is stopped or listens at another port",
                mend="systemctl start klyuchar-ledger",
            )
        if isinstance(reason, httpx.RemoteProtocolError):
            return found(
                "ledger-is-none",
                ru=f"По адресу {where} отвечает не журнал учёта, или он без шифрования ({told})",
                en=f"What answers at {where} is no ledger, or one without TLS ({told})",
                mend="klyuchar config show",
            )
    return found(
        "ledger-out-of-reach",
        ru=f"До журнала учёта ({where}) не добраться: нет сети, маршрута или мешает межсетевой "
        f"экран ({told})",
        en=f"There is no way to the ledger ({where}): no network, no route, or a firewall ({told})",
        mend=f"ip route; ping -c 3 {where.rpartition(':')[0] or where}",
    )


def _certificate(where: str, told: str) -> Finding:
    return found(
        "ledger-certificate",
        ru=f"Сертификат журнала учёта ({where}) не принят: {told}. Проверьте срок и имя в нём, "
        "часы и [courier] ca_file",
        en=f"The certificate of the ledger ({where}) is not accepted: {told}. Check its period and "
        "name, the clock and [courier] ca_file",
        mend=f"openssl s_client -connect {where} </dev/null | openssl x509 -noout -dates -subject",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
