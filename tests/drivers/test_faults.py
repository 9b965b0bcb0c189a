"""Modules that hang, crash, exit, lie and return odd codes: an event, and nothing else lost."""

from __future__ import annotations

import signal
import socket
import subprocess

import pytest

from domain.carrier import Carrier, Maker
from drivers.eye import Eye, Look
from drivers.messages import Ask, Open, emit
from tests.certificates import gost
from tests.drivers.modules import Faulty, labels, told
from tests.softhsm import Token
from tests.waiting import wait_for

# Long enough that a loaded machine's SoftHSM is never taken for a hang.
DEADLINE_S = 1.5


@pytest.fixture
def eye(faulty: Faulty) -> Eye:
    return Eye(faulty.module, faulty.workers.socket_path, deadline_s=DEADLINE_S)


@pytest.fixture
def sick(faulty: Faulty) -> Token:
    return faulty.tokens.make("sick")


@pytest.fixture
def well(faulty: Faulty) -> Token:
    token = faulty.tokens.make("well")
    faulty.tokens.put_certificate(token, gost())
    return token


def obstacles(look: Look) -> set[tuple[int, str]]:
    return {(slot, obstacle) for slot, obstacle, _ in told(look)}


DEADLY = [
    pytest.param("hang", "deadline", id="hang"),
    pytest.param("deaf", "deadline", id="hang with its alarm disarmed"),
    pytest.param("spin", "deadline", id="spin"),
    pytest.param("segv", "module-died", id="segv"),
    pytest.param("abort", "module-died", id="abort"),
    pytest.param("exit", "module-died", id="exit"),
    pytest.param("babble", "nonsense", id="rubbish on the socket"),
]


@pytest.mark.parametrize(("behaviour", "obstacle"), DEADLY)
@pytest.mark.parametrize("call", ["C_GetSlotInfo", "C_GetTokenInfo"])
def test_a_slot_that_kills_its_worker_hides_no_other(
    faulty: Faulty, eye: Eye, sick: Token, well: Token, call: str, behaviour: str, obstacle: str
) -> None:
    faulty.plan(f"{call} {sick.slot} * {behaviour}")
    look = faulty.workers.look(eye)
    assert labels(look) == {"well"}
    assert obstacles(look) == {(sick.slot, obstacle)}
    ((_, _, detail),) = told(look)
    assert detail.startswith(call)
    (sighting,) = look.sightings
    # python-pkcs11 would ask the sick slot for its info too, so it is not used then.
    readable = call == "C_GetTokenInfo"
    assert (sighting.objects, len(sighting.certificates)) == ((1, 1) if readable else (-1, 0))


@pytest.mark.parametrize(("behaviour", "obstacle"), DEADLY)
@pytest.mark.parametrize("call", ["C_OpenSession", "C_FindObjects", "C_GetAttributeValue"])
def test_objects_that_kill_a_worker_do_not_hide_their_token(
    faulty: Faulty, eye: Eye, sick: Token, well: Token, call: str, behaviour: str, obstacle: str
) -> None:
    faulty.tokens.put_certificate(sick, gost())
    faulty.plan(f"{call} {sick.slot} * {behaviour}")
    look = faulty.workers.look(eye)
    assert {s.label: s.objects for s in look.sightings} == {"sick": -1, "well": 1}
    assert obstacles(look) == {(sick.slot, obstacle)}


@pytest.mark.parametrize(("behaviour", "obstacle"), DEADLY)
@pytest.mark.parametrize("call", ["C_GetFunctionList", "C_Initialize", "C_GetSlotList"])
def test_a_module_that_kills_every_worker_is_told_once(
    faulty: Faulty, eye: Eye, well: Token, call: str, behaviour: str, obstacle: str
) -> None:
    faulty.plan(f"{call} * * {behaviour}")
    look = faulty.workers.look(eye)
    assert (look.sightings, obstacles(look)) == ((), {(-1, obstacle)})
    faulty.plan()
    assert labels(faulty.workers.look(eye)) == {"well"}


@pytest.mark.parametrize("behaviour", ["hang", "deaf", "segv", "exit", "rv 80000001"])
def test_a_module_that_will_not_finalise_delays_nobody(
    faulty: Faulty, eye: Eye, well: Token, behaviour: str
) -> None:
    # The second of each process: the first lets python-pkcs11 in.
    faulty.plan(f"C_Finalize * 2 {behaviour}")
    for _ in range(2):
        look = faulty.workers.look(eye)
        assert (labels(look), look.unread) == ({"well"}, ())


def test_an_idle_worker_has_finalised_its_module(faulty: Faulty, eye: Eye, well: Token) -> None:
    faulty.plan("C_Finalize * 2 exit")
    assert labels(faulty.workers.look(eye)) == {"well"}

    def ended() -> bool:
        assert faulty.workers.turn(eye) is None
        return not faulty.workers.activation.pids

    wait_for(ended, what="the module was finalised")


