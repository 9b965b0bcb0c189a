"""What a message about cases says: their numbers and severities, and nothing else (clause 3.14).

Who may read mail on its way learns no name, no carrier and no place.
"""

from __future__ import annotations

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime

from domain.text import Text
from journal.digest import sha256
from ledger.due import Entry, Letter, Why
from ledger.events import Role, Severity

_SEVERITIES = {
    Severity.WARN: Text(ru="предупреждение", en="warning"),
    Severity.DENY: Text(ru="запрет", en="denied"),
    Severity.ALARM: Text(ru="тревога", en="alarm"),
}
_WHY = {
    Why.IN_CHARGE: None,
    Why.OFFICER_AWAY: Text(
        ru="Ответственный пользователь отсутствует или не получает почту: разобрать должны вы.",
        en="The responsible user is away or gets no mail: this is yours to look into.",
    ),
    Why.LEFT_LYING: Text(
        ru="Ответственный пользователь за это не взялся: разберите вы или поторопите.",
        en="The responsible user has not taken this: look into it, or hurry them.",
    ),
    Why.NOBODY_THERE: Text(
        ru="Ни ответственного пользователя, ни заместителя на месте нет: письмо отправлено всем, "
        "чей адрес известен. Кто-то один должен быть (п. 2.3).",
        en="Neither the responsible user nor the deputy is there: this went to everybody whose "
        "address is known. One of the two has to be there.",
    ),
}
_MOST_IN_SUBJECT = 5


def message(
    letter: Letter, *, sender: str, to: str, ledger_id: str, moment: datetime
) -> EmailMessage:
    """The message; ``ledger_id`` makes its Message-ID this ledger's own, ``moment`` is its date."""
    told = EmailMessage()
    told["From"], told["To"] = sender, to
    told["Subject"] = _subject(letter)
    told["Message-ID"] = message_id(letter, ledger_id)
    told["Date"] = format_datetime(moment)
    told["Auto-Submitted"] = "auto-generated"
    # A message about several matters would tie their threads into one, so it answers none.
    if len(letter.entries) == 1 and (thread := letter.entries[0].thread):
        told["In-Reply-To"] = told["References"] = thread
    told.set_content(_body(letter), cte="base64")
    return told


def message_id(letter: Letter, ledger_id: str) -> str:
    """The same for the same letter, so that one sent twice after a crash is one to its reader."""
    first, *more = letter.entries
    if more:
        named = ",".join(f"{entry.case}.{entry.number}" for entry in letter.entries)
        name = f"cases-{sha256(named.encode()).hex()[:16]}.{letter.role}"
    elif (letter.role, first.number) == (Role.OFFICER, 1):
        name = f"case-{first.case}"
    else:
        name = f"case-{first.case}.{letter.role}-{first.number}"
    return f"<{name}.{ledger_id}@klyuchar.invalid>"


def _subject(letter: Letter) -> str:
    entries = letter.entries
    # Those of the gravest severity come first.
    severity = _SEVERITIES[entries[0].severity].ru
    reminder = "напоминание, " if all(entry.number > 1 for entry in entries) else ""
    numbers = ", ".join(str(entry.case) for entry in entries[:_MOST_IN_SUBJECT])
    more = " и другие" if len(entries) > _MOST_IN_SUBJECT else ""
    cases = "дело" if len(entries) == 1 else "дела"
    return f"Ключарь: {reminder}{cases} № {numbers}{more}, {severity}"


def _body(letter: Letter) -> str:
    why = _WHY[letter.why]
    return "\n".join(
        [
            *(_line(entry).ru for entry in letter.entries),
            *([why.ru] if why else []),
            "Подробности — в журнале учёта: klyuchar ledger case list. Взять дело, чтобы о нём "
            "не напоминали: klyuchar ledger case take.",
            "",
            *(_line(entry).en for entry in letter.entries),
            *([why.en] if why else []),
            "See the ledger: klyuchar ledger case list. To take a case and be reminded no more: "
            "klyuchar ledger case take.",
            "",
        ]
    )


def _line(entry: Entry) -> Text:
    severity = _SEVERITIES[entry.severity]
    return Text(
        ru=f"Дело № {entry.case}, важность: {severity.ru}.",
        en=f"Case {entry.case}, severity: {severity.en}.",
    )
