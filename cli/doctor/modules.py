"""The PKCS#11 modules: their files as they lie there, and their answers through a worker."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator

from agent.modules import Modules, gather
from cli.doctor.finding import Outcome, found, unseen
from cli.doctor.workstation import Workstation
from cli.vocabulary import OBSTACLES
from domain.carrier import Maker
from domain.names import MAKERS
from domain.sighting import Obstacle
from domain.text import Text
from drivers.catalogue import MODULES, Module
from drivers.eye import Eye, Look
from drivers.messages import MODULE_WIDE
from drivers.modules import Finding, Flaw, inspect

_LONGEST_WAIT_S = 0.2
_FLAWS = {
    Flaw.ABSENT: Text(ru="файла нет", en="there is no such file"),
    Flaw.DANGLING: Text(ru="ссылка никуда не ведёт", en="the link leads nowhere"),
    Flaw.NOT_A_FILE: Text(ru="это не файл", en="this is no file"),
    Flaw.NOT_READABLE: Text(
        ru="служба чтения носителей не может его прочитать",
        en="the service that reads carriers can't read it",
    ),
    Flaw.NOT_A_LIBRARY: Text(ru="это не библиотека", en="this is no library"),
    Flaw.WRONG_ARCHITECTURE: Text(
        ru="собран для другого процессора", en="it is built for another processor"
    ),
    Flaw.REPLACEABLE: Text(
        ru="подменить его может не только root", en="not only root can replace it"
    ),
    Flaw.STALE_COPY: Text(
        ru="другая библиотека того же названия: программы могут взять не ту, агент берёт",
        en="another library of that name: programs may take the wrong one, the agent takes",
    ),
}
_PACKAGES = {
    Maker.RUTOKEN: "apt install ./librtpkcs11ecp_*_amd64.deb  # rutoken.ru/support/download",
    Maker.JACARTA: "apt install ./jacartauc_*.deb  # aladdin-rd.ru/support/downloads/jacarta",
    Maker.ESMART: "apt install ./isbc-pkcs11_*.deb  # esmart.ru/download",
    Maker.ETOKEN: "apt install ./safenetauthenticationclient_*.deb",
    Maker.YUBIKEY: "apt install ykcs11",
}
_ANY_READER = "apt install opensc"


def files(workstation: Workstation) -> Iterator[Outcome]:
    """Every module that would be loaded may be, and is the one that is meant."""
    gathered = _gathered(workstation)
    for module in gathered.all:
        for finding in inspect(module, by_others=workstation.is_packaged):
            yield _flawed(finding)
    for finding in gathered.noticed:
        if finding.flaw is Flaw.STALE_COPY:
            yield _flawed(finding)


def missing(workstation: Workstation) -> Iterator[Outcome]:
    """For each carrier that is plugged there is a module that can read it."""
    modules = _gathered(workstation).asked
    names = {module.name for module in modules}
    carriers = (one.device for one in workstation.plugged if not one.device.is_reader)
    for maker in sorted({carrier.maker for carrier in carriers}):
        own = {known.name for known in MODULES if known.maker is maker}
        if not own or own & names:
            continue
        it = MAKERS.get(maker) or Text(ru=maker.value, en=maker.value)
        mend = _PACKAGES.get(maker, _ANY_READER) + "; systemctl restart klyuchar-agent"
        if any(module.general for module in modules):
            yield found(
                "module-general-only",
                ru=f"Вставлен {it.ru}, а модуля изготовителя нет: читает OpenSC, который знает не "
                "все его модели и не показывает ключи ГОСТ",
                en=f"{it.en} is plugged and its maker's module is not installed: OpenSC reads it, "
                "which does not know all models nor shows GOST keys",
                mend=mend,
            )
        else:
            yield found(
                "module-missing",
                ru=f"Вставлен {it.ru}, а модуля PKCS#11, который его читает, нет",
                en=f"{it.en} is plugged and there is no PKCS#11 module that reads it",
                mend=mend,
            )


def answers(workstation: Workstation) -> Iterator[Outcome]:
    """Each module answers through a worker of its own, as the agent asks it."""
    agent = workstation.settings.agent
    if not agent.worker_socket or not os.access(agent.worker_socket, os.W_OK):
        yield from _no_socket(agent.worker_socket)
        return
    good = [module for module in _modules(workstation) if not inspect(module)]
    eyes = [Eye(one, agent.worker_socket, deadline_s=agent.module_deadline_s) for one in good]
    try:
        for look in _looks(eyes, time.monotonic() + workstation.patience_s * 0.9):
            yield from _wide(look)
    finally:
        for eye in eyes:
            eye.close()


def _modules(workstation: Workstation) -> list[Module]:
    return _gathered(workstation).all


def _gathered(workstation: Workstation) -> Modules:
    agent = workstation.settings.agent
    return gather(agent.modules, agent.modules_directory)


def _flawed(finding: Finding) -> Outcome:
    flaw = _FLAWS[finding.flaw]
    detail = f" ({finding.detail})" if finding.detail != finding.path else ""
    return found(
        "module-" + finding.flaw.value.removeprefix("module-"),
        ru=f"Модуль {finding.module}, {finding.path}: {flaw.ru}{detail}",
        en=f"Module {finding.module}, {finding.path}: {flaw.en}{detail}",
        mend=_mended(finding),
    )


def _mended(finding: Finding) -> str:
    where = finding.path
    if finding.flaw is Flaw.REPLACEABLE:
        weak = finding.detail.partition(": ")[0]
        return f"chown root:root {weak} && chmod go-w {weak}"
    if finding.flaw is Flaw.NOT_READABLE:
        return f"chmod a+r {where}"
    if finding.flaw is Flaw.STALE_COPY:
        return f"dpkg -S {where} || mv {where} {where}.old"
    return f"dpkg -S {where}; apt install --reinstall ПАКЕТ"


def _no_socket(path: str) -> Iterator[Outcome]:
    if os.path.exists(path):
        yield unseen(
            f"модули PKCS#11: к сокету {path} пускают только агента и root, повторите от root",
            f"PKCS#11 modules: only the agent and root reach the socket {path}, repeat as root",
        )
        return
    try:
        os.stat(path)
    except PermissionError:
        yield unseen(
            f"модули PKCS#11: {path} — нет прав, повторите от root",
            f"PKCS#11 modules: {path}: permission denied, repeat as root",
        )
    except OSError:
        yield found(
            "worker-absent",
            ru=f"Нет сокета службы чтения носителей {path}: модули спросить некому",
            en=f"The socket {path} of the service that reads carriers is not there",
            mend="systemctl enable --now klyuchar-worker.socket",
        )


def _looks(eyes: list[Eye], until: float) -> Iterator[Look]:
    """The answers as they come; the last are forgone where time is up, which the caller tells."""
    now = time.monotonic()
    for eye in eyes:
        eye.look(now)
    waiting = list(eyes)
    while waiting and time.monotonic() < until:
        poll = select.poll()
        by_fd = {fd: eye for eye in waiting if (fd := eye.fileno()) is not None}
        for fd in by_fd:
            poll.register(fd, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(int(_LONGEST_WAIT_S * 1000))}
        for eye in list(waiting):
            look = _turn(eye, eye.fileno() in ready)
            if look is not None:
                waiting.remove(eye)
                yield look


def _turn(eye: Eye, ready: bool) -> Look | None:
    now = time.monotonic()
    if ready and (look := eye.on_readable(now)) is not None:
        return look
    if eye.deadline is not None and eye.deadline <= now:
        return eye.on_deadline(now)
    return None


def _wide(look: Look) -> Iterator[Outcome]:
    """What is said of the module as a whole: a slot that can't be read is the agent's to tell."""
    for unread in look.unread:
        if unread.slot != MODULE_WIDE:
            continue
        if unread.obstacle is Obstacle.NO_WORKER:
            yield found(
                "worker-absent",
                ru=f"Служба чтения носителей не запускается ({unread.detail})",
                en=f"The service that reads carriers does not start ({unread.detail})",
                mend="systemctl restart klyuchar-worker.socket; journalctl -u 'klyuchar-worker@*'",
            )
            continue
        why = OBSTACLES[unread.obstacle]
        yield found(
            "module-silent",
            ru=f"Модуль {look.module.name} ({look.module.path}) не читает носители: {why.ru} "
            f"({unread.detail})",
            en=f"Module {look.module.name} ({look.module.path}) reads no carriers: {why.en} "
            f"({unread.detail})",
            mend=f"dpkg -S {look.module.path}; apt install --reinstall ПАКЕТ",
        )
