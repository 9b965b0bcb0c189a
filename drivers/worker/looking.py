"""One look at all the slots of a loaded module.

    1  all slots, each on its own: is there a token, and who is it
    2  each token: its objects without a PIN, then once more who it is, for it may have left

Every step is announced before it is taken, so that whoever watches knows what killed us.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from domain.carrier import Carrier, Maker, SerialDefect, canonical_serial
from domain.sighting import Evidence, Obstacle, Sighting, Unread
from drivers.catalogue import maker_of, model_of
from drivers.inquiry import OBJECTS_CALL, SLOT_CALL, TOKEN_CALL
from drivers.messages import (
    MAX_DETAIL,
    MAX_LABEL,
    MODULE_WIDE,
    Ask,
    Finished,
    NotRead,
    Reply,
    Seen,
    Touching,
)
from drivers.worker import cryptoki, decoding, pcsc
from drivers.worker.cryptoki import Lied, Refused, TokenInfo
from drivers.worker.library import CannotList, Library

Say = Callable[[Reply], None]
_LARGEST_SLOT = 2**53 - 1
_SOFTHSM_MODEL = "softhsm v2"


class Looking:
    """One look. ``announce`` arms the deadline and then says what comes."""

    def __init__(self, module: str, library: Library, ask: Ask, say: Say) -> None:
        self._module = module
        self._library = library
        self._ask = ask
        self._say = say
        self._sick_slot = False

    def run(self) -> None:
        """Say everything there is, `Finished` last. The module stays initialised."""
        slots: list[int] = []
        try:
            self._announce(MODULE_WIDE, "C_Initialize")
            self._library.cryptoki.initialise()
            self._announce(MODULE_WIDE, "C_GetSlotList")
            slots = self._library.cryptoki.slots()
        except (Refused, Lied) as error:
            self._not_read(MODULE_WIDE, error)
        tokens = {slot: self._token(slot) for slot in self._wanted(slots)}
        for slot, token in tokens.items():
            if token is not None:
                self._tell(slot, token)
        if self._ask.pcscd and not any(tokens.values()):
            self._ask_pcscd()
        self._say(Finished(look=self._ask.look, slots=len(slots)))

    def _ask_pcscd(self) -> None:
        """Modules show no slots where pcscd refuses them: "could not ask" that reads like "no"."""
        self._announce(MODULE_WIDE, "SCardEstablishContext")
        refusal = pcsc.refusal()
        if refusal is not None:
            obstacle, detail = refusal
            self._unread(MODULE_WIDE, obstacle, detail)

    def _wanted(self, slots: list[int]) -> list[int]:
        wanted = []
        for slot in dict.fromkeys(slots):
            if slot > _LARGEST_SLOT:
                lie = Lied(f"C_GetSlotList: slot 0x{slot:X}")
                self._not_read(slot & _LARGEST_SLOT, lie)
            elif slot not in self._ask.skip:
                wanted.append(slot)
                if slots.count(slot) > 1:
                    self._not_read(slot, Lied("C_GetSlotList: one slot twice"))
        return wanted

    def _token(self, slot: int) -> TokenInfo | None:
        """Who is in the slot; None where nobody is, or nobody that can be told."""
        try:
            self._announce(slot, SLOT_CALL)
            flags = self._slot_flags(slot)
            if not flags & cryptoki.TOKEN_PRESENT:
                return None
            self._announce(slot, TOKEN_CALL)
            token = self._library.cryptoki.token_info(slot)
        except (Refused, Lied) as error:
            if not self._left(slot, error):
                self._not_read(slot, error)
            return None
        return token if self._identifiable(slot, flags, token) else None

    def _slot_flags(self, slot: int) -> int:
        try:
            return self._library.cryptoki.slot_flags(slot)
        except Refused:
            self._sick_slot = True
            raise

    def _left(self, slot: int, error: Exception) -> bool:
        """Whether the error only says that the token has gone meanwhile."""
        if not isinstance(error, Refused):
            return False
        if error.code == cryptoki.TOKEN_NOT_PRESENT:
            return True
        try:
            return not self._library.cryptoki.slot_flags(slot) & cryptoki.TOKEN_PRESENT
        except (Refused, Lied):
            return False

    def _identifiable(self, slot: int, flags: int, token: TokenInfo) -> bool:
        carrier = _carrier(token)
        if not token.flags & cryptoki.TOKEN_INITIALIZED:
            # SoftHSM always shows one free slot; a software slot without a token is no carrier.
            model = decoding.text(token.untrusted_model, MAX_LABEL).lower()
            hardware = flags & (cryptoki.REMOVABLE_DEVICE | cryptoki.HARDWARE_SLOT)
            if hardware and model != _SOFTHSM_MODEL:
                self._unread(slot, Obstacle.NOT_INITIALISED, "CKF_TOKEN_INITIALIZED", token)
            return False
        if isinstance(carrier, SerialDefect):
            self._unread(slot, Obstacle.NO_SERIAL, "serialNumber", token, carrier)
            return False
        return True

    def _tell(self, slot: int, token: TokenInfo) -> None:
        """The sighting of an identified token, with its objects where they may be read."""
        carrier = _carrier(token)
        assert isinstance(carrier, Carrier)
        sighting = Sighting(
            carrier=carrier,
            label=decoding.text(token.untrusted_label, MAX_LABEL),
            module=self._module,
            slot=slot,
            evidence=Evidence.TOKEN_INFO,
            objects=-1,
            certificates=(),
            pin_locked=bool(token.flags & cryptoki.PIN_LOCKED),
        )
        failure: Exception | None = None
        if self._ask.objects and slot not in self._ask.bare:
            try:
                sighting = self._with_objects(sighting, token)
            except CannotList as error:
                # A slot that was told as unreadable already explains it.
                failure = None if self._sick_slot else error
            except Exception as error:
                # python-pkcs11 raises errors of many kinds; none may hide the token itself.
                failure = error
        if not self._still_there(slot, token):
            return
        self._say(Seen(look=self._ask.look, sighting=sighting))
        if failure is not None:
            self._not_read(slot, failure, OBJECTS_CALL)

    def _with_objects(self, sighting: Sighting, token: TokenInfo) -> Sighting:
        self._announce(sighting.slot, OBJECTS_CALL)
        count, certificates, unparsed = self._library.read_objects(sighting.slot, token)
        return replace(
            sighting,
            objects=count,
            certificates=certificates,
            unparsed_certificates=unparsed,
        )

    def _still_there(self, slot: int, token: TokenInfo) -> bool:
        """Whether the token is the one it was; says so where it is another by the same road."""
        try:
            self._announce(slot, TOKEN_CALL)
            again = self._library.cryptoki.token_info(slot)
        except (Refused, Lied) as error:
            if not self._left(slot, error):
                self._not_read(slot, error)
            return False
        if again.identity() != token.identity():
            self._not_read(slot, Lied("C_GetTokenInfo: another token each time"))
            return False
        return True

    def _announce(self, slot: int, call: str) -> None:
        self._say(Touching(look=self._ask.look, slot=slot, call=call))

    def _not_read(self, slot: int, error: Exception, call: str = "") -> None:
        obstacle = Obstacle.PKCS11_ERROR
        if isinstance(error, Lied):
            obstacle = Obstacle.NONSENSE
        elif isinstance(error, Refused) and error.code == cryptoki.TOKEN_NOT_RECOGNIZED:
            obstacle = Obstacle.NOT_RECOGNISED
        detail = str(error)
        if not isinstance(error, Refused | Lied):
            detail = f"{call}: {type(error).__name__} {error}"
        self._unread(slot, obstacle, detail)

    def _unread(
        self,
        slot: int,
        obstacle: Obstacle,
        detail: str,
        token: TokenInfo | None = None,
        defect: SerialDefect | None = None,
    ) -> None:
        label = decoding.text(token.untrusted_label, MAX_LABEL) if token else ""
        unread = Unread(
            module=self._module,
            slot=slot,
            obstacle=obstacle,
            detail=decoding.bounded(detail, MAX_DETAIL),
            label=label,
            defect=defect,
        )
        self._say(NotRead(look=self._ask.look, unread=unread))


def _carrier(token: TokenInfo) -> Carrier | SerialDefect:
    manufacturer = decoding.text(token.untrusted_manufacturer, MAX_LABEL)
    model = decoding.text(token.untrusted_model, MAX_LABEL)
    maker: Maker = maker_of(manufacturer, model)
    serial = canonical_serial(maker, decoding.serial(token.untrusted_serial))
    if isinstance(serial, SerialDefect):
        return serial
    return Carrier(maker=maker, model=model_of(maker, model), serial=serial)
