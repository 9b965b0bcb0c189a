"""The agent on D-Bus: a process of its own that follows the journal (docs/adr/0012)."""
