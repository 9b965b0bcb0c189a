"""Which hosts are this machine: the only ones that may be spoken to without TLS."""

from __future__ import annotations

import ipaddress


def is_this_machine(host: str) -> bool:
    """Whether nothing sent to ``host`` leaves the machine, as far as its name alone tells."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
