"""Bytes of a token into text that may be shown."""

from __future__ import annotations

import codecs


def text(untrusted: bytes, longest: int) -> str:
    """A fixed field of PKCS#11 (blank padded, or ended by NUL) as printable text.

    PKCS#11 says UTF-8. Russian tools also write cp1251, and the vendor's show the first 32 bytes
    of a longer label, which can cut a letter in half. Whatever can't be printed (controls, marks
    that turn the direction of writing) becomes a blank.
    """
    field = untrusted.partition(b"\0")[0]
    decoded = _decode(field, full=len(field) == len(untrusted))
    return bounded(decoded, longest)


def bounded(untrusted: str, longest: int) -> str:
    """Printable, single blanks, at most ``longest`` characters, the last one "…" if cut."""
    printable = "".join(c if c.isprintable() else " " for c in untrusted)
    shown = " ".join(printable.split())
    return shown if len(shown) <= longest else shown[: longest - 1] + "…"


def serial(untrusted: bytes) -> str:
    """A serial number field without its padding. Nothing inside it is changed or dropped: two
    binary serials must not become one."""
    return untrusted.rstrip(b" \0").decode("latin-1")


def _decode(field: bytes, *, full: bool) -> str:
    try:
        # Only a full field can have been cut; elsewhere half a letter is another encoding.
        return codecs.getincrementaldecoder("utf-8")().decode(field, final=not full)
    except UnicodeDecodeError:
        pass
    try:
        return field.decode("cp1251")
    except UnicodeDecodeError:
        return field.decode("utf-8", "replace")
