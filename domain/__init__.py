"""Values every room speaks: no I/O, no clock, no third-party library."""
