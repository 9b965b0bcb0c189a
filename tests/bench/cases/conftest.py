"""What the cases share: the product installed in a guest, and tokens made ready for use."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.carrier import Carrier, Maker
from tests import certificates
from tests.bench import images
from tests.bench.conftest import logs_kept
from tests.bench.emulator.cards.rutoken import RutokenCard
from tests.bench.emulator.devices.tokens import RutokenEcp
from tests.bench.emulator.provision import blank, provisioned
from tests.bench.workplace import Workplace, prepare

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens by whose they are. Each call makes a device anew: cases don't share a card."""

    states: dict[str, Path]

    def ivanova(self) -> RutokenEcp:
        """In order: issued to the person at the seat; holds a certificate."""
        return self._load("ivanova")

    def petrov(self) -> RutokenEcp:
        """Issued to somebody else."""
        return self._load("petrov")

    def stranger(self) -> RutokenEcp:
        """Unknown to the ledger."""
        return self._load("stranger")

    def blank(self) -> RutokenEcp:
        """Without any application on it."""
        return RutokenEcp(blank("3a1b2c50"))

    def _load(self, name: str) -> RutokenEcp:
        return RutokenEcp(RutokenCard.load(self.states[name]))


def carrier(serial: str) -> Carrier:
    """The Rutoken with this serial, as the agent names it."""
    return Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial=serial)


IVANOVA, PETROV, STRANGER = carrier("3a1b2c4d"), carrier("3a1b2c4e"), carrier("3a1b2c4f")


@pytest.fixture(scope="session")
def deb() -> Path:
    """The package as people install it, built where the sources changed."""
    subprocess.run(["debian/build"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    (package,) = (REPOSITORY / "build").glob("klyuchar_*_amd64.deb")
    return package


@pytest.fixture(scope="session")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Tokens:
    """Tokens initialised by OpenSC's own tools."""
    directory = tmp_path_factory.mktemp("tokens")
    in_order = certificates.ordinary("Иванова И. И.", key_until=certificates.UNTIL)
    made = {
        "ivanova": provisioned(IVANOVA.serial, label="Ivanova", certificates=[in_order]),
        "petrov": provisioned(PETROV.serial, label="Petrov"),
        "stranger": provisioned(STRANGER.serial, label="Stranger"),
    }
    for name, card in made.items():
        card.save(directory / name)
    return Tokens(states={name: directory / name for name in made})


@pytest.fixture
def workplace(deb: Path, request: pytest.FixtureRequest) -> Iterator[Workplace]:
    """A machine of its own with klyuchar installed, enrolled and at rest."""
    with images.machine(images.gold(deb, prepare())) as machine, logs_kept(machine, request):
        yield Workplace(machine)
