"""One line of a chain: canonical JSON that names the SHA-256 of the line before it.

    {"body":{...},"boot":"…","event":"Judged","host":"pc-17","prev":"<64 hex>","seq":12,
     "time":"2026-11-24T03:16:09.123456Z","v":1}

and a line feed, all on one line. ``prev`` is taken over the raw bytes of the line before, its line
feed included; the first line has 64 zeros. The ledger's own chain of events has the same form.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from functools import lru_cache

from domain.canonical import text
from journal.digest import sha256

# Keys are sorted, so the members after the body stand at the end, where an event cannot imitate
# them: a quotation mark inside a string is always escaped.
_END = re.compile(
    rb'"prev":"([0-9a-f]{64})","seq":([1-9][0-9]{0,15}),"time":"([^"]*)","v":[0-9]+\}\n\Z'
)
_LONGEST_END = 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Where a chain stands: the last line's number and SHA-256."""

    seq: int
    digest: bytes


GENESIS = Head(seq=0, digest=bytes(32))
"""The head of an empty chain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One complete line: ``raw`` ends with its line feed and has the SHA-256 ``digest``."""

    seq: int
    digest: bytes
    raw: bytes

    @property
    def head(self) -> Head:
        """Where the chain stands after this line."""
        return Head(seq=self.seq, digest=self.digest)


def link(
    head: Head, *, time_ns: int, boot: str, host: str, name: str, version: int, body: object
) -> Line:
    """The line that follows ``head``: ``time_ns`` counts nanoseconds since 1970 in UTC.

    Raises TypeError or ValueError for a body that canonical JSON does not hold.
    """
    raw = (
        f'{{"body":{text(body)},"boot":{text(boot)},"event":{text(name)},"host":{text(host)},'
        f'"prev":"{head.digest.hex()}","seq":{text(head.seq + 1)},'
        f'"time":"{spelled(time_ns)}","v":{text(version)}}}\n'
    ).encode()
    return Line(seq=head.seq + 1, digest=sha256(raw), raw=raw)


def seq_of(raw: bytes) -> int:
    """The number of a complete line, from its last bytes alone.

    Raises ValueError where these are not a record's. Says nothing of the rest of the line.
    """
    return int(_end_of(raw)[2])


def prev_of(raw: bytes) -> bytes:
    """The SHA-256 that a complete line names of the one before it; as `seq_of` otherwise."""
    return bytes.fromhex(_end_of(raw)[1].decode())


def time_of(raw: bytes) -> str:
    """When a complete line was written, UTC in RFC 3339; as `seq_of` otherwise."""
    return _end_of(raw)[3].decode()


def _end_of(raw: bytes) -> re.Match[bytes]:
    found = _END.search(raw, max(0, len(raw) - _LONGEST_END))
    if found is None:
        raise ValueError("not a record")
    return found


def spelled(time_ns: int) -> str:
    """RFC 3339 in UTC with microseconds."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    return f"{_second(seconds)}.{rest // 1000:06d}Z"


@lru_cache(maxsize=1)
def _second(seconds: int) -> str:
    """Records come in bursts: the second is mostly that of the record before."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))