def test_a_hang_is_ended_by_the_kernel_without_any_eye(faulty: Faulty, sick: Token) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * hang")
    ours, workers_end = socket.socketpair()
    with ours, workers_end:
        worker = subprocess.Popen(
            faulty.workers.command, env=faulty.workers.env, stdin=workers_end.fileno()
        )
        ours.sendall(emit(Open(module="faulty", path=str(faulty.library), deadline_ms=300)))
        ours.sendall(emit(Ask(look=1)))
        try:
            assert worker.wait(timeout=60) == -signal.SIGALRM
        finally:
            worker.kill()
            worker.wait()


@pytest.mark.parametrize(
    ("call", "code", "slot_told", "obstacle", "detail"),
    [
        ("C_Initialize", "80000001", False, "pkcs11-error", "C_Initialize: vendor (0x80000001)"),
        ("C_GetSlotList", "5", False, "pkcs11-error", "C_GetSlotList: CKR_GENERAL_ERROR (0x5)"),
        ("C_GetFunctionList", "54", False, "module-absent", None),
        ("C_GetSlotInfo", "80000001", True, "pkcs11-error", "C_GetSlotInfo: vendor (0x80000001)"),
        ("C_GetTokenInfo", "30", True, "pkcs11-error", "C_GetTokenInfo: CKR_DEVICE_ERROR (0x30)"),
        ("C_GetTokenInfo", "80000001", True, "pkcs11-error", None),
        ("C_GetTokenInfo", "4711", True, "pkcs11-error", "C_GetTokenInfo: CKR (0x4711)"),
        ("C_GetTokenInfo", "E1", True, "not-recognised", None),
    ],
)
def test_odd_codes_are_told_by_function_and_number(
    faulty: Faulty,
    eye: Eye,
    sick: Token,
    well: Token,
    call: str,
    code: str,
    slot_told: bool,
    obstacle: str,
    detail: str | None,
) -> None:
    faulty.plan(f"{call} {sick.slot if slot_told else '*'} * rv {code}")
    look = faulty.workers.look(eye)
    assert labels(look) == ({"well"} if slot_told else set())
    ((slot, told_obstacle, told_detail),) = told(look)
    assert (slot, told_obstacle) == (sick.slot if slot_told else -1, obstacle)
    assert detail in (None, told_detail)
    # A code is an answer: nobody had to die for it.
    assert len(faulty.workers.activation.pids) <= 1


@pytest.mark.parametrize("call", ["C_OpenSession", "C_FindObjectsInit", "C_FindObjects"])
def test_objects_that_are_refused_do_not_hide_their_token(
    faulty: Faulty, eye: Eye, sick: Token, well: Token, call: str
) -> None:
    faulty.plan(f"{call} {sick.slot} * rv 80000001")
    look = faulty.workers.look(eye)
    assert {s.label: s.objects for s in look.sightings} == {"sick": -1, "well": 1}
    assert obstacles(look) == {(sick.slot, "pkcs11-error")}


def test_a_token_that_left_meanwhile_is_no_event(
    faulty: Faulty, eye: Eye, sick: Token, well: Token
) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * rv E0")
    look = faulty.workers.look(eye)
    assert (labels(look), look.unread) == ({"well"}, ())
    # Gone between who it is and what is on it, and the slot says so.
    faulty.plan(f"C_GetTokenInfo {sick.slot} 3 rv 32", f"C_GetSlotInfo {sick.slot} 2 flags 6")
    look = faulty.workers.look(eye)
    assert (labels(look), look.unread) == ({"well"}, ())


@pytest.mark.parametrize(
    ("lie", "detail"),
    [
        ("C_GetSlotList * * count 1000000000000", "C_GetSlotList: 1000000000000 slots"),
        ("C_GetSlotList * 2 count 1000", "C_GetSlotList: 1000 slots"),
        ("C_GetFunctionList * * nolist", "C_GetFunctionList: no list"),
    ],
)
def test_impossible_answers_about_all_slots(
    faulty: Faulty, eye: Eye, well: Token, lie: str, detail: str
) -> None:
    faulty.plan(lie)
    look = faulty.workers.look(eye)
    assert (look.sightings, {(s, d) for s, _, d in told(look)}) == ((), {(-1, detail)})


def test_one_slot_told_twice(faulty: Faulty, eye: Eye, well: Token) -> None:
    faulty.plan("C_GetSlotList * * twice")
    look = faulty.workers.look(eye)
    assert labels(look) == {"well"}
    assert told(look) == {(well.slot, "nonsense", "C_GetSlotList: one slot twice")}


def test_a_slot_number_beyond_all_json(faulty: Faulty, eye: Eye, well: Token) -> None:
    faulty.plan("C_GetSlotList * * slot 18446744073709551615")
    look = faulty.workers.look(eye)
    assert {o for _, o in obstacles(look)} == {"nonsense"}


def test_another_serial_each_time(faulty: Faulty, eye: Eye, sick: Token, well: Token) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * changing")
    look = faulty.workers.look(eye)
    assert labels(look) == {"well"}
    assert (sick.slot, "nonsense") in obstacles(look)


def test_the_same_token_in_two_slots_is_two_sightings(
    faulty: Faulty, eye: Eye, sick: Token, well: Token
) -> None:
    faulty.plan("C_GetTokenInfo * * serial SAME01")
    look = faulty.workers.look(eye)
    serials = sorted((s.slot, s.carrier.serial) for s in look.sightings)
    assert serials == sorted([(sick.slot, "same01"), (well.slot, "same01")])


