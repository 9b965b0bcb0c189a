"""What each action of `klyuchar ledger` does."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from datetime import date
from typing import Any

from cli.ask import ask, pick
from cli.dates import here, in_order
from cli.ledger_client import LedgerClient, not_understood
from cli.ledger_installed import HEADINGS as INSTALLED
from cli.ledger_installed import rows as installed_on
from cli.ledger_installed import told as told_of
from cli.ledger_lists import HEADINGS, row_of
from cli.ledger_which import (
    carrier_number,
    certificate_fingerprint,
    key_end,
    person_number,
    serial_reading,
)
from cli.ledger_words import MAKERS, METHODS, REASONS, ROLES, SAID
from cli.terminal import out, table
from cli.wording import printable
from domain.errors import Wrong
from domain.text import Text
from ledger.settings import load

Answer = dict[str, Any]


class Session:
    """One action: its arguments, the ledger, and the person at the terminal."""

    def __init__(self, args: argparse.Namespace, client: LedgerClient) -> None:
        self.args = args
        self.client = client
        self.language: str = args.language

    def given(self, name: str) -> str:
        """The argument ``--name``, empty where it was not given."""
        return getattr(self.args, name.replace("-", "_"), None) or ""

    def need(self, name: str, ru: str, en: str) -> str:
        """The argument ``--name``, or the answer to the question for it."""
        return self.given(name) or ask(Text(ru=ru, en=en), self.language, missing=f"--{name}")

    def choose(self, name: str, question: Text, choices: dict[str, Text]) -> str:
        """The argument ``--name``, or what the person picks."""
        return self.given(name) or pick(question, choices, self.language, missing=f"--{name}")

    def person(self) -> int:
        typed = self.need("person", "Кто: № или фамилия", "Who (number or name)")
        return person_number(self.client, typed, self.language)

    def document(self) -> str:
        return self.need("document", "Учётный номер документа", "Account number")

    def case(self) -> int:
        case = self.need("case", "Номер дела", "Case number")
        if not case.isdecimal():
            raise Wrong(Text(ru=f"Номер дела — число: {case}.", en=f"Not a case number: {case}."))
        return int(case)

    def role(self) -> str:
        """Who is away or back: the responsible user where nothing else was said."""
        role = self.given("role") or "officer"
        if role not in ROLES:
            raise Wrong(
                Text(
                    ru=f"--role — один из: {', '.join(ROLES)}.",
                    en=f"--role is one of {', '.join(ROLES)}.",
                )
            )
        return role

    def day(self, name: str) -> str:
        """The day given as ``--name``, today where none was."""
        return in_order(self.given(name)) or date.today().isoformat()

    def command(self, kind: str, **fields: Any) -> Answer:
        """Give the command, with when and why it happened where that was said."""
        said = {"happened": in_order(self.given("happened")), "ground": self.given("ground")}
        return self.client.command(kind, **(said | fields))

    def say(self, ru: str, en: str) -> None:
        for line in Text(ru=ru, en=en).in_language(self.language).splitlines():
            out(line)

    def say_json(self, value: object) -> None:
        print(json.dumps(value, ensure_ascii=False))


def _with_ledger(act: Callable[[Session], int]) -> Callable[[argparse.Namespace], int]:
    def run(args: argparse.Namespace) -> int:
        with LedgerClient(load(args.settings).socket) as client:
            try:
                return act(Session(args, client))
            except (KeyError, TypeError, ValueError) as error:
                raise not_understood(repr(error)) from error

    return run


def _commanded(give: Callable[[Session], Answer]) -> Callable[[argparse.Namespace], int]:
    """An action that ends in one command: the person is told the facts that it made."""

    def act(session: Session) -> int:
        answer = give(session)
        if session.args.json:
            session.say_json(answer)
            return 0
        for event in answer["events"]:
            out(SAID[event["event"]](event["fact"]).in_language(session.language))
        return 0

    return _with_ledger(act)


def _person_add(session: Session) -> Answer:
    return session.command(
        "register-person",
        name=session.need("name", "Фамилия, имя, отчество", "Name"),
        post=session.given("post"),
        unit=session.given("unit"),
    )


def _person_login(session: Session) -> Answer:
    person = session.person()
    login = session.need("login", "Учётная запись", "Login")
    host, domain = session.given("host"), session.given("domain")
    if not host and not domain:
        host = session.need(
            "host", "На каком компьютере (имя; домен — ключом --domain)", "On which host"
        )
    return session.command("add-login", person=person, login=login, host=host, domain=domain)


def _person_admit(session: Session) -> Answer:
    return session.command(
        "admit-person",
        person=session.person(),
        order_number=session.need("order", "Номер приказа", "Order number"),
        order_date=in_order(session.need("date", "Дата приказа (ДД.ММ.ГГГГ)", "Date (YYYY-MM-DD)")),
    )


def _carrier_add(session: Session) -> Answer:
    question = Text(ru="Изготовитель", en="Maker")
    maker = session.choose("maker", question, MAKERS)
    if maker not in MAKERS:
        raise Wrong(
            Text(
                ru=f"Изготовитель — один из: {', '.join(MAKERS)}.",
                en=f"The maker is one of {', '.join(MAKERS)}.",
            )
        )
    model = session.need("model", "Модель", "Model")
    serial, reading = _serial(session, maker)
    return session.command(
        "register-carrier", maker=maker, model=model, serial=serial, reading=reading
    )


def _serial(session: Session, maker: str) -> tuple[str, str]:
    """The serial and how it is meant: said by the option, or asked where it is not plain."""
    if decimal := session.given("serial-decimal"):
        return decimal, "decimal"
    if hexadecimal := session.given("serial-hex"):
        return hexadecimal, "hexadecimal"
    typed = session.need("serial", "Заводской номер", "Serial")
    return typed, serial_reading(maker, typed, session.language)


def _document_add(session: Session) -> Answer:
    typed = session.need("carrier", "Носитель: № или заводской номер", "Carrier (№ or serial)")
    copy = session.given("copy")
    if copy and not copy.isdecimal():
        raise Wrong(Text(ru="--copy — целое число.", en="--copy is a whole number."))
    return session.command(
        "register-key-document",
        carrier=carrier_number(session.client, typed, session.language),
        name=session.given("name"),
        copy=int(copy) if copy else None,
        certificate=certificate_fingerprint(session.given("certificate")),
        key_not_after=key_end(session.given("key-not-after")),
        made_on=in_order(session.given("made-on")),
    )


def _issue(session: Session) -> Answer:
    return session.command(
        "issue",
        document=session.document(),
        person=session.person(),
        receipt=session.need("receipt", "Расписка: номер, дата", "Receipt (number, date)"),
    )


def _return(session: Session) -> Answer:
    return session.command("return", document=session.document(), receipt=session.given("receipt"))


def _out_of_action(session: Session) -> Answer:
    document = session.document()
    question = Text(ru="Почему выводится из действия", en="Why is it put out of action")
    reason = session.choose("reason", question, REASONS)
    return session.command("put-out-of-action", document=document, reason=reason)


def _destroy(session: Session) -> Answer:
    documents = session.args.document or [session.document()]
    question = Text(ru="Как уничтожен", en="How was it destroyed")
    method = session.choose("method", question, METHODS)
    return session.command("record-destruction", documents=documents, method=method)


def _case_close(session: Session) -> Answer:
    case = session.case()
    reason = session.need("conclusion", "Что выяснено и что сделано", "What was found and done")
    return session.command("close-case", case=case, reason=reason)


def _case_take(session: Session) -> Answer:
    return session.command("take-case", case=session.case())


def _officer_absent(session: Session) -> Answer:
    return session.command(
        "record-absence",
        role=session.role(),
        first=session.day("from"),
        last=in_order(session.given("to")),
        ground=session.need(
            "ground", "Основание (приказ, отпуск, больничный)", "Ground (order, leave, sick note)"
        ),
    )


def _officer_back(session: Session) -> Answer:
    return session.command("record-presence", role=session.role(), since=session.day("from"))


def _workstation_add(session: Session) -> int:
    host = session.need("host", "Имя компьютера", "Host name")
    answer = session.command(
        "register-workstation",
        host=host,
        inventory=session.given("inventory"),
        place=session.given("place"),
    )
    if not session.args.json:
        for event in answer["events"]:
            out(SAID[event["event"]](event["fact"]).in_language(session.language))
    return _tell_code(session, host)


def _workstation_code(session: Session) -> int:
    return _tell_code(session, session.need("host", "Имя компьютера", "Host name"))


def _tell_code(session: Session, host: str) -> int:
    code = session.client.post("/v1/workstations/code", {"host": host})
    if session.args.json:
        session.say_json(code)
        return 0
    key = session.client.get("/v1/key")
    session.say(
        f"Одноразовый код подключения: {code['code']}\n"
        f"На рабочем месте: klyuchar enrol {code['code']}\n"
        f"Там покажут отпечаток ключа журнала; сверьте: {key['fingerprint']}",
        f"One-time enrolment code: {code['code']}\n"
        f"On the workstation: klyuchar enrol {code['code']}\n"
        f"It shows the ledger key's fingerprint; compare: {key['fingerprint']}",
    )
    return 0


def _workstation_show(session: Session) -> int:
    host = session.need("host", "Имя компьютера", "Host name")
    found = session.client.get("/v1/workstation", host=host)
    if session.args.json:
        session.say_json(found)
        return 0
    for line in told_of(found, session.language):
        out(line)
    if installed := installed_on(found, session.language):
        table([heading.in_language(session.language) for heading in INSTALLED], installed)
    return 0


def _listed(path: str) -> Callable[[argparse.Namespace], int]:
    def act(session: Session) -> int:
        rows = session.client.get(path)
        if session.args.json:
            session.say_json(rows)
        elif rows:
            headings = [heading.in_language(session.language) for heading in HEADINGS[path]]
            table(headings, [row_of(path, row, session.language) for row in rows])
        else:
            session.say("Записей нет.", "There are none.")
        return 0

    return _with_ledger(act)


def _fingerprint(session: Session) -> int:
    key = session.client.get("/v1/key")
    if session.args.json:
        session.say_json(key)
    else:
        print(key["fingerprint"])
    return 0


def _verify(session: Session) -> int:
    from ledger.verify import verify

    report = verify(session.client.lines("/v1/events"))
    head = report.head
    if session.args.json:
        broken = report.broken.in_language(session.language) if report.broken else None
        session.say_json({"seq": head.seq, "head": head.digest.hex(), "broken": broken})
    elif report.broken:
        print(report.broken.in_language(session.language), file=sys.stderr)
    else:
        session.say(
            f"Цепочка цела: событий {head.seq}, последнее {head.digest.hex()}.",
            f"The chain is whole: {head.seq} events, the last is {head.digest.hex()}.",
        )
    return 1 if report.broken else 0


def _events(session: Session) -> int:
    for line in session.client.lines("/v1/events", after=session.given("after") or 0):
        if session.args.json:
            sys.stdout.write(line.decode())
            continue
        event = json.loads(line)
        fact = event["body"].get("fact", {})
        said = SAID.get(event["event"])
        text = printable(said(fact).in_language(session.language) if said else event["event"])
        who = printable(event["body"].get("origin", {}).get("who", ""))
        at = here(event["time"], session.language)
        out(f"{event['seq']:>6}  {at}  {who:<12}  {text}", indent=" " * 8)
    return 0


def _init(args: argparse.Namespace) -> int:
    from journal.signing import fingerprint
    from ledger.office import open_office

    office = open_office(load(args.settings))
    print(fingerprint(office.signer.public_key))
    office.close()
    return 0


def _serve(args: argparse.Namespace) -> int:
    from ledger.serve import serve

    serve(load(args.settings))
    return 0


def _rebuild(args: argparse.Namespace) -> int:
    from ledger.office import open_office
    from ledger.projections import rebuild

    office = open_office(load(args.settings))
    events = office.store.write(rebuild)
    office.close()
    print(
        Text(
            ru=f"Таблицы перестроены по событиям: {events}.",
            en=f"The tables are rebuilt from {events} events.",
        ).in_language(args.language)
    )
    return 0


RUN: dict[str, Callable[[argparse.Namespace], int]] = {
    "person add": _commanded(_person_add),
    "person login": _commanded(_person_login),
    "person admit": _commanded(_person_admit),
    "person list": _listed("/v1/people"),
    "workstation add": _with_ledger(_workstation_add),
    "workstation code": _with_ledger(_workstation_code),
    "workstation show": _with_ledger(_workstation_show),
    "workstation list": _listed("/v1/workstations"),
    "carrier add": _commanded(_carrier_add),
    "carrier list": _listed("/v1/carriers"),
    "document add": _commanded(_document_add),
    "document list": _listed("/v1/documents"),
    "issue": _commanded(_issue),
    "return": _commanded(_return),
    "out-of-action": _commanded(_out_of_action),
    "destroy": _commanded(_destroy),
    "case list": _listed("/v1/cases"),
    "case take": _commanded(_case_take),
    "case close": _commanded(_case_close),
    "officer absent": _commanded(_officer_absent),
    "officer back": _commanded(_officer_back),
    "officer list": _listed("/v1/absences"),
    "fingerprint": _with_ledger(_fingerprint),
    "verify": _with_ledger(_verify),
    "events": _with_ledger(_events),
    "init": _init,
    "serve": _serve,
    "rebuild": _rebuild,
}
