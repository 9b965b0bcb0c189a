"""What rules say of flash drives and of the workstation's own disk, which nobody can pull out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from domain.accounting import OutOfAction, Standing
from domain.carrier import Carrier, Maker
from domain.sighting import Container, ContainerKind, Evidence, Obstacle, Sighting, Unread
from policies.judge import RULES, answers, judge
from policies.situation import Situation
from tests.policies.situations import (
    OTHERS,
    document,
    entry,
    ledger,
    situation,
    told,
    withdrawn,
)

FLASH = Carrier(maker=Maker.FLASH, model="flash disk", serial="1a2b3c4d/0401ab77")
DISK = Carrier(maker=Maker.WORKSTATION, model="disk", serial="ab" * 16)
ALLOWED = ("issued-to-the-seat", "allow")
EXTRA = ("more-containers-than-keys", "warn")


def storage(carrier: Carrier = FLASH, containers: int = 1, **changes: Any) -> Situation:
    """Storage with so many containers; issued to the person at the seat but for the changes."""
    folders = tuple(
        Container(folder=f"{number}.000", kind=ContainerKind.EXCHANGE)
        for number in range(containers)
    )
    sighting = Sighting(
        carrier=carrier,
        label="",
        module="storage",
        slot=0,
        evidence=Evidence.FILE_SYSTEM,
        objects=containers,
        certificates=(),
        containers=folders,
    )
    values = {"seen": sighting, "ledger": ledger(entry=entry(document(), carrier=carrier))}
    return situation(**(values | changes))


def test_a_drive_in_order_is_allowed_and_its_end_is_not_claimed() -> None:
    assert told(storage()) == [ALLOWED]
    assert "не проверен" in judge(storage()).deciding.reason.ru


@pytest.mark.parametrize(
    ("containers", "expected"), [(0, [ALLOWED]), (1, [ALLOWED]), (2, [EXTRA, ALLOWED])]
)
def test_more_containers_than_keys(containers: int, expected: list[tuple[str, str]]) -> None:
    assert told(storage(containers=containers)) == expected


def test_a_destroyed_key_covers_no_container() -> None:
    gone = document(number="КН-0002", standing=Standing.DESTROYED)
    both = ledger(entry=entry(document(), gone, carrier=FLASH))
    assert EXTRA in told(storage(containers=2, ledger=both))
    kept = ledger(entry=entry(document(), withdrawn(OutOfAction.REPLACED), carrier=FLASH))
    assert EXTRA not in told(storage(containers=2, ledger=kept))


def test_a_known_drive_that_is_not_mounted_says_to_open_it() -> None:
    seen = storage().seen
    assert isinstance(seen, Sighting)
    unmounted = replace(seen, objects=-1, containers=())
    verdict = judge(storage(seen=unmounted))
    assert verdict.deciding.rule == "contents-not-read"
    assert "смонтирован" in verdict.deciding.reason.ru
    assert "сертификат" not in verdict.deciding.reason.ru


def _of_every_kind() -> list[Situation]:
    """Situations in which every rule that may speak of a disk does."""
    own = document()
    entries = [
        entry(carrier=DISK),
        entry(document(standing=Standing.REGISTERED, logins=()), carrier=DISK),
        entry(document(logins=(OTHERS,)), carrier=DISK),
        entry(own, document(number="2", logins=(OTHERS,)), carrier=DISK),
        entry(withdrawn(OutOfAction.EXPIRED), carrier=DISK),
        entry(own, withdrawn(OutOfAction.COMPROMISED), carrier=DISK, retired=True),
        entry(own, withdrawn(OutOfAction.REPLACED), carrier=DISK),
        entry(document(key_not_after="2020-01-01T00:00:00Z"), carrier=DISK),
        entry(document(logins=()), carrier=DISK),
    ]
    seen = storage(DISK).seen
    assert isinstance(seen, Sighting)
    unread = Unread(
        module="storage",
        slot=0,
        obstacle=Obstacle.FILE_SYSTEM_ERROR,
        detail="EACCES",
        maker=Maker.WORKSTATION,
    )
    return [
        *(storage(DISK, ledger=ledger(entry=one)) for one in entries),
        storage(DISK, ledger=None),
        storage(DISK, ledger=ledger(entry=None)),
        storage(DISK, duplicates=1),
        storage(DISK, seen=replace(seen, objects=-1, containers=())),
        storage(DISK, seen=unread),
    ]


@pytest.mark.parametrize("facts", _of_every_kind())
def test_nobody_is_told_to_pull_a_disk_out_or_to_carry_it(facts: Situation) -> None:
    for answer in answers(facts):
        if answer.finding is None:
            continue
        for text in (answer.finding.reason, answer.finding.advice):
            for word in (
                "выньте",
                "вынуть",
                "вставлен",
                "вставьте",
                "отнесите",
                "верните носитель",
            ):
                assert word not in text.ru.lower(), answer.finding.rule
            for word in ("pull", "plug", "return it", "take it"):
                assert word not in text.en.lower(), answer.finding.rule


def test_only_words_change_with_a_disk() -> None:
    assert told(storage(DISK)) == told(storage(FLASH)) == [ALLOWED]
    flash = [(rule.name, rule.clause) for rule in RULES if rule(storage(FLASH, duplicates=1))]
    disk = [(one.rule, one.clause) for one in judge(storage(DISK, duplicates=1)).findings]
    assert sorted(flash) == sorted(disk)


def test_a_key_out_of_action_on_a_disk_is_destroyed_by_its_user() -> None:
    facts = storage(DISK, ledger=ledger(entry=entry(withdrawn(OutOfAction.EXPIRED), carrier=DISK)))
    assert "п. 6.9" in judge(facts).deciding.advice.ru
