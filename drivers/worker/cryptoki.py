"""A small ctypes layer over CK_FUNCTION_LIST: what python-pkcs11 lacks or does all at once.

python-pkcs11 gives up on every slot when one is sick and hides the numbers of vendors' errors.
Here each call stands alone and fails with its name and code. Modules need export nothing but
C_GetFunctionList, and are loaded lazily as python-pkcs11 does: some have unresolved symbols.
"""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, Structure, byref, c_char, c_ubyte, c_ulong, c_void_p
from dataclasses import dataclass
from typing import Any

from drivers.messages import MAX_SLOTS

TOKEN_PRESENT = 0x1
REMOVABLE_DEVICE = 0x2
HARDWARE_SLOT = 0x4
PIN_LOCKED = 0x40000
TOKEN_INITIALIZED = 0x400

MAX_OBJECTS = 10_000
_BATCH = 64
_BUFFER_TOO_SMALL = 0x150
_ALREADY_INITIALIZED = 0x191
_NOT_INITIALIZED = 0x190
TOKEN_NOT_PRESENT = 0xE0
TOKEN_NOT_RECOGNIZED = 0xE1

_CODES = {
    0x2: "CKR_HOST_MEMORY",
    0x3: "CKR_SLOT_ID_INVALID",
    0x5: "CKR_GENERAL_ERROR",
    0x6: "CKR_FUNCTION_FAILED",
    0x7: "CKR_ARGUMENTS_BAD",
    0x30: "CKR_DEVICE_ERROR",
    0x31: "CKR_DEVICE_MEMORY",
    0x32: "CKR_DEVICE_REMOVED",
    0x54: "CKR_FUNCTION_NOT_SUPPORTED",
    0xB1: "CKR_SESSION_COUNT",
    0xB3: "CKR_SESSION_HANDLE_INVALID",
    0xE0: "CKR_TOKEN_NOT_PRESENT",
    0xE1: "CKR_TOKEN_NOT_RECOGNIZED",
    0x101: "CKR_USER_NOT_LOGGED_IN",
    0x150: "CKR_BUFFER_TOO_SMALL",
    0x190: "CKR_CRYPTOKI_NOT_INITIALIZED",
    0x191: "CKR_CRYPTOKI_ALREADY_INITIALIZED",
}


class Refused(Exception):
    """A PKCS#11 function returned something other than CKR_OK."""

    def __init__(self, function: str, code: int) -> None:
        name = _CODES.get(code, "vendor" if code >= 0x80000000 else "CKR")
        super().__init__(f"{function}: {name} (0x{code:X})")
        self.code = code


class Lied(Exception):
    """A PKCS#11 function returned CKR_OK and an impossible answer."""


class CannotLoad(Exception):
    """The module's file is absent or can't be loaded."""


class _Version(Structure):
    _fields_ = [("major", c_ubyte), ("minor", c_ubyte)]


class _FunctionList(Structure):
    _fields_ = [("version", _Version), ("functions", c_void_p * 68)]


class _SlotInfo(Structure):
    _fields_ = [
        ("description", c_char * 64),
        ("manufacturer", c_char * 32),
        ("flags", c_ulong),
        ("hardware", _Version),
        ("firmware", _Version),
    ]


