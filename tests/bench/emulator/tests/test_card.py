"""The card of a Rutoken by its commands: what OpenSC's tools don't reach, and what they rely on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.bench.emulator.cards.rutoken import HANDLERS, RutokenCard

DONE, NOT_ALLOWED, BLOCKED, FAILED = "9000", "6982", "6983", "6300"
NOT_FOUND, EXISTS = "6A82", "6A89"
PARAMETERS = [(0, 0), (0, 2), (8, 0), (1, 0), (1, 1), (1, 2), (3, 2), (0x80, 1), (0x41, 0xB6)]
PARAMETERS += [(0x9E, 0x9A), (0x4E, 0x19), (0x01, 0x81)]
DATA = ["", "3F00", "1000", "31323334", "80020004A50431323334", "840101"]
SO, USER = 1, 2


def fci(kind: str, name: str, size: int, security: str, properties: str = "") -> str:
    inner = f"8002{size:04X}8202{kind}008302{name}"
    if properties:
        inner += f"85{len(properties) // 2:02X}{properties}"
    inner += f"860F{security.ljust(30, '0')}"
    template = f"6F{len(inner) // 2:02X}{inner}"
    return f"00E00000{len(template) // 2:02X}{template}"


class Talk:
    """A card that is spoken to in hex."""

    def __init__(self, card: RutokenCard) -> None:
        self.card = card

    def __call__(self, *commands: str) -> str:
        answer = b""
        for command in commands:
            answer = self.card.transmit(bytes.fromhex(command))
        return answer.hex().upper()

    def login(self, pin: str = "1234", reference: int = USER) -> str:
        return self(f"002000{reference:02X}{len(pin):02X}{pin.encode().hex()}")


@pytest.fixture
def talk() -> Talk:
    """A card with the directories that pkcs15-init makes, two PINs, initialised to the end."""
    talk = Talk(RutokenCard("3a1b2c4d"))
    open_to_user = "43020200000000FF"
    for parent, name in (("", "3F00"), ("", "1000"), ("1000", "1000"), ("10001000", "6001"),
                         ("10001000", "6002"), ("10001000", "6005")):  # fmt: skip
        if parent:
            talk(f"00A40800{len(parent) // 2:02X}{parent}00")
        assert talk(fci("38", name, 0, open_to_user)) == DONE
    # Administrator: ten tries; user: three, unblocked by the administrator.
    for reference, tries, security in ((SO, "AA", "43FF01"), (USER, "33", "430102")):
        made = fci("10", f"{reference:04X}", 4, security, f"010401{tries}0000")
        assert talk(made) == DONE
        assert talk(f"002401{reference:02X}0A80020004A50431323334") == DONE
    assert talk("00A40000023F0000") != NOT_FOUND
    assert talk("80844E19") == DONE
    return talk


def test_its_serial_is_the_chosen_one(talk: Talk) -> None:
    assert talk("00CA018100") == "3A1B2C4D9000"
    with pytest.raises(ValueError, match="8 hexadecimal digits"):
        RutokenCard("3a1b")


def test_a_pin_has_its_tries_and_is_then_blocked(talk: Talk) -> None:
    for left in (2, 1, 0):
        assert talk.login("0000") == FAILED
        assert talk("00200002") == (f"63C{left}" if left else BLOCKED)
    assert talk.login() == BLOCKED
    assert talk("002C0302") == NOT_ALLOWED
    assert talk.login(reference=SO) == DONE
    assert talk("002C0302") == DONE
    assert talk.login() == DONE


def test_a_right_pin_gives_all_tries_back(talk: Talk) -> None:
    assert [talk.login("0000"), talk.login(), talk("00200002")] == [FAILED, DONE, "63C3"]


def test_files_obey_their_access_rules(talk: Talk) -> None:
    private = fci("01", "0500", 4, "43020202000000" + "02")
    assert talk(private) == NOT_ALLOWED
    assert talk.login() == DONE
    assert talk(private, "00D600000401020304") == DONE
    assert talk("00B0000000") == "010203049000"
    assert talk("80400000", "00B0000000") == NOT_ALLOWED
    assert talk("00D600000109") == NOT_ALLOWED
    assert talk("00E400000205" + "00") == NOT_ALLOWED
    assert talk.login() == DONE
    assert talk("00E4000002" + "0500") == DONE
    assert talk("00A4000002050000") == NOT_FOUND


def test_a_reset_forgets_who_logged_in(talk: Talk) -> None:
    talk.login()
    talk.card.reset()
    assert talk(fci("01", "0500", 4, "43020202")) == NOT_ALLOWED


def test_an_operation_without_a_rule_is_refused(talk: Talk) -> None:
    talk.login()
    assert talk(fci("01", "0500", 1, "02")) == DONE
    assert talk("00D600000109") == DONE
    assert talk("00B0000000") == NOT_ALLOWED


def test_a_new_pin_that_is_garbled_is_refused(talk: Talk) -> None:
    talk.login()
    for garbled in ("", "80020004", "80020004A50331323334", "80020004A60431323334"):
        assert talk(f"00240102{len(garbled) // 2:02X}{garbled}") in ("6A80", "6700")
    assert talk("00240102") == "6A80"
    assert talk.login() == DONE


def test_files_are_listed_one_by_one(talk: Talk) -> None:
    talk.login()
    for name in ("2F00", "5000"):
        talk("00A40000023F0000", fci("01", name, 1, "43"))
    talk("00A40000023F0000")
    names = []
    answer = talk("00A4000000")
    while answer.endswith(DONE):
        names.append(answer[answer.index("8302") + 4 :][:4])
        if "82023800" in answer:
            talk("00A4030000")
        answer = talk(f"00A4000202{names[-1]}00")
    assert names == ["1000", "2F00", "5000"]
    assert answer == NOT_FOUND
    assert talk(fci("01", "2F00", 1, "43")) == EXISTS


def test_a_wipe_leaves_the_serial_alone(talk: Talk) -> None:
    assert talk("808A0000") == DONE
    assert talk("00A40000023F0000") == NOT_FOUND
    assert talk.card.state() == RutokenCard("3a1b2c4d").state()


def test_a_generated_key_signs_what_others_verify(talk: Talk) -> None:
    talk.login()
    assert talk(fci("10", "0001", 648, "46000202000000" + "02", "230000AA0000")) == DONE
    assert talk(fci("10", "0001", 384, "4600020000000002", "330000AA0000")) == DONE
    modulus = bytes.fromhex(talk("0046800100"))
    assert modulus[-2:].hex() == DONE
    key = rsa.RSAPublicNumbers(65537, int.from_bytes(modulus[:-2], "little")).public_key()
    assert key.key_size == 2048
    digest = hashes.Hash(hashes.SHA256())
    digest.update(b"text")
    # PKCS #1 padding, which OpenSC adds before it asks the card.
    information = bytes.fromhex("3031300D060960864801650304020105000420") + digest.finalize()
    block = b"\0\1" + b"\xff" * (253 - len(information)) + b"\0" + information
    assert talk("002241B603840101") == DONE
    first, last = block[::-1][:200].hex(), block[::-1][200:].hex()
    assert talk(f"102A9E9AC8{first}") == DONE
    signature = bytes.fromhex(talk(f"002A9E9A38{last}00"))[:-2][::-1]
    key.verify(signature, b"text", padding.PKCS1v15(), hashes.SHA256())
    talk("80400000")
    assert talk(f"102A9E9AC8{first}", f"002A9E9A38{last}00") == NOT_ALLOWED


def test_a_computation_cut_short_leaves_no_key(talk: Talk) -> None:
    talk.login()
    talk(fci("10", "0001", 648, "4600020200000002", "230000AA0000"))
    talk(fci("10", "0001", 384, "4600020000000002", "330000AA0000"))
    before = talk.card.state()

    def cut() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        talk.card.transmit(bytes.fromhex("0046800100"), cut)
    assert talk.card.state() == before


def test_its_memory_is_json_and_comes_back_whole(talk: Talk, tmp_path: Path) -> None:
    talk.login()
    talk("00A40000023F0000", fci("01", "0500", 8, "43"), "00D600000400020300")
    path = tmp_path / "state.json"
    talk.card.save(path)
    back = Talk(RutokenCard.load(path))
    assert back.card.state() == talk.card.state() == json.loads(path.read_text())
    assert back("00A40000020500" + "00", "00B0000000") == "00020300000000009000"
    assert back.login() == DONE


@st.composite
def commands(draw: st.DrawFn) -> bytes:
    """Something like a command that the card knows."""
    cla = draw(st.sampled_from([0x00, 0x80, 0x10]))
    ins = draw(st.sampled_from([ins for _, ins in HANDLERS] + [0x55]))
    p1, p2 = draw(st.sampled_from(PARAMETERS))
    data = draw(st.binary(max_size=30) | st.sampled_from([bytes.fromhex(known) for known in DATA]))
    return bytes([cla, ins, p1, p2, len(data)]) + data


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(commands(), max_size=12))
def test_any_commands_get_status_words(talk: Talk, sent: list[bytes]) -> None:
    card = RutokenCard.from_state(talk.card.state())
    for command in sent:
        assert len(card.transmit(command)) >= 2
    assert RutokenCard.from_state(card.state()).state() == card.state()


@given(st.binary(max_size=300))
def test_any_bytes_get_a_status_word(noise: bytes) -> None:
    assert len(RutokenCard("3a1b2c4d").transmit(noise)) >= 2
