"""A workstation in a directory: the real agent and real workers on a real SoftHSM, no ledger.

The snapshot is made and signed here as a ledger would, so that verdicts can be chosen.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from agent.settings import load
from cli.layout import SOFTHSM, Layout, prepare
from domain.accounting import CarrierEntry, KeyDocument, Standing
from domain.carrier import Carrier, Maker
from domain.snapshot import Mark, pack
from drivers import demo
from drivers.activation import Activation
from journal.decode import Record, decode
from journal.digest import sha256
from journal.reader import Follower
from journal.signing import Signer, load_or_create
from tests.softhsm import PUT_CERTIFICATE
from tests.waiting import wait_for

SALT = "salt"
_HURRIED = """
import sys
import agent.loop
import agent.storage
from agent.__main__ import main
agent.loop.TICK_S = 0.1
agent.storage.EVERY_S = 0.1
sys.exit(main())
"""


class Workstation:
    """Start and stop the agent, plug and pull tokens, read what was recorded.

    ``modules`` are loaded instead of SoftHSM; ``env`` is added to the environment of all processes.
    Without ``demo`` only USB is watched. ``storage`` is what the worker for flash drives takes for
    "/"; without it nobody looks at any.
    """

    def __init__(
        self,
        state: Path,
        modules: tuple[str, ...] = (),
        env: Mapping[str, str] | None = None,
        *,
        demo: bool = True,
        storage: Path | None = None,
    ) -> None:
        self.layout: Layout = prepare(state)
        self.serials: dict[str, str] = {}
        own = {"SOFTHSM2_CONF": str(self.layout.softhsm)}
        self.environment = os.environ | own | dict(env or {})
        self._ledger_key = load_or_create(state / "ledger-key")
        self._version = 0
        settings = self.layout.settings.read_text()
        if modules:
            listed = ", ".join(json.dumps(module) for module in modules)
            settings = settings.replace(f'"{SOFTHSM}"', listed)
        if not demo:
            settings = re.sub(r"^demo_.*\n", "", settings, flags=re.MULTILINE)
        if storage is None:
            settings = re.sub(r"^(storage_socket = ).*", r'\1""', settings, flags=re.MULTILINE)
        self.layout.settings.write_text(settings)
        load(self.layout.settings).agent.enrolment.write_text(
            json.dumps({"ledger_key": self._ledger_key.public_key.hex()})
        )
        self.journal = state / "agent" / "journal"
        self._follower = Follower(self.journal, 0)
        self._records: list[Record] = []
        self._activations = [self._activated("worker.sock", "drivers.worker")]
        if storage is not None:
            self._activations.append(
                self._activated("storage.sock", "drivers.storage", str(storage))
            )
        self._ending = threading.Event()
        self._serving = threading.Thread(target=self._serve, daemon=True)
        self._serving.start()
        self.agent: subprocess.Popen[bytes] | None = None
        self._errors = state / "errors"

    def make_tokens(self, *names: str) -> None:
        """SoftHSM tokens in the drawer; their serials are in ``serials``."""
        for name in names:
            pin = secrets.token_hex(8)
            self.pkcs11_tool("--init-token", "--label", name, "--so-pin", "env:PIN", PIN=pin)
            (folder,) = self.layout.tokens.iterdir()
            self.serials[name] = folder.name.replace("-", "")[-16:]
            folder.rename(self.layout.drawer / name)

    def put_certificate(self, name: str, der: bytes) -> None:
        """Any bytes as a public certificate object of a token in the drawer."""
        inside, outside = self.layout.tokens / name, self.layout.drawer / name
        outside.rename(inside)
        command = [sys.executable, "-c", PUT_CERTIFICATE, SOFTHSM, name, ""]
        subprocess.run(command, env=self.environment, input=der, check=True)
        inside.rename(outside)

    def pkcs11_tool(self, *arguments: str, **environment: str) -> str:
        """The independent witness: OpenSC's own tool on the same module."""
        return subprocess.run(
            ["pkcs11-tool", "--module", SOFTHSM, "--slot-index", "0", *arguments],
            env=self.environment | environment,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    def slot(self, name: str) -> int:
        """SoftHSM makes the slot's id of the serial's last 31 bits."""
        return int(self.serials[name][-8:], 16) & 0x7FFFFFFF

    def carrier(self, name: str) -> Carrier:
        return Carrier(maker=Maker.SOFTHSM, model="softhsm v2", serial=self.serials[name])

    def issue(self, *names: str, to: str | None = None, spare: int = 0) -> None:
        """A new snapshot in the inbox: these carriers are issued to the one at the seat.

        ``spare`` adds so many other carriers.
        """
        self.issue_carriers(*(self.carrier(name) for name in names), to=to, spare=spare)

    def issue_carriers(self, *carriers: Carrier, to: str | None = None, spare: int = 0) -> None:
        """The same for carriers that are no tokens of ``make_tokens``."""
        self.bring(self.snapshot(*carriers, to=to, spare=spare))

    def snapshot(self, *carriers: Carrier, to: str | None = None, spare: int = 0) -> bytes:
        """The next snapshot without its signature."""
        login = to or self.layout.login
        mark = sha256(f"{SALT}|{login}@{self.layout.host}".encode()).hex()
        entries = [_entry(carrier, f"КН-{i:04}", mark) for i, carrier in enumerate(carriers)]
        entries += [
            _entry(
                Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial=f"{i + 1:x}"),
                f"КН-{i + 10_000}",
                mark,
            )
            for i in range(spare)
        ]
        self._version += 1
        return pack(
            Mark(version=self._version, made_at=_now()),
            self.layout.host,
            SALT,
            ((sha256(entry.carrier.serial.encode()), entry) for entry in entries),
        )

    def bring(self, content: bytes, signer: Signer | None = None) -> None:
        """Sign ``content`` as the ledger does and lay it into the inbox as the courier does."""
        signature = (signer or self._ledger_key).sign(sha256(content))
        inbox = self.layout.state / "courier" / "inbox"
        (inbox / "new").write_bytes(content + signature)
        (inbox / "new").rename(inbox / "snapshot")

    def set(self, **values: int) -> None:
        """Change settings of the agent before it starts."""
        lines = "".join(f"{name} = {value}\n" for name, value in values.items())
        settings = self.layout.settings.read_text()
        self.layout.settings.write_text(settings.replace("[agent]\n", f"[agent]\n{lines}"))

    def start(self, *, hurried: bool = False) -> None:
        """Start the agent and wait until it watches; ``hurried``: it ticks many times a second."""
        before = len(self.events("Started"))
        program = ["-c", _HURRIED] if hurried else ["-m", "agent"]
        command = [sys.executable, *program, str(self.layout.settings)]
        with self._errors.open("ab") as errors:
            self.agent = subprocess.Popen(command, env=self.environment, stderr=errors)
        wait_for(lambda: len(self.events("Started")) > before, what="the agent started")

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End the agent with a signal; its exit code."""
        assert self.agent is not None
        self.agent.send_signal(number)
        return self.agent.wait(60)

    def insert(self, name: str) -> None:
        layout = self.layout
        demo.insert(name, layout.drawer, layout.tokens, str(layout.sockets / "demo.sock"))

    def remove(self, name: str) -> None:
        layout = self.layout
        demo.remove(name, layout.drawer, layout.tokens, str(layout.sockets / "demo.sock"))

    def records(self) -> list[Record]:
        while lines := self._follower.new():
            self._records += [decode(line.raw) for line in lines]
        return self._records

    def said(self) -> str:
        """What the agent wrote to its standard error: nothing, where all is well."""
        return self._errors.read_text() if self._errors.exists() else ""

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`klyuchar ARGUMENTS` as a person at this workstation gives it."""
        settings = ["--settings", str(self.layout.settings)]
        return subprocess.run(
            [sys.executable, "-m", "cli.main", *settings, *arguments],
            env=self.environment | {"KLYUCHAR_LANGUAGE": "ru"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def events(self, name: str) -> list[Record]:
        return [record for record in self.records() if record.name == name]

    def workers(self) -> list[int]:
        """The pids of the workers that run now."""
        return [pid for activation in self._activations for pid in activation.pids]

    def close(self) -> None:
        if self.agent is not None and self.agent.poll() is None:
            self.agent.kill()
            self.agent.wait()
        self._ending.set()
        self._serving.join(5)
        for activation in self._activations:
            activation.close()

    def _activated(self, socket_name: str, *module: str) -> Activation:
        command = [sys.executable, "-m", *module]
        return Activation(str(self.layout.sockets / socket_name), command, env=self.environment)

    def _serve(self) -> None:
        import select

        while not self._ending.is_set():
            ready = select.select(self._activations, [], [], 0.05)[0]
            for activation in self._activations:
                if activation in ready:
                    activation.accept()
                activation.reap()


@contextmanager
def workstation(
    modules: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    *,
    demo: bool = True,
    storage: Path | None = None,
) -> Iterator[Workstation]:
    """A workstation in a short-named directory of its own, removed afterwards."""
    state = Path(tempfile.mkdtemp(prefix="kw", dir="/tmp"))
    station = Workstation(state, modules, env, demo=demo, storage=storage)
    try:
        yield station
    finally:
        station.close()
        shutil.rmtree(state)


def _entry(carrier: Carrier, number: str, mark: str) -> CarrierEntry:
    document = KeyDocument(number=number, standing=Standing.ISSUED, logins=(mark,))
    return CarrierEntry(carrier=carrier, retired=False, documents=(document,))


def _now() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