class _TokenInfo(Structure):
    _fields_ = [
        ("label", c_ubyte * 32),
        ("manufacturer", c_ubyte * 32),
        ("model", c_ubyte * 16),
        ("serial", c_ubyte * 16),
        ("flags", c_ulong),
        ("counts", c_ulong * 10),
        ("hardware", _Version),
        ("firmware", _Version),
        ("time", c_ubyte * 16),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenInfo:
    """CK_TOKEN_INFO's fields as they came."""

    untrusted_label: bytes
    untrusted_manufacturer: bytes
    untrusted_model: bytes
    untrusted_serial: bytes
    flags: int

    def identity(self) -> tuple[bytes, bytes, bytes]:
        """What must not change between two calls."""
        return self.untrusted_manufacturer, self.untrusted_model, self.untrusted_serial


_INDEX: dict[str, tuple[int, list[Any]]] = {
    "C_Initialize": (0, [c_void_p]),
    "C_Finalize": (1, [c_void_p]),
    "C_GetSlotList": (4, [c_ubyte, POINTER(c_ulong), POINTER(c_ulong)]),
    "C_GetSlotInfo": (5, [c_ulong, POINTER(_SlotInfo)]),
    "C_GetTokenInfo": (6, [c_ulong, POINTER(_TokenInfo)]),
    "C_FindObjectsInit": (26, [c_ulong, c_void_p, c_ulong]),
    "C_FindObjects": (27, [c_ulong, POINTER(c_ulong), c_ulong, POINTER(c_ulong)]),
    "C_FindObjectsFinal": (28, [c_ulong]),
}


class Cryptoki:
    """One loaded module. Every method may hang, crash or exit: arm a deadline before."""

    def __init__(self, path: str) -> None:
        library = ctypes.CDLL(path, handle=_load(path))
        try:
            get_function_list = library.C_GetFunctionList
        except AttributeError:
            raise CannotLoad("no C_GetFunctionList") from None
        get_function_list.restype = c_ulong
        table = POINTER(_FunctionList)()
        code = get_function_list(byref(table))
        if code:
            raise Refused("C_GetFunctionList", code)
        if not table:
            raise Lied("C_GetFunctionList: no list")
        self._functions = table.contents.functions

    def initialise(self) -> None:
        """C_Initialize; a module that already is, by whoever, is made to start afresh."""
        try:
            self._call("C_Initialize", None)
        except Refused as refusal:
            if refusal.code != _ALREADY_INITIALIZED:
                raise
            self.finalise()
            self._call("C_Initialize", None)

    def finalise(self) -> None:
        """C_Finalize, after which the module holds no card and no session."""
        try:
            self._call("C_Finalize", None)
        except Refused as refusal:
            if refusal.code != _NOT_INITIALIZED:
                raise

    def slots(self) -> list[int]:
        """The ids of all slots, with or without a token: some modules count wrongly with one."""
        for _ in range(3):
            count = c_ulong(0)
            self._call("C_GetSlotList", 0, None, byref(count))
            told = count.value
            if told > MAX_SLOTS:
                raise Lied(f"C_GetSlotList: {told} slots")
            ids = (c_ulong * MAX_SLOTS)()
            count.value = MAX_SLOTS
            try:
                self._call("C_GetSlotList", 0, ids, byref(count))
            except Refused as refusal:
                if refusal.code != _BUFFER_TOO_SMALL:
                    raise
                continue
            if count.value > MAX_SLOTS:
                raise Lied(f"C_GetSlotList: {count.value} slots")
            return list(ids[: count.value])
        raise Lied("C_GetSlotList: another count each time")

    def slot_flags(self, slot: int) -> int:
        """CK_SLOT_INFO.flags; a slot's description is a place and no identity."""
        info = _SlotInfo()
        self._call("C_GetSlotInfo", slot, byref(info))
        return int(info.flags)

    def token_info(self, slot: int) -> TokenInfo:
        """CK_TOKEN_INFO."""
        info = _TokenInfo()
        self._call("C_GetTokenInfo", slot, byref(info))
        return TokenInfo(
            untrusted_label=bytes(info.label),
            untrusted_manufacturer=bytes(info.manufacturer),
            untrusted_model=bytes(info.model),
            untrusted_serial=bytes(info.serial),
            flags=int(info.flags),
        )

    def count_objects(self, session: int) -> int:
        """How many objects an open session sees.

        By handles alone: python-pkcs11 reads ten attributes of each and stops at the first whose
        class is a vendor's.
        """
        self._call("C_FindObjectsInit", session, None, 0)
        total = 0
        handles, count = (c_ulong * _BATCH)(), c_ulong(0)
        while True:
            self._call("C_FindObjects", session, handles, _BATCH, byref(count))
            if count.value > _BATCH or total > MAX_OBJECTS:
                raise Lied("C_FindObjects: more objects than a token can hold")
            if not count.value:
                break
            total += count.value
        self._call("C_FindObjectsFinal", session)
        return total

    def _call(self, name: str, *arguments: object) -> None:
        index, types = _INDEX[name]
        address = self._functions[index]
        if not address:
            raise Lied(f"{name}: not in the function list")
        code = ctypes.CFUNCTYPE(c_ulong, *types)(address)(*arguments)
        if code:
            raise Refused(name, code)


def _load(path: str) -> int:
    """Load with RTLD_LAZY, which ctypes itself never does."""
    libc = ctypes.CDLL(None)
    libc.dlopen.restype = c_void_p
    libc.dlerror.restype = ctypes.c_char_p
    handle = libc.dlopen(path.encode(), os.RTLD_LAZY | os.RTLD_LOCAL)
    if not handle:
        reason = libc.dlerror() or b"dlopen failed"
        raise CannotLoad(reason.decode("utf-8", "replace"))
    return int(handle)
