"""When the private keys on a carrier end, from its certificates and the ledger.

A certificate may run on for years after its private key's period has ended, so the certificate's
own end is only one of the ends there are. Those that somebody stated are certain: the extension
PrivateKeyUsagePeriod, the ledger's date, the certificate's end; the first of them counts. Where
neither the extension nor the ledger speaks, 15 months from the making are an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from domain.accounting import KeyDocument, Standing
from domain.sighting import Certificate

ESTIMATE_MONTHS = 15
"""1 year 3 months: the limit in the documentation of the common crypto provider."""

_LATEST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEnd:
    """What is known of one key's end.

    ``number`` is its account number, empty where a certificate belongs to no document; then
    ``certificate`` is the certificate's serial. ``stated`` is certain, ``estimated`` is not.
    ``unread`` where a date was given that is none: an earlier end may hide behind it.
    """

    number: str
    certificate: str
    stated: datetime | None
    estimated: datetime | None
    unread: bool

    @property
    def first(self) -> datetime | None:
        """The first end of all, certain or not."""
        if self.stated is None or self.estimated is None:
            return self.stated or self.estimated
        return min(self.stated, self.estimated)

    @property
    def untold(self) -> bool:
        """Whether nobody and nothing says when the key ends."""
        return self.first is None and not self.unread


def key_ends(
    documents: tuple[KeyDocument, ...], certificates: tuple[Certificate, ...]
) -> tuple[KeyEnd, ...]:
    """Every key in use on a carrier, sorted: of issued documents, else of registered ones, and of
    certificates that belong to no document."""
    used = _in_use(documents)
    seen = {one.sha256: one for one in certificates}
    own = _of_no_document(documents, certificates)
    unnamed = [one for one in used if not one.certificate]
    if len(own) == len(unnamed) == 1:
        return _sorted([_end(unnamed[0], own[0]), *_ends(used, seen, skip=unnamed)])
    if own:
        # Their keys are those of some of these certificates; which ones can't be told.
        silent = [one for one in unnamed if not one.key_not_after and not one.made_on]
        return _sorted([*_ends(used, seen, skip=silent), *(_end(None, one) for one in own)])
    return _sorted(_ends(used, seen, skip=[]))


def instant(untrusted_text: str) -> datetime | None:
    """An RFC 3339 instant in UTC, None where the text is none."""
    try:
        moment = datetime.fromisoformat(untrusted_text)
        return moment.astimezone(UTC) if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def _in_use(documents: tuple[KeyDocument, ...]) -> list[KeyDocument]:
    issued = [one for one in documents if one.standing is Standing.ISSUED]
    return issued or [one for one in documents if one.standing is Standing.REGISTERED]


def _ends(
    documents: list[KeyDocument], seen: dict[str, Certificate], skip: list[KeyDocument]
) -> list[KeyEnd]:
    return [_end(one, seen.get(one.certificate)) for one in documents if one not in skip]


def _sorted(ends: list[KeyEnd]) -> tuple[KeyEnd, ...]:
    return tuple(sorted(ends, key=_place))


def _place(end: KeyEnd) -> tuple[str, str, datetime, datetime]:
    return end.number, end.certificate, end.stated or _LATEST, end.estimated or _LATEST


def _of_no_document(
    documents: tuple[KeyDocument, ...], certificates: tuple[Certificate, ...]
) -> list[Certificate]:
    """Certificates no document names, less those of the authorities that issued others here:
    their keys are not on this carrier."""
    named = {one.certificate for one in documents}
    distinct = {one.sha256: one for one in certificates}.values()
    return [
        one
        for one in distinct
        if one.sha256 not in named
        and not any(one.subject == other.issuer != other.subject for other in distinct)
    ]


def _end(document: KeyDocument | None, certificate: Certificate | None) -> KeyEnd:
    by_key = [
        text
        for text in (
            certificate.key_not_after if certificate else "",
            document.key_not_after if document else "",
        )
        if text
    ]
    texts = [*by_key, *([certificate.not_after] if certificate and certificate.not_after else [])]
    stated = [moment for text in texts if (moment := instant(text)) is not None]
    made = "" if any(instant(text) for text in by_key) else _made_on(document, certificate)
    estimated = _estimate(made) if made else None
    return KeyEnd(
        number=document.number if document else "",
        certificate=certificate.serial if certificate and document is None else "",
        stated=min(stated, default=None),
        estimated=estimated,
        unread=len(stated) < len(texts) or (bool(made) and estimated is None),
    )


def _made_on(document: KeyDocument | None, certificate: Certificate | None) -> str:
    """When the key was made: it can't be younger than its certificate."""
    if document and document.made_on:
        return document.made_on
    return certificate.not_before[:10] if certificate else ""


def _estimate(untrusted_day: str) -> datetime | None:
    try:
        made = date.fromisoformat(untrusted_day)
    except ValueError:
        return None
    months = made.year * 12 + made.month - 1 + ESTIMATE_MONTHS
    if months >= _LATEST.year * 12:
        return _LATEST
    # A month too short for the day of making ends with its own last day.
    after = datetime((months + 1) // 12, (months + 1) % 12 + 1, 1, tzinfo=UTC)
    last_day = (after - timedelta(days=1)).day
    return datetime(months // 12, months % 12 + 1, min(made.day, last_day), tzinfo=UTC)
