"""What holds of all tests: a loaded machine is slow and that fails none of them."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Nothing is left behind either: what failed is printed so that it can be played again.
settings.register_profile(
    "klyuchar",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=None,
    print_blob=True,
)
settings.load_profile("klyuchar")
