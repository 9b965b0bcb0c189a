"""Serials as devices tell them and as people spell them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.carrier import (
    Carrier,
    Maker,
    SerialDefect,
    canonical_model,
    canonical_serial,
    flash_serial,
    typed_serials,
)

RUTOKEN_SERIALS = st.integers(1, 2**32 - 1).map(lambda number: f"{number:x}")


class TestDevices:
    @pytest.mark.parametrize(
        ("maker", "told", "canonical"),
        [
            (Maker.RUTOKEN, "37354ce9        ", "37354ce9"),
            (Maker.RUTOKEN, "037354CE9\0\0", "37354ce9"),
            (Maker.JACARTA, "0B52000128390049", "0b52000128390049"),
            (Maker.YUBIKEY, "00012345", "00012345"),
            (Maker.OTHER, "AB-12:34.5", "ab12345"),
            (Maker.RUTOKEN, "", SerialDefect.EMPTY),
            (Maker.OTHER, " - \0", SerialDefect.EMPTY),
            (Maker.OTHER, "0000000000000000", SerialDefect.ZERO),
            (Maker.RUTOKEN, "0", SerialDefect.ZERO),
            (Maker.OTHER, "12\x0034", SerialDefect.UNPRINTABLE),
            (Maker.OTHER, "12\t34", SerialDefect.UNPRINTABLE),
        ],
    )
    def test_canonical(self, maker: Maker, told: str, canonical: str | SerialDefect) -> None:
        assert canonical_serial(maker, told) == canonical

    @pytest.mark.parametrize("foreign", ["12\u00a034", "12\u200b34", "\u212a1", "АВ12", "\xff\xfe"])
    def test_what_is_not_ascii_is_never_folded_into_another_serial(self, foreign: str) -> None:
        assert canonical_serial(Maker.OTHER, foreign) is SerialDefect.UNPRINTABLE

    @given(st.sampled_from(Maker), st.text())
    def test_canonical_is_canonical_again(self, maker: Maker, told: str) -> None:
        serial = canonical_serial(maker, told)
        if not isinstance(serial, SerialDefect):
            assert canonical_serial(maker, serial) == serial
            assert serial.strip("0")

    @given(st.text())
    def test_a_model_is_canonical_again(self, told: str) -> None:
        assert canonical_model(canonical_model(told)) == canonical_model(told)


class TestPeople:
    def test_both_spellings_find_the_same_rutoken(self) -> None:
        assert Carrier(maker=Maker.RUTOKEN, model="", serial="37354ce9").spelled() == "0926239977"
        assert typed_serials(Maker.RUTOKEN, "37354CE9") == ("37354ce9",)
        assert typed_serials(Maker.RUTOKEN, "0926239977") == ("37354ce9", "926239977")

    @pytest.mark.parametrize(
        "typed", ["37354СЕ9", " 3735 4ce9", "3735-4ce9", "3735\u20134ce9", "3735\u00a04ce9\t",
                  "0x37354ce9", "0Х37354CE9"],
    )  # fmt: skip
    def test_look_alikes_and_separators_are_forgiven(self, typed: str) -> None:
        assert typed_serials(Maker.RUTOKEN, typed) == ("37354ce9",)

    def test_digits_that_may_be_either_have_two_readings_decimal_first(self) -> None:
        assert typed_serials(Maker.RUTOKEN, "12345") == ("3039", "12345")

    def test_digits_both_readings_of_which_are_one_have_one(self) -> None:
        assert typed_serials(Maker.RUTOKEN, "7") == ("7",)

    @pytest.mark.parametrize(
        ("typed", "only"),
        [
            ("0x12345", "12345"),
            ("12345678123456", "12345678123456"),
            ("00000012345", "12345"),
            ("4294967296", "4294967296"),
        ],
        ids=["said to be hexadecimal", "more digits", "one digit more", "more than 32 bits"],
    )
    def test_digits_that_are_on_no_case_are_hexadecimal(self, typed: str, only: str) -> None:
        assert typed_serials(Maker.RUTOKEN, typed) == (only,)

    def test_the_largest_number_of_a_case(self) -> None:
        assert typed_serials(Maker.RUTOKEN, "4294967295") == ("ffffffff", "4294967295")

    @pytest.mark.parametrize("typed", ["", "0", "0000000000", "0x", "nope", "1" * 5000, "٣٤", "№"])
    def test_what_is_no_serial_has_no_reading(self, typed: str) -> None:
        assert typed_serials(Maker.RUTOKEN, typed) == ()

    def test_other_makers_digits_have_one_reading(self) -> None:
        assert typed_serials(Maker.YUBIKEY, "00012345") == ("00012345",)
        assert typed_serials(Maker.ETOKEN, "0x0206c9bd") == ("0206c9bd",)

    @given(RUTOKEN_SERIALS)
    def test_a_rutoken_is_found_by_its_case_and_by_its_screen(self, serial: str) -> None:
        spelled = Carrier(maker=Maker.RUTOKEN, model="", serial=serial).spelled()
        assert len(spelled) == 10
        assert typed_serials(Maker.RUTOKEN, spelled)[0] == serial
        assert typed_serials(Maker.RUTOKEN, serial.upper())[-1] == serial
        assert typed_serials(Maker.RUTOKEN, f"0x{serial}") == (serial,)

    @given(st.sampled_from([m for m in Maker if m is not Maker.RUTOKEN]), st.text())
    def test_any_other_carrier_is_found_by_what_the_screen_shows(
        self, maker: Maker, told: str
    ) -> None:
        serial = canonical_serial(maker, told)
        if not isinstance(serial, SerialDefect) and not serial.startswith("0x"):
            shown = Carrier(maker=maker, model="", serial=serial).spelled()
            assert typed_serials(maker, shown) == (serial,)

    @given(st.sampled_from(Maker), st.text())
    def test_every_reading_is_canonical_and_there_are_two_at_most(
        self, maker: Maker, typed: str
    ) -> None:
        readings = typed_serials(maker, typed)
        assert len(readings) <= (2 if maker is Maker.RUTOKEN else 1)
        assert all(canonical_serial(maker, one) == one for one in readings)


class TestFlash:
    @pytest.mark.parametrize(
        ("uuid", "usb_serial", "serial", "spelled"),
        [
            ("1A2B-3C4D", "0401AB77", "1a2b3c4d/0401ab77", "1A2B-3C4D/0401AB77"),
            ("1A2B-3C4D", "", "1a2b3c4d", "1A2B-3C4D"),
            ("1A2B-3C4D", "00000000", "1a2b3c4d", "1A2B-3C4D"),
            ("1A2B-3C4D", "a/b", "1a2b3c4d/ab", "1A2B-3C4D/AB"),
            (
                "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0",
                "",
                "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
                "0F1E2D3C-4B5A-6978-8796-A5B4C3D2E1F0",
            ),
            ("01D6A2B3C4E5F607", "X", "01d6a2b3c4e5f607/x", "01D6A2B3C4E5F607/X"),
        ],
        ids=["both", "no usb serial", "zeros", "a slash of its own", "ext4", "ntfs"],
    )
    def test_uuid_and_usb_serial(
        self, uuid: str, usb_serial: str, serial: str, spelled: str
    ) -> None:
        assert flash_serial(uuid, usb_serial) == serial
        assert Carrier(maker=Maker.FLASH, model="m", serial=serial).spelled() == spelled
        assert typed_serials(Maker.FLASH, spelled) == (serial,)
        assert typed_serials(Maker.FLASH, spelled.lower().replace("-", "")) == (serial,)

    @pytest.mark.parametrize("uuid", ["", "0000-0000", "\u0661"])
    def test_without_a_uuid_there_is_no_identity(self, uuid: str) -> None:
        assert isinstance(flash_serial(uuid, "0401AB77"), SerialDefect)

    @given(st.text(), st.text())
    def test_any_words_of_a_drive_are_canonical_or_a_defect(self, uuid: str, usb: str) -> None:
        serial = flash_serial(uuid, usb)
        if not isinstance(serial, SerialDefect):
            assert canonical_serial(Maker.FLASH, serial) == serial
            assert serial.count("/") <= 1


@given(st.sampled_from(Maker), st.text(max_size=20))
def test_anything_can_be_spelled(maker: Maker, serial: str) -> None:
    assert isinstance(Carrier(maker=maker, model="", serial=serial).spelled(), str)
