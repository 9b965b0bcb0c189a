r"""Does CryptoPro CSP refuse keys whose period has ended?

``ControlKeyTimeValidity`` in the section ``[Parameters]`` of its configuration, or in one of a
provider's own (``[Parameters\"Crypto-Pro …"]``): 0 allows everything, 1 forbids to sign and to
encrypt, 2 forbids everything; 1 where it is not written (the maker's developer pages on CSP 4.0,
"timevalidity"). The file has comments in cp1251, names in any case, with quotes or without.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from agent.inventory.spelling import fit, why
from domain.inventory import Control, TimeControl

FILES = ("etc/opt/cprocsp/config64.ini", "etc/opt/cprocsp/config.ini")
_LARGEST = 4 << 20
_SECTION, _NAME = "parameters", "controlkeytimevalidity"
_ALLOWS_ALL, _KNOWN = 0, (0, 1, 2)


def time_control(root: Path) -> TimeControl:
    """What the configuration below ``root`` says; unknown where there is none to read.

    Switched off for one provider is switched off.
    """
    contents = []
    for name in FILES:
        try:
            with open(root / name, "rb") as file:
                contents.append(file.read(_LARGEST + 1))
        except FileNotFoundError:
            continue
        except OSError as error:
            return TimeControl(state=Control.UNKNOWN, detail=why(name, error))
    if not contents:
        return TimeControl(state=Control.UNKNOWN, detail=f"{FILES[0]}: no such file")
    return judge(b"\n".join(contents))


def judge(untrusted_content: bytes) -> TimeControl:
    """What a configuration of this content says."""
    if len(untrusted_content) > _LARGEST:
        return TimeControl(state=Control.UNKNOWN, detail="the configuration is too large")
    found = list(_settings(untrusted_content.decode("cp1251", "replace")))
    off = [section for section, value in found if _number(value) == _ALLOWS_ALL]
    if off:
        return TimeControl(state=Control.OFF, detail=fit(", ".join(dict.fromkeys(off))))
    strange = [value for _, value in found if _number(value) not in _KNOWN]
    if strange:
        return TimeControl(
            state=Control.UNKNOWN, detail=fit(f"ControlKeyTimeValidity={strange[0]}")
        )
    return TimeControl(state=Control.ON, detail="")


def _settings(untrusted_text: str) -> Iterator[tuple[str, str]]:
    """Every value of the setting with the section it stands in, as that is written."""
    section = ""
    for line in untrusted_text.splitlines():
        words = line.strip()
        if words.startswith("["):
            section = words.strip("[]").replace('"', "")
        elif _is_of_provider(section):  # a comment begins no name that is asked for
            name, equals, value = words.partition("=")
            if equals and name.strip().strip('"').lower() == _NAME:
                yield section, value.strip().strip('"')


def _is_of_provider(section: str) -> bool:
    return section.lower() == _SECTION or section.lower().startswith(_SECTION + "\\")


def _number(value: str) -> int | None:
    """A whole number, decimal or hexadecimal, as cpconfig takes them."""
    digits = value.lower().removeprefix("ll:")
    try:
        return int(digits, 16) if digits.startswith("0x") else int(digits)
    except ValueError:
        return None
