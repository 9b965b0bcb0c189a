"""`python -m drivers.worker`: the connected socket is standard input."""

from __future__ import annotations

import os

from drivers.worker.confinement import confine, take_standard_input
from drivers.worker.serving import serve


def main() -> None:
    """Serve until the peer closes; then end without the module's own farewells, which hang."""
    confine()
    try:
        serve(take_standard_input())
    finally:
        os._exit(0)


main()