@pytest.mark.parametrize(
    ("lie", "defect"),
    [
        ("serial _", "empty"),
        ("serial 0000000000000000", "zero"),
        ("rawserial 00000000000000000000000000000000", "empty"),
        ("rawserial 01020304050607080102030405060708", "unprintable"),
        ("rawserial 31320033", "unprintable"),
        ("rawserial d0d1d2d3", "unprintable"),
    ],
)
def test_serials_that_identify_nothing(
    faulty: Faulty, eye: Eye, sick: Token, well: Token, lie: str, defect: str
) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * {lie}")
    look = faulty.workers.look(eye)
    assert labels(look) == {"well"}
    (unread,) = look.unread
    assert (unread.slot, unread.obstacle.value, unread.label) == (sick.slot, "no-serial", "sick")
    assert unread.defect is not None
    assert unread.defect.value == defect


def test_fields_without_an_end(faulty: Faulty, eye: Eye, sick: Token) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * full")
    (sighting,) = faulty.workers.look(eye).sightings
    assert sighting.label == "x" * 32
    assert sighting.carrier == Carrier(maker=Maker.OTHER, model="x" * 16, serial="x" * 16)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Бухгалтерия".encode("cp1251"), "Бухгалтерия"),
        ("Ключ бухгалтера №1 Ивановой".encode()[:32], "Ключ бухгалтера"),
        (b"a\x1b[31mb\x07\r\n", "a [31mb"),
        ("\u202eнаоборот".encode(), "наоборот"),
        (b"", ""),
    ],
)
def test_labels_in_any_bytes(
    faulty: Faulty, eye: Eye, sick: Token, label: bytes, shown: str
) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * label {label.hex()}")
    (sighting,) = faulty.workers.look(eye).sightings
    assert sighting.label == shown


@pytest.mark.parametrize(
    ("lies", "told_as"),
    [
        (["flags 0"], set()),
        (["flags 0", "model JaCarta"], {"not-initialised"}),
        (["flags 0", "model JaCarta", "serial _"], {"not-initialised"}),
    ],
)
def test_uninitialised_slots(
    faulty: Faulty, eye: Eye, sick: Token, lies: list[str], told_as: set[str]
) -> None:
    faulty.plan(*(f"C_GetTokenInfo {sick.slot} * {lie}" for lie in lies))
    look = faulty.workers.look(eye)
    assert (look.sightings, {o for _, o in obstacles(look)}) == ((), told_as)


def test_an_uninitialised_slot_of_software_is_not_worth_telling(
    faulty: Faulty, eye: Eye, sick: Token
) -> None:
    at = f"C_GetTokenInfo {sick.slot} *"
    faulty.plan(f"{at} flags 0", f"{at} model Software", f"C_GetSlotInfo {sick.slot} * flags 1")
    look = faulty.workers.look(eye)
    assert (look.sightings, look.unread) == ((), ())


def test_a_locked_pin_is_seen(faulty: Faulty, eye: Eye, sick: Token, well: Token) -> None:
    faulty.plan(f"C_GetTokenInfo {sick.slot} * flags 4042D")
    look = faulty.workers.look(eye)
    assert {s.label: s.pin_locked for s in look.sightings} == {"sick": True, "well": False}


def test_a_rutoken_by_opensc_is_the_one_by_its_maker(faulty: Faulty, eye: Eye, sick: Token) -> None:
    seen = set()
    for model in ("Rutoken_ECP", "PKCS#15"):
        at = f"C_GetTokenInfo {sick.slot} *"
        faulty.plan(f"{at} maker Aktiv_Co.", f"{at} model {model}", f"{at} serial 0A1B2C3D")
        (sighting,) = faulty.workers.look(eye).sightings
        seen.add(sighting.carrier)
    assert seen == {Carrier(maker=Maker.RUTOKEN, model="rutoken ecp", serial="a1b2c3d")}


def test_a_certificate_of_a_terabyte(faulty: Faulty, eye: Eye, well: Token) -> None:
    faulty.plan("C_GetAttributeValue * * length 1099511627776")
    (sighting,) = faulty.workers.look(eye).sightings
    assert (sighting.certificates, sighting.unparsed_certificates) == ((), 1)


def test_more_objects_than_a_token_can_hold(faulty: Faulty, eye: Eye, well: Token) -> None:
    faulty.plan("C_FindObjects * * count 64")
    look = faulty.workers.look(eye)
    assert {s.label: s.objects for s in look.sightings} == {"well": -1}
    assert obstacles(look) == {(well.slot, "nonsense")}


def test_more_sick_slots_than_workers_gives_the_module_up(faulty: Faulty, eye: Eye) -> None:
    for number in range(9):
        faulty.tokens.make(f"sick {number}")
    faulty.plan("C_GetTokenInfo * * segv")
    look = faulty.workers.look(eye)
    assert look.sightings == ()
    assert (-1, "module-died") in obstacles(look)
    assert len(look.unread) == 8
