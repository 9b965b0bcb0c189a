"""Is the journal what was written? Raw bytes are hashed; the first broken line is named.

What the chain cannot show: that whole lines are missing at the end, or that the very last line,
which no other names yet, was changed. The ledger, which remembers how far it had received the
journal, can.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import msgspec

from domain.canonical import encode
from domain.events import Checkpoint, SegmentReleased
from domain.text import Text
from journal import diagnosis
from journal.checkpoint import message
from journal.decode import ENVELOPE, Envelope
from journal.diagnosis import Breach
from journal.digest import sha256
from journal.lock import is_locked
from journal.record import GENESIS, Head
from journal.segments import first_seq, segments
from journal.signing import verify as verify_signature

_BUFFER = 1 << 20
_CHECKPOINT = msgspec.json.Decoder(Checkpoint)
_RELEASE = msgspec.json.Decoder(SegmentReleased)
_RELEASED = b'"event":"SegmentReleased"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What `verify` found. Counts are of what is whole, up to the breach if there is one.

    ``records`` is the number of the last one; those up to ``released`` (0 where all are here) are
    not here any more: the journal itself says that they were left to the ledger, which is to be
    asked for them. ``signed_seq`` is the last record a checkpoint covers: those after it stand on
    the chain alone. ``public_key`` is the key the checkpoints were checked with, None where there
    was none.
    """

    records: int
    released: int
    segments: int
    checkpoints: int
    signed_seq: int
    head: Head
    public_key: bytes | None
    breach: Breach | None

    @property
    def whole(self) -> bool:
        """Whether nothing is broken."""
        return self.breach is None


def verify(directory: Path, *, public_key: bytes | None, strict: bool = False) -> Report:
    """Check the journal in ``directory`` from its first line.

    With ``public_key`` None the key that the first checkpoint names is used for all: a person has
    to compare its fingerprint. ``strict`` also checks that each line is canonical JSON (several
    times slower). A torn last line is no breach while a writer has the journal open.
    """
    paths = segments(directory)
    beginning = _beginning(paths)
    check = _Check(directory, public_key, beginning, strict=strict)
    breach = None
    for path in paths:
        breach = check.segment(path, is_last=path is paths[-1])
        if breach is not None:
            break
    return Report(
        records=check.seq,
        released=beginning.seq,
        segments=check.segments,
        checkpoints=check.checkpoints,
        signed_seq=check.signed_seq,
        head=Head(seq=check.seq, digest=check.digest),
        public_key=check.public_key,
        breach=breach,
    )


def _beginning(paths: list[Path]) -> Head:
    """Where the chain in ``paths`` begins: behind the last segment that the journal says was let
    go, where its first line names that one's last; at the very beginning otherwise."""
    if not paths or first_seq(paths[0]) == 1:
        return GENESIS
    for path in reversed(paths):
        with open(path, "rb", buffering=_BUFFER) as file:
            for raw in file:
                if _RELEASED in raw and (head := _left_to_the_ledger(raw, first_seq(paths[0]))):
                    return head
    return GENESIS


def _left_to_the_ledger(raw: bytes, first: int) -> Head | None:
    """Where the chain stood before record ``first``, by the line that says that it was let go."""
    try:
        line = ENVELOPE.decode(raw)
        if line.event != SegmentReleased.__name__:
            return None
        released = _RELEASE.decode(line.body)
        if released.last_seq + 1 != first:
            return None
        return Head(seq=released.last_seq, digest=bytes.fromhex(released.digest))
    except (msgspec.MsgspecError, ValueError):
        return None


class _Check:
    """The chain as far as it was followed."""

    def __init__(
        self, directory: Path, public_key: bytes | None, beginning: Head, *, strict: bool
    ) -> None:
        self.directory = directory
        self.public_key = public_key
        self.strict = strict
        self.seq = beginning.seq
        self.digest = beginning.digest
        self.segments = self.checkpoints = self.signed_seq = 0

    def segment(self, path: Path, *, is_last: bool) -> Breach | None:
        """Follow one segment; the breach where it breaks."""
        seq, prev = self.seq, self.digest.hex()
        decode, number, strict = ENVELOPE.decode, 0, self.strict
        with open(path, "rb", buffering=_BUFFER) as file:
            for number, raw in enumerate(file, start=1):
                try:
                    line = decode(raw)
                except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                    return self._diagnose(path, number, raw, is_last)
                seq += 1
                if line.seq != seq or line.prev != prev or raw[-1] != 0x0A:
                    return self._diagnose(path, number, raw, is_last)
                if strict and not _is_canonical(raw):
                    return Breach(file=path.name, line=number, seq=seq, what=_NOT_CANONICAL)
                if line.event == "Checkpoint" and (what := self._checkpoint(line)):
                    return Breach(file=path.name, line=number, seq=seq, what=what)
                digest = sha256(raw)
                prev = digest.hex()
                self.seq, self.digest = seq, digest
        self.segments += 1
        return diagnosis.misnamed(path, self.seq - number, is_last=is_last)

    def _diagnose(self, path: Path, number: int, raw: bytes, is_last: bool) -> Breach | None:
        """The breach at a line that does not fit; None where it is only being written."""
        torn = not raw.endswith(b"\n")
        if torn and is_last and is_locked(self.directory):
            self.segments += 1
            return None
        return diagnosis.diagnose(
            self.directory, path, number, Head(seq=self.seq, digest=self.digest)
        )

    def _checkpoint(self, line: Envelope) -> Text | None:
        """What is wrong with a checkpoint; counts it where nothing is."""
        try:
            point = _CHECKPOINT.decode(line.body)
            key, signature = bytes.fromhex(point.public_key), bytes.fromhex(point.signature)
        except (msgspec.MsgspecError, ValueError):
            return _NO_CHECKPOINT
        if point.seq != line.seq - 1 or point.head != line.prev:
            return _OTHER_HEAD
        if self.public_key is not None and key != self.public_key:
            return _OTHER_KEY
        if not verify_signature(key, message(line.host, point.seq, point.head), signature):
            return _BAD_SIGNATURE
        self.public_key = key
        self.checkpoints += 1
        self.signed_seq = point.seq
        return None


def _is_canonical(raw: bytes) -> bool:
    try:
        return encode(json.loads(raw)) + b"\n" == raw
    except (ValueError, TypeError, RecursionError):
        return False


_NOT_CANONICAL = Text(
    ru="строка записана не в канонической форме (RFC 8785): её писал не Ключарь",
    en="the line is not in canonical form (RFC 8785): it was not written by klyuchar",
)
_NO_CHECKPOINT = Text(
    ru="контрольная точка не читается",
    en="the checkpoint can't be read",
)
_OTHER_HEAD = Text(
    ru="контрольная точка заверяет не предыдущую строку",
    en="the checkpoint does not vouch for the line before it",
)
_OTHER_KEY = Text(
    ru="контрольная точка подписана другим ключом: журнал (или его конец) писало не это "
    "рабочее место, либо его ключ был заменён",
    en="the checkpoint is signed with another key: the journal (or its end) was not written by "
    "this workstation, or its key was replaced",
)
_BAD_SIGNATURE = Text(
    ru="подпись контрольной точки неверна: строки до неё подменены",
    en="the checkpoint's signature is wrong: the lines before it were forged",
)
