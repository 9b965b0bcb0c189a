"""A carrier's serial as a person typed it: one meaning, or a question, never a silent guess."""

from __future__ import annotations

from enum import StrEnum

from domain.carrier import Carrier, Maker, canonical_model, typed_serials


class SerialReading(StrEnum):
    """How a typed serial is meant, where its digits could be either (a Rutoken's)."""

    UNSAID = ""
    DECIMAL = "decimal"
    HEXADECIMAL = "hexadecimal"


def meanings(
    maker: Maker, model: str, typed: str, reading: SerialReading = SerialReading.UNSAID
) -> tuple[Carrier, ...]:
    """Every carrier that ``typed`` may name: none where it is no serial, two where the person
    has to be asked. ``reading`` settles it."""
    serials = typed_serials(maker, typed)
    if len(serials) > 1 and reading is not SerialReading.UNSAID:
        serials = (serials[0] if reading is SerialReading.DECIMAL else serials[1],)
    return tuple(
        Carrier(maker=maker, model=canonical_model(model), serial=serial) for serial in serials
    )
