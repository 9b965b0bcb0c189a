"""Which PKCS#11 modules this workstation asks: known ones, the settings' and the administrator's.

In this order, a later one taking the place of an earlier one of the same name or file:

1. the known modules found where their makers put them (`drivers.choice`);
2. ``modules`` of the settings, named by their files;
3. the drop-ins in the order of their file names, of which the first with a name counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.dropins import DropIn, read
from domain.because import because
from domain.errors import Wrong
from domain.events import Blind, Event, Noticed
from domain.text import Text
from drivers.catalogue import Module, known
from drivers.choice import Choice, choose, installed
from drivers.modules import Finding, inspect

WRONG_DROP_IN = "wrong-drop-in"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongDropIn:
    """A file of modules.d that was refused; ``why`` begins with the file and its line."""

    file: str
    why: Text


@dataclass(slots=True)
class Modules:
    """``asked`` may be loaded; ``refused`` may not, each for its finding; ``noticed`` is what else
    is to be told of files."""

    asked: list[Module] = field(default_factory=list)
    refused: list[tuple[Module, Finding]] = field(default_factory=list)
    noticed: list[Finding] = field(default_factory=list)
    wrong: list[WrongDropIn] = field(default_factory=list)

    @property
    def all(self) -> list[Module]:
        """Refused ones too: their files may be mended while the agent runs."""
        return [*self.asked, *(module for module, _ in self.refused)]

    def amiss(self) -> list[Event]:
        """What is to be recorded at start, apart from refused modules."""
        blind = [
            Blind(
                what=f"modules.d/{Path(wrong.file).name}", reason=f"{WRONG_DROP_IN}: {wrong.why.ru}"
            )
            for wrong in self.wrong
        ]
        noticed = [
            Noticed(what=one.module, finding=one.flaw.value, detail=f"{one.path}: {one.detail}")
            for one in self.noticed
        ]
        return [*blind, *noticed]


def gather(paths: Iterable[str], directory: Path, root: Path = Path("/")) -> Modules:
    """The modules of this workstation. ``paths`` are the settings', ``directory`` is modules.d; a
    wrong file there is told of and costs nothing else. Nothing is loaded."""
    choices = {choice.module.name: choice for choice in installed(root)}
    for path in paths:
        _take(choices, _named(path, choices))
    wrong = _take_dropins(choices, directory, root)
    modules = Modules(wrong=wrong)
    for choice in choices.values():
        if choice.usable:
            modules.asked.append(choice.module)
            modules.noticed += choice.findings
        else:
            modules.refused.append((choice.module, choice.findings[0]))
            modules.noticed += choice.findings[1:]
    return modules


def _take(choices: dict[str, Choice], module: Module) -> None:
    """The module in place of any other of its name or file."""
    real = os.path.realpath(module.path)
    for name, other in list(choices.items()):
        if name == module.name or os.path.realpath(other.module.path) == real:
            del choices[name]
    flaws = inspect(module)
    choices[module.name] = Choice(module=module, usable=not flaws, findings=flaws)


def _named(path: str, taken: Iterable[str]) -> Module:
    """A module of the settings, which give no name: two files of one name must not become one."""
    stem, number = Path(path).stem, 2
    name = stem
    while name in taken:
        name, number = f"{stem}-{number}", number + 1
    return Module(name=name, path=path, general=False)


def _take_dropins(choices: dict[str, Choice], directory: Path, root: Path) -> list[WrongDropIn]:
    wrong: list[WrongDropIn] = []
    told: dict[str, str] = {}
    try:
        files = sorted(path for path in directory.iterdir() if path.suffix == ".toml")
    except FileNotFoundError:
        return []
    except OSError as error:
        why = because(error)
        text = Text(ru=f"{directory}: {why.ru}", en=f"{directory}: {why.en}")
        return [WrongDropIn(file=str(directory), why=text)]
    for file in files:
        try:
            dropin = read(file)
            _refuse_second(dropin, told)
            _apply(choices, dropin, root)
        except Wrong as error:
            wrong.append(WrongDropIn(file=str(file), why=error.text))
    return wrong


def _refuse_second(dropin: DropIn, told: dict[str, str]) -> None:
    first = told.setdefault(dropin.name, dropin.file)
    if first != dropin.file:
        raise Wrong(
            Text(
                ru=f"{dropin.file}: модуль {dropin.name} уже описан в {first}, действует тот файл",
                en=f"{dropin.file}: the module {dropin.name} is already in {first}, which counts",
            )
        )


def _apply(choices: dict[str, Choice], dropin: DropIn, root: Path) -> None:
    if dropin.disabled:
        if dropin.path is None and dropin.name not in choices and known(dropin.name) is None:
            raise _nameless(dropin)
        choices.pop(dropin.name, None)
    elif dropin.path is not None:
        _take(choices, _changed(_described(dropin), dropin))
    else:
        choice = choices.get(dropin.name) or _asked_for(dropin, root)
        module = _changed(choice.module, dropin)
        choices[dropin.name] = replace(choice, module=module)


def _described(dropin: DropIn) -> Module:
    """The module at the drop-in's own path, with what is known of its name."""
    assert dropin.path is not None
    like = known(dropin.name)
    return Module(
        name=dropin.name,
        path=dropin.path,
        general=like.general if like else False,
        maker=like.maker if like else None,
    )


def _changed(module: Module, dropin: DropIn) -> Module:
    return replace(
        module,
        general=module.general if dropin.general is None else dropin.general,
        maker=dropin.maker or module.maker,
        deadline_s=dropin.deadline_s or module.deadline_s,
    )


def _asked_for(dropin: DropIn, root: Path) -> Choice:
    """A known module that is looked for only because it is named."""
    like = known(dropin.name)
    choice = choose(like, root) if like else None
    if choice is None:
        raise _nameless(dropin)
    return choice


def _nameless(dropin: DropIn) -> Wrong:
    return Wrong(
        Text(
            ru=f"{dropin.file}: модуль {dropin.name} не найден: укажите его путь (path) или "
            "исправьте имя",
            en=f"{dropin.file}: no module {dropin.name} was found: give its path or mend the name",
        )
    )
