from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from domain.errors import Wrong
from ledger.books import Books
from ledger.office import open_office
from ledger.settings import LedgerSettings


@pytest.fixture
def settings(tmp_path: Path) -> LedgerSettings:
    return LedgerSettings(
        state=tmp_path / "state",
        socket=str(tmp_path / "socket"),
        organisation="МБУ «Проверочная библиотека»",
    )


def opened_for(settings: LedgerSettings) -> str:
    """Whose ledger it is."""
    office = open_office(settings)
    try:
        opening = office.store.read(lambda reading: Books(reading).opening())
    finally:
        office.close()
    assert opening is not None
    return opening.organisation


def test_a_ledger_is_not_opened_without_a_name_that_would_stay_missing(
    settings: LedgerSettings,
) -> None:
    with pytest.raises(Wrong, match="organisation"):
        open_office(replace(settings, organisation=""))
    assert opened_for(settings) == settings.organisation


def test_the_name_of_an_opened_ledger_stays(settings: LedgerSettings) -> None:
    opened_for(settings)
    assert opened_for(replace(settings, organisation="")) == settings.organisation
    assert opened_for(replace(settings, organisation="Другая")) == settings.organisation
