"""RSA in the layout of a Rutoken's key files: numbers little-endian, primes first.

For emulated cards only. Nothing here resists timing attacks, and nothing has to.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

PUBLIC_EXPONENT = 65537
_PADDING = bytes(4)
_ROUNDS = 8
_SMALL_PRIMES = [n for n in range(3, 2000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key pair by its primes, each of ``size`` bytes."""

    p: int
    q: int
    size: int

    @property
    def modulus(self) -> int:
        return self.p * self.q

    def private_file(self) -> bytes:
        """p, q, the inverse of q, d mod p-1, d mod q-1; four bytes of padding after the primes."""
        inverse, of_p, of_q = (
            pow(self.q, -1, self.p),
            self._exponent(self.p),
            self._exponent(self.q),
        )
        p, q, *rest = (
            n.to_bytes(self.size, "little") for n in (self.p, self.q, inverse, of_p, of_q)
        )
        return p + _PADDING + q + _PADDING + b"".join(rest)

    def public_file(self) -> bytes:
        """Modulus and public exponent."""
        exponent = PUBLIC_EXPONENT.to_bytes(self.size, "little")
        return self.modulus.to_bytes(2 * self.size, "little") + exponent

    def raw(self, block: bytes) -> bytes:
        """The private operation on a little-endian number of the modulus's size."""
        number = int.from_bytes(block, "little") % self.modulus
        at_p = pow(number, self._exponent(self.p), self.p)
        at_q = pow(number, self._exponent(self.q), self.q)
        lift = (at_p - at_q) * pow(self.q, -1, self.p) % self.p
        return (at_q + lift * self.q).to_bytes(2 * self.size, "little")

    def _exponent(self, prime: int) -> int:
        return pow(PUBLIC_EXPONENT, -1, prime - 1)


def from_private_file(content: bytes) -> Key:
    """The key pair in a private key file. Raises ValueError where there is none."""
    size = (len(content) - 2 * len(_PADDING)) // 5
    p = int.from_bytes(content[:size], "little")
    q = int.from_bytes(content[size + 4 : 2 * size + 4], "little")
    if p < 3 or q < 3:
        raise ValueError("the file holds no key")
    return Key(p=p, q=q, size=size)


def generate(size: int, still_working: Callable[[], None]) -> Key:
    """A fresh key pair with primes of ``size`` bytes; says now and then that it still works."""
    p = _prime(8 * size, still_working)
    q = _prime(8 * size, still_working)
    return Key(p=p, q=q, size=size) if p != q else generate(size, still_working)


def _prime(bits: int, still_working: Callable[[], None]) -> int:
    while True:
        still_working()
        # The two highest bits are set, so that a product of two has twice the bits.
        candidate = secrets.randbits(bits) | 3 << bits - 2 | 1
        if candidate % PUBLIC_EXPONENT != 1 and _is_prime(candidate):
            return candidate


def _is_prime(number: int) -> bool:
    if any(number % prime == 0 for prime in _SMALL_PRIMES):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    return all(_passes(number, odd, twos) for _ in range(_ROUNDS))


def _passes(number: int, odd: int, twos: int) -> bool:
    """One round of Miller and Rabin's test."""
    value = pow(secrets.randbelow(number - 3) + 2, odd, number)
    if value in (1, number - 1):
        return True
    return any((value := value * value % number) == number - 1 for _ in range(twos - 1))
