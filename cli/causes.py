"""Why something can't be seen or is not as it should be, and what to do about it, in words."""

from __future__ import annotations

from agent.eyes import QUARANTINED
from agent.looks import DISAGREE
from agent.modules import WRONG_DROP_IN
from cli.vocabulary import OBSTACLES
from domain.sighting import Obstacle
from domain.text import Text
from drivers.modules import Flaw
from drivers.udev import UDEV_SILENT, UDEVD_STOPPED

_RESTART = "systemctl restart klyuchar-agent"
_NOTHING = Text(ru="", en="")

CAUSES: dict[str, Text] = {obstacle.value: words for obstacle, words in OBSTACLES.items()} | {
    QUARANTINED: Text(
        ru="модуль отказывает раз за разом и отставлен: его пробуют всё реже, до раза в час",
        en="the module keeps failing and is put aside: it is tried ever more rarely, to hourly",
    ),
    WRONG_DROP_IN: Text(
        ru="файл администратора не принят, модуль из него не действует",
        en="the administrator's file was refused, its module is not in force",
    ),
    UDEVD_STOPPED: Text(
        ru="служба systemd-udevd не работает, о подключениях никто не сообщает; агент сам сверяет "
        "их раз в 20 с",
        en="systemd-udevd does not run, so nobody tells of devices; the agent compares every 20 s",
    ),
    UDEV_SILENT: Text(
        ru="служба systemd-udevd молчит, хотя устройства меняются; агент сам сверяет их раз в 20 с",
        en="systemd-udevd is silent while devices change; the agent compares every 20 s",
    ),
    Flaw.DANGLING: Text(
        ru="ссылка на модуль никуда не ведёт", en="the link to the module leads nowhere"
    ),
    Flaw.NOT_A_FILE: Text(ru="на месте модуля не файл", en="the module is no file"),
    Flaw.NOT_READABLE: Text(ru="файл модуля нельзя прочитать", en="the module can't be read"),
    Flaw.NOT_A_LIBRARY: Text(
        ru="файл модуля — не библиотека Linux", en="the module's file is no Linux library"
    ),
    Flaw.WRONG_ARCHITECTURE: Text(
        ru="модуль собран для другого процессора", en="the module is built for another processor"
    ),
    Flaw.REPLACEABLE: Text(
        ru="модуль может подменить не только администратор, поэтому он не загружается",
        en="not only the administrator can replace the module, so it is not loaded",
    ),
    Flaw.STALE_COPY: Text(
        ru="есть ещё одна, другая библиотека того же названия; она не используется",
        en="there is another library of that name with another content; it is not used",
    ),
    DISAGREE: Text(
        ru="два модуля показывают один носитель по-разному; действует первый из них",
        en="two modules show one carrier differently; the first of them counts",
    ),
}

_INSTALL = Text(
    ru=f"установите модуль из пакета изготовителя для этого компьютера, затем {_RESTART}",
    en=f"install the module from its maker's package for this machine, then {_RESTART}",
)

REMEDIES: dict[str, Text] = {
    Obstacle.MODULE_ABSENT: _INSTALL,
    Obstacle.MODULE_DIED: Text(
        ru="обновите модуль изготовителя; если не поможет, отключите его файлом в "
        "/etc/klyuchar/modules.d",
        en="update the maker's module; failing that, switch it off in /etc/klyuchar/modules.d",
    ),
    Obstacle.MODULE_NOT_ASKED: Text(
        ru="посмотрите причину и что делать: klyuchar status",
        en="see the reason and what to do: klyuchar status",
    ),
    Obstacle.NO_WORKER: Text(
        ru="systemctl start klyuchar-worker.socket", en="systemctl start klyuchar-worker.socket"
    ),
    f"storage-{Obstacle.NO_WORKER}": Text(
        ru="systemctl restart klyuchar-storage.socket; если служба висит на накопителе, выньте его",
        en="systemctl restart klyuchar-storage.socket; pull the drive out that its worker hangs on",
    ),
    f"storage-{Obstacle.DEADLINE}": Text(
        ru="выньте накопитель, который не отвечает", en="pull the drive out that does not answer"
    ),
    f"storage-{Obstacle.NO_UDEV}": Text(
        ru="systemctl start systemd-udevd-kernel.socket systemd-udevd",
        en="systemctl start systemd-udevd-kernel.socket systemd-udevd",
    ),
    Obstacle.PCSCD_DOWN: Text(ru="systemctl start pcscd.socket", en="systemctl start pcscd.socket"),
    f"{Obstacle.PCSCD_DOWN}: not-installed": Text(
        ru="apt install pcscd libccid", en="apt install pcscd libccid"
    ),
    f"{Obstacle.PCSCD_DOWN}: masked": Text(
        ru="systemctl unmask pcscd.socket pcscd.service; systemctl start pcscd.socket",
        en="systemctl unmask pcscd.socket pcscd.service; systemctl start pcscd.socket",
    ),
    Obstacle.PCSCD_DENIED: Text(
        ru="проверьте правило polkit /usr/share/polkit-1/rules.d/50-klyuchar.rules (нет ли "
        "запрещающего в /etc/polkit-1/rules.d) и journalctl -u pcscd",
        en="check the polkit rule /usr/share/polkit-1/rules.d/50-klyuchar.rules (is there one "
        "against it in /etc/polkit-1/rules.d?) and journalctl -u pcscd",
    ),
    QUARANTINED: Text(
        ru=f"обновите модуль (после замены файла он будет опробован сам) или {_RESTART}",
        en=f"update the module (it is tried by itself once its file changed) or {_RESTART}",
    ),
    WRONG_DROP_IN: Text(ru=f"исправьте файл, затем {_RESTART}", en=f"mend it, then {_RESTART}"),
    UDEVD_STOPPED: Text(
        ru="systemctl start systemd-udevd-kernel.socket systemd-udevd",
        en="systemctl start systemd-udevd-kernel.socket systemd-udevd",
    ),
    UDEV_SILENT: Text(ru="systemctl restart systemd-udevd", en="systemctl restart systemd-udevd"),
    Flaw.DANGLING: _INSTALL,
    Flaw.NOT_A_FILE: _INSTALL,
    Flaw.NOT_A_LIBRARY: _INSTALL,
    Flaw.WRONG_ARCHITECTURE: _INSTALL,
    Flaw.NOT_READABLE: Text(ru="chmod a+r ФАЙЛ", en="chmod a+r FILE"),
    Flaw.REPLACEABLE: Text(
        ru="верните названный файл или папку администратору: chown root:root и chmod go-w; если "
        "модуль мог быть подменён, переустановите его пакет",
        en="give the named file or folder back to root: chown root:root and chmod go-w; reinstall "
        "the module's package where it may have been replaced",
    ),
    Flaw.STALE_COPY: Text(
        ru="обновите программу, которая принесла эту копию, или удалите копию",
        en="update the program that brought this copy, or remove the copy",
    ),
    DISAGREE: Text(
        ru="отключите лишний модуль файлом в /etc/klyuchar/modules.d",
        en="switch the needless module off in /etc/klyuchar/modules.d",
    ),
}


def explained(cause: str) -> Text | None:
    """What a cause means; None where it is no word of ours."""
    return CAUSES.get(cause)


def remedy(cause: str, detail: str = "") -> Text:
    """What to do about it; empty where nobody knows. ``detail`` may say more than the cause."""
    closer = f"{cause}: {detail.partition(';')[0]}"
    return REMEDIES.get(closer) or REMEDIES.get(cause, _NOTHING)
