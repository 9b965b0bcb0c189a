"""Run by test_reader.py with umockdev preloaded: a reader stays plugged, cards come and go."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.look_times import ENOUGH_LOOKS_S
from agent.loop import Agent
from agent.settings import load
from cli.layout import SOFTHSM
from drivers.catalogue import Module
from drivers.eye import Eye
from drivers.udev import UdevWatch
from journal.signing import load_or_create
from journal.writer import Journal
from tests.udev_messages import Testbed
from tests.waiting import wait_for
from tests.workstation import Workstation, workstation

READER = "08e6:3437"


@pytest.fixture
def station() -> Iterator[Workstation]:
    with workstation() as made:
        made.make_tokens("card")
        made.issue("card")
        yield made


def test_a_card_in_a_standing_reader_is_noticed_without_any_message(station: Workstation) -> None:
    testbed = Testbed()
    settings = replace(load(station.layout.settings).agent, reader_poll_s=1)
    journal = Journal.open(settings.journal, host=settings.host, boot="test")
    eye = Eye(Module(name="softhsm", path=SOFTHSM, general=False), settings.worker_socket)
    signer = load_or_create(settings.key)
    agent = Agent(settings, journal, signer, [UdevWatch()], [eye])
    failures: list[BaseException] = []

    def play() -> None:
        try:
            reader = testbed.plug("1-1", READER)
            testbed.plug("1-1:1.0", READER, interface="11/0/0", parent=reader)
            wait_for(lambda: station.events("Appeared"), what="the reader")
            time.sleep(ENOUGH_LOOKS_S + 0.3)  # past the looks that the reader itself caused
            drawer, tokens = station.layout.drawer / "card", station.layout.tokens / "card"
            drawer.rename(tokens)
            wait_for(lambda: station.events("Judged"), what="the card judged")
            tokens.rename(drawer)
            wait_for(lambda: station.events("Pulled"), what="the card pulled")
        except BaseException as error:
            failures.append(error)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    playing = threading.Thread(target=play)
    playing.start()
    agent.run("test")
    playing.join()
    testbed.close()
    assert not failures, failures
    assert [record.name for record in station.events("Vanished")] == []
