"""The card under the tools it is made for: pcscd and OpenSC, on a desk of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import certificates
from tests.bench.emulator.cards.rutoken import RutokenCard
from tests.bench.emulator.desk.desk import Desk, ToolFailed
from tests.bench.emulator.provision import KEY_ID, PIN, blank, provisioned

SERIAL = "3a1b2c4d"
LOGIN = ("--login", "--pin", PIN)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a token with a key pair and two certificates, one of them GOST's."""
    path = tmp_path_factory.mktemp("tokens") / "ready.json"
    both = [certificates.ordinary("Иванова И. И."), certificates.gost()]
    provisioned(SERIAL, label="Ivanova", key=True, certificates=both).save(path)
    return path


@pytest.fixture
def desk(ready: Path) -> Iterator[Desk]:
    with Desk(RutokenCard.load(ready)) as desk:
        yield desk


def objects(desk: Desk, *login: str) -> dict[str, int]:
    """How many objects of each kind are told of."""
    listed = re.findall(
        r"^(\w+ Key|Certificate) Object", desk.run("pkcs11-tool", "-O", *login), re.M
    )
    return {kind: listed.count(kind) for kind in listed}


def test_it_is_recognised_with_its_serial_and_label(desk: Desk) -> None:
    assert "Rutoken ECP (DS)" in desk.run("opensc-tool", "--name")
    assert "3A 1B 2C 4D" in desk.run("opensc-tool", "--serial")
    listed = desk.run("pkcs11-tool", "-L")
    told = dict(re.findall(r"^  (\w[\w /]*?) *: (.*)$", listed, re.M))
    assert (told["token label"], told["serial num"]) == ("Ivanova (User PIN)", SERIAL)
    assert (told["token manufacturer"], told["token model"]) == ("Aktiv Co.", "PKCS#15")
    assert "PIN initialized" in told["token flags"]


def test_a_blank_token_is_not_recognised() -> None:
    with Desk(blank("00000001")) as desk:
        assert "token not recognized" in desk.run("pkcs11-tool", "-L")
        assert "00 00 00 01" in desk.run("opensc-tool", "--serial")


def test_its_key_signs(desk: Desk, tmp_path: Path) -> None:
    text, signature, key = (str(tmp_path / name) for name in ("text", "signature", "key.der"))
    Path(text).write_text("текст")
    files = ("--input-file", text, "--output-file", signature)
    sign = ("--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", KEY_ID)
    desk.run("pkcs11-tool", *LOGIN, *sign, *files)
    desk.run("pkcs11-tool", "--read-object", "--type", "pubkey", "--id", KEY_ID, "-o", key)
    verify = ("openssl", "dgst", "-sha256", "-keyform", "DER", "-verify", key)
    assert "Verified OK" in desk.run(*verify, "-signature", signature, text)


def test_a_private_key_is_seen_after_login_only(desk: Desk) -> None:
    assert "Private Key" not in objects(desk)
    assert objects(desk, *LOGIN)["Private Key"] == 1


def test_opensc_shows_no_certificate_with_a_gost_key(desk: Desk) -> None:
    """What an agent that asks OpenSC has to know: there is more than it shows."""
    assert objects(desk)["Certificate"] == 1
    assert desk.run("pkcs15-tool", "--list-certificates").count("X.509 Certificate") == 2


def test_a_wrong_pin_is_refused_and_counted(desk: Desk) -> None:
    for _ in range(5):
        with pytest.raises(ToolFailed, match=r"CKR_PIN_(INCORRECT|LOCKED)"):
            desk.run("pkcs11-tool", "--login", "--pin", "00000000", "-O")
    with pytest.raises(ToolFailed, match="CKR_PIN_LOCKED"):
        desk.run("pkcs11-tool", *LOGIN, "-O")


def test_a_changed_pin_holds(desk: Desk) -> None:
    desk.run("pkcs11-tool", *LOGIN, "--change-pin", "--new-pin", "87651234")
    with pytest.raises(ToolFailed, match="CKR_PIN_INCORRECT"):
        desk.run("pkcs11-tool", *LOGIN, "-O")
    assert objects(desk, "--login", "--pin", "87651234")["Private Key"] == 1


def test_objects_are_deleted_for_good(desk: Desk, ready: Path) -> None:
    for kind in ("privkey", "pubkey", "cert"):
        desk.run("pkcs11-tool", *LOGIN, "--delete-object", "--type", kind, "--id", KEY_ID)
    assert objects(desk, *LOGIN) == {}
    with pytest.raises(ToolFailed, match=r"No appropriate mechanism|not found"):
        desk.run("pkcs11-tool", *LOGIN, "--sign", "--id", KEY_ID, "--input-file", str(ready))


def test_a_key_is_generated_beside_another(desk: Desk) -> None:
    desk.run("pkcs11-tool", *LOGIN, "--keypairgen", "--key-type", "rsa:1024", "--id", "46")
    assert objects(desk, *LOGIN)["Private Key"] == 2


def test_pkcs11_tells_the_serial_it_was_initialised_with(ready: Path) -> None:
    """So a state copied to a card with another serial would be a forgery that shows."""
    state = RutokenCard.load(ready).state() | {"serial": "ffffffff"}
    with Desk(RutokenCard.from_state(state)) as desk:
        assert f"serial num         : {SERIAL}" in desk.run("pkcs11-tool", "-L")
        assert "FF FF FF FF" in desk.run("opensc-tool", "--serial")


def test_two_desks_do_not_meet(ready: Path) -> None:
    with Desk(RutokenCard.load(ready)) as one, Desk(blank("00000002")) as other:
        assert "3A 1B 2C 4D" in one.run("opensc-tool", "--serial")
        assert "00 00 00 02" in other.run("opensc-tool", "--serial")
