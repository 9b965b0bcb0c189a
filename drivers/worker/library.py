"""The loaded module as a look uses it: ctypes for slots, python-pkcs11 for objects.

Both work on the one loaded file. python-pkcs11 costs 10 MiB and 50 ms, so it comes in with the
first token; its own C_Initialize is the only one it ever does, so that every later one fails with
a code and not with a class. Its slots are kept: to make one it asks all of them for their info.
"""

from __future__ import annotations

from itertools import islice
from typing import Any

from domain.sighting import Certificate
from drivers.messages import MAX_CERTIFICATES
from drivers.worker.certificates import parse
from drivers.worker.cryptoki import Cryptoki, Lied, TokenInfo

_SEARCHED_CERTIFICATES = 4 * MAX_CERTIFICATES


class CannotList(Exception):
    """python-pkcs11 could not list the slots: one sick slot denies it all the others."""


class Library:
    """One module, from load to the end of the process. Any call may hang or crash."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.cryptoki = Cryptoki(path)
        self._pkcs11: Any = None
        self._slots: dict[int, Any] = {}

    def read_objects(self, slot: int, token: TokenInfo) -> tuple[int, tuple[Certificate, ...], int]:
        """Of a public read-only session: visible objects, certificates, certificates not parsed.

        Raises Refused, Lied, CannotList, and whatever python-pkcs11 raises.
        """
        opened = self._slot(slot).get_token()
        if opened.serial.rstrip(b"\0 ") != token.untrusted_serial.rstrip(b"\0 "):
            raise Lied("C_GetTokenInfo: another serial each time")
        session = opened.open()
        try:
            count = self.cryptoki.count_objects(session.handle)
            certificates, unparsed = self._certificates(session)
        finally:
            session.close()
        return count, certificates, unparsed

    def _slot(self, slot: int) -> Any:
        self._attach()
        if slot not in self._slots:
            try:
                listed = self._pkcs11.get_slots()
            except Exception as error:
                raise CannotList(type(error).__name__) from error
            self._slots = {each.slot_id: each for each in listed}
        try:
            return self._slots[slot]
        except KeyError:
            raise Lied("C_GetSlotList: a slot less each time") from None

    def _attach(self) -> None:
        if self._pkcs11 is not None:
            return
        import pkcs11

        self.cryptoki.finalise()
        try:
            self._pkcs11 = pkcs11.lib(self._path)
        except BaseException:
            self.cryptoki.initialise()
            raise

    @staticmethod
    def _certificates(session: Any) -> tuple[tuple[Certificate, ...], int]:
        """The parsed ones, at most MAX_CERTIFICATES, and how many more there were."""
        import pkcs11

        search = session.get_objects({pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE})
        found = list(islice(search, _SEARCHED_CERTIFICATES))
        # The search stays open on the token until its generator is closed.
        search.close()
        parsed: list[Certificate | None] = []
        for each in found:
            # A module that ignores the template must not make us read a key's value.
            if len(parsed) < MAX_CERTIFICATES and isinstance(each, pkcs11.Certificate):
                parsed.append(_read(each))
        good = tuple(certificate for certificate in parsed if certificate is not None)
        return good, len(found) - len(good)


def _read(certificate: Any) -> Certificate | None:
    import pkcs11

    try:
        return parse(certificate[pkcs11.Attribute.VALUE])
    except Exception:
        # No value, a refused one, one of a terabyte: each is a certificate not understood.
        return None
