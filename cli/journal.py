"""`klyuchar journal`: read, verify and hand over a workstation's journal."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.arguments import day, public_key, whole_number
from cli.dates import here
from domain.because import because
from domain.errors import CouldNotAsk, Wrong
from domain.text import Text

if TYPE_CHECKING:
    from journal.record import Line
    from journal.verify import Report

    Commands = argparse._SubParsersAction[argparse.ArgumentParser]


def add(commands: Commands) -> None:
    """Add the command and its three parts to the parser."""
    parser = commands.add_parser("journal", help="журнал рабочего места (workstation's journal)")
    parts = parser.add_subparsers(required=True, metavar="ДЕЙСТВИЕ")
    _add_show(parts)
    _add_verify(parts)
    _add_export(parts)


def _part(parts: Commands, name: str, purpose: str, run: Any) -> argparse.ArgumentParser:
    parser = parts.add_parser(name, help=purpose)
    parser.add_argument(
        "--directory",
        type=Path,
        metavar="КАТАЛОГ",
        help="каталог журнала (its directory); без него — из настроек",
    )
    parser.set_defaults(run=run)
    return parser


def _add_show(parts: Commands) -> None:
    parser = _part(parts, "show", "показать записи (show records)", _show)
    parser.add_argument(
        "--after", type=whole_number, default=0, metavar="N", help="после записи N (after record N)"
    )
    parser.add_argument(
        "--limit", type=whole_number, metavar="N", help="не больше N последних (at most the last N)"
    )
    parser.add_argument(
        "--json", action="store_true", help="строки как они есть (the lines as they are)"
    )


def _add_verify(parts: Commands) -> None:
    parser = _part(parts, "verify", "проверить целостность (check that it is whole)", _verify)
    parser.add_argument(
        "--key",
        type=public_key,
        metavar="HEX",
        help="открытый ключ рабочего места, 64 шестнадцатеричные цифры (its public key)",
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="проверить и каноническую форму строк, медленнее (canonical form too, slower)",
    )
    parser.add_argument("--json", action="store_true", help="для программ (for programs)")


def _add_export(parts: Commands) -> None:
    parser = _part(parts, "export", "выгрузить в файл (write to one file)", _export)
    parser.add_argument("output", type=Path, metavar="ФАЙЛ", help="новый файл (a new file)")
    for name, purpose in (
        ("--from", "с этого дня, ГГГГ-ММ-ДД (from this day, UTC)"),
        ("--to", "по этот день включительно (to this day, it included, UTC)"),
    ):
        parser.add_argument(name, dest=name[2:], type=day, metavar="ДЕНЬ", help=purpose)


def _directory(args: argparse.Namespace) -> Path:
    from journal.segments import segments

    directory: Path | None = args.directory
    if directory is None:
        from agent.settings import load

        directory = load(args.settings).agent.journal
    try:
        found = segments(directory)
    except OSError as error:
        raise _unreadable(directory, error) from error
    if not found:
        raise Wrong(
            Text(
                ru=f"В каталоге {directory} нет журнала. Укажите каталог: --directory.",
                en=f"There is no journal in {directory}. Name its directory: --directory.",
            )
        )
    return directory


def _unreadable(path: Path, error: OSError) -> CouldNotAsk:
    why = because(error)
    return CouldNotAsk(
        Text(
            ru=f"{path}: {why.ru}. Проверьте путь и права (журнал читают администратор и группа "
            "klyuchar).",
            en=f"{path}: {why.en}. Check the path and your rights (root and the group klyuchar "
            "read the journal).",
        )
    )


def _unwritable(path: Path, error: OSError) -> CouldNotAsk:
    why = because(error)
    return CouldNotAsk(
        Text(
            ru=f"Не выгружено в {path}: {why.ru}. Назовите новый файл там, где вы можете писать.",
            en=f"Not written to {path}: {why.en}. Name a new file where you may write.",
        )
    )


def _show(args: argparse.Namespace) -> int:
    from collections import deque

    from cli.terminal import out
    from journal.reader import read

    lines: Iterator[Line] = read(_directory(args), args.after)
    if args.limit is not None:
        lines = iter(deque(lines, maxlen=max(0, args.limit)))
    for line in lines:
        if args.json:
            print(line.raw.decode(), end="")
        else:
            out(_told(line, args.language), indent=" " * 9)
    return 0


def _told(line: Line, language: str) -> str:
    from cli.wording import line as wording
    from journal.decode import decode

    record = decode(line.raw)
    at = here(record.time, language)
    return f"{record.seq:>7}  {at}  {wording(record).in_language(language)}"


def _verify(args: argparse.Namespace) -> int:
    from cli.terminal import out
    from journal.verify import verify

    directory = _directory(args)
    try:
        report = verify(directory, public_key=args.key, strict=args.strict)
    except OSError as error:
        raise _unreadable(directory, error) from error
    if args.json:
        print(json.dumps(_as_json(report), ensure_ascii=False, indent=2))
    else:
        for text in _as_texts(report, args.key):
            out(text.in_language(args.language))
    return 0 if report.whole else 1


def _as_json(report: Report) -> dict[str, Any]:
    breach = report.breach
    return {
        "whole": report.whole,
        "records": report.records,
        "released": report.released,
        "segments": report.segments,
        "head": report.head.digest.hex(),
        "checkpoints": report.checkpoints,
        "signed_seq": report.signed_seq,
        "public_key": report.public_key.hex() if report.public_key else None,
        "breach": breach
        and {
            "file": breach.file,
            "line": breach.line,
            "seq": breach.seq,
            "what": {"ru": breach.what.ru, "en": breach.what.en},
        },
    }


def _as_texts(report: Report, key: bytes | None) -> Iterator[Text]:
    breach, head = report.breach, report.head.digest.hex()
    if breach is None:
        yield Text(
            ru=f"Журнал цел: записей {report.records}, файлов {report.segments}.",
            en=f"The journal is whole: {report.records} records, {report.segments} files.",
        )
        if report.released:
            yield Text(
                ru=f"Записей по № {report.released} здесь больше нет: журнал сам говорит, что они "
                "оставлены журналу учёта (SegmentReleased). Сверьте с ним: klyuchar ledger "
                "workstation list.",
                en=f"Records up to No. {report.released} are not here any more: the journal itself "
                "says that they were left to the ledger (SegmentReleased). Compare with it: "
                "klyuchar ledger workstation list.",
            )
    else:
        yield Text(
            ru=f"ЖУРНАЛ НАРУШЕН: файл {breach.file}, строка {breach.line}, запись № {breach.seq}: "
            f"{breach.what.ru}. До этого места прочитано записей: {report.records}. Ничего не "
            "меняйте: сохраните копию каталога журнала и сообщите ответственному.",
            en=f"THE JOURNAL IS BROKEN: file {breach.file}, line {breach.line}, record No. "
            f"{breach.seq}: {breach.what.en}. Records read up to there: {report.records}. Change "
            "nothing: keep a copy of the journal's directory and tell the responsible user.",
        )
    yield Text(
        ru=f"SHA-256 последней прочитанной записи № {report.records}: {head}",
        en=f"SHA-256 of the last record read, No. {report.records}: {head}",
    )
    yield from _about_checkpoints(report, key)


def _about_checkpoints(report: Report, key: bytes | None) -> Iterator[Text]:
    from journal.signing import fingerprint

    if report.public_key is None or not report.checkpoints:
        yield Text(
            ru="Контрольных точек нет: показана только связность строк.",
            en="There are no checkpoints: only the chain of lines was shown.",
        )
        return
    yield Text(
        ru=f"Контрольных точек {report.checkpoints}, последняя заверяет записи по № "
        f"{report.signed_seq}. Это контроль целостности, а не электронная подпись.",
        en=f"Checkpoints: {report.checkpoints}, the last vouches for records up to No. "
        f"{report.signed_seq}. This is integrity control, not an electronic signature.",
    )
    if key is None:
        shown = fingerprint(report.public_key)
        yield Text(
            ru=f"Ключ взят из самого журнала. Сверьте его отпечаток с журналом учёта: {shown}",
            en="The key was taken from the journal itself. Compare its fingerprint with the "
            f"ledger: {shown}",
        )


def _export(args: argparse.Namespace) -> int:
    from hashlib import sha256

    from journal.reader import read

    digest, count, directory = sha256(), 0, _directory(args)
    try:
        descriptor = os.open(args.output, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            for line in read(directory):
                if _within(line.raw, args):
                    file.write(line.raw)
                    digest.update(line.raw)
                    count += 1
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise _unwritable(args.output, error) from error
    print(
        Text(ru=f"Записей выгружено: {count}.", en=f"Records written: {count}.").in_language(
            args.language
        )
    )
    print(f"{digest.hexdigest()}  {args.output}")
    return 0


def _within(raw: bytes, args: argparse.Namespace) -> bool:
    """Whether the record's day, in UTC as it is written, lies in the period."""
    first, last = vars(args)["from"], args.to
    if first is None and last is None:
        return True
    from journal.decode import ENVELOPE

    time = ENVELOPE.decode(raw).time
    return (first is None or time >= first.isoformat()) and (
        last is None or time < (last + timedelta(days=1)).isoformat()
    )
