"""Carriers come and go on a real bus."""

from __future__ import annotations

import pytest

from domain.events import (
    Appeared,
    Blind,
    Identified,
    Judged,
    Missed,
    Pulled,
    Reenumerated,
    Seeing,
    Unreadable,
    Vanished,
)
from domain.sighting import Obstacle
from domain.verdict import Level
from tests.bench.cases.conftest import IVANOVA, PETROV, STRANGER, Tokens
from tests.bench.emulator.devices.tokens import CardReader
from tests.bench.workplace import Workplace
from tests.waiting import wait_for

pytestmark = pytest.mark.bench


def test_a_token_is_seen_judged_and_seen_to_leave(workplace: Workplace, tokens: Tokens) -> None:
    with workplace.ports[0].plugged(tokens.ivanova()):
        assert workplace.wait_for_verdict(IVANOVA, Level.ALLOW).seat == "ivanova"
        seen = workplace.events(Identified)[-1]
        assert seen.port == workplace.events(Appeared)[0].device.port != ""
        (certificate,) = seen.sighting.certificates
        assert "Иванова И. И." in certificate.subject
    workplace.wait_for(Pulled, lambda event: event.carrier == IVANOVA)
    assert len(workplace.events(Vanished)) == len(workplace.events(Missed)) == 1


def test_a_token_that_was_there_before_the_agent_takes_the_same_road(
    workplace: Workplace, tokens: Tokens
) -> None:
    workplace.machine.run("systemctl stop klyuchar-agent")
    with workplace.ports[0].plugged(tokens.petrov()):
        workplace.machine.wait_until("opensc-tool -l | grep Rutoken")
        workplace.machine.run("systemctl start klyuchar-agent")
        judged = workplace.wait_for_verdict(PETROV)
        assert judged.verdict.deciding.rule == "issued-to-another"
        assert workplace.events(Identified)[0].port == workplace.events(Appeared)[0].device.port


def test_two_at_once_are_both_judged(workplace: Workplace, tokens: Tokens) -> None:
    workplace.ports[0].plug(tokens.ivanova())
    workplace.ports[1].plug(tokens.stranger())
    workplace.wait_for_verdict(IVANOVA, Level.ALLOW)
    workplace.wait_for_verdict(STRANGER, Level.DENY)
    workplace.ports[0].pull()
    workplace.wait_for(Pulled, lambda event: event.carrier == IVANOVA)
    assert [event.carrier for event in workplace.events(Pulled)] == [IVANOVA]


def test_ten_quickly_one_after_another(workplace: Workplace, tokens: Tokens) -> None:
    for _ in range(10):
        with workplace.ports[0].plugged(tokens.ivanova()):
            workplace.ports[0].wait_configured()
    workplace.wait_for(Vanished, times=10)
    assert len(workplace.events(Appeared)) == 10
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for(Appeared, times=11)
        workplace.wait_for_verdict(IVANOVA)


def test_pulled_while_it_is_read(workplace: Workplace, tokens: Tokens) -> None:
    token = tokens.ivanova()
    token.stall_after(5)
    workplace.ports[0].plug(token)
    wait_for(lambda: token.stalled, 30, "the token was being read")
    workplace.ports[0].pull()
    workplace.wait_for(Vanished)
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA, Level.ALLOW)


def test_a_reset_is_no_pull(workplace: Workplace, tokens: Tokens) -> None:
    with workplace.ports[0].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA)
        workplace.ports[0].reenumerate()
        workplace.wait_for(Reenumerated)
        assert not workplace.events(Pulled)


def test_a_card_in_a_reader_that_stays(workplace: Workplace, tokens: Tokens) -> None:
    reader = CardReader()
    with workplace.ports[0].plugged(reader):
        workplace.wait_for(Appeared, lambda event: event.device.is_reader)
        workplace.begin()
        reader.push(tokens.petrov().card)
        workplace.wait_for_verdict(PETROV)
        reader.pop()
        workplace.wait_for(Pulled, lambda event: event.carrier == PETROV)
        assert not workplace.events(Vanished)


def test_the_same_serial_on_two_ports(workplace: Workplace, tokens: Tokens) -> None:
    with workplace.ports[0].plugged(tokens.ivanova()), workplace.ports[1].plugged(tokens.ivanova()):
        judged = workplace.wait_for(Judged, lambda event: event.verdict.level is Level.DENY)
        assert judged.carrier == IVANOVA
        assert judged.verdict.deciding.rule == "duplicate-identity"


def test_a_blank_token_is_no_carrier_and_no_silence(workplace: Workplace, tokens: Tokens) -> None:
    with workplace.ports[0].plugged(tokens.blank()):
        unreadable = workplace.wait_for(
            Unreadable, lambda event: event.unread.obstacle is Obstacle.NOT_RECOGNISED
        )
        assert unreadable.port == workplace.events(Appeared)[0].device.port
        assert workplace.wait_for(Judged).verdict.level is not Level.ALLOW


def test_a_token_that_stalls_is_told_of_and_costs_nothing_once_it_is_gone(
    workplace: Workplace, tokens: Tokens
) -> None:
    stalling = tokens.stranger()
    stalling.stall_after(5)
    with workplace.ports[1].plugged(tokens.ivanova()):
        workplace.wait_for_verdict(IVANOVA)
        with workplace.ports[0].plugged(stalling):
            wait_for(lambda: stalling.stalled, 60, "the token was being read")
            workplace.wait_for(Blind, deadline_s=90)
            assert not workplace.events(Missed), "the first token was not asked, and did not leave"
        workplace.wait_for(Seeing, deadline_s=90)
        assert not workplace.events(Pulled)
