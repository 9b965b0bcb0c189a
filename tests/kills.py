"""How often each kind of process is killed: the agent, its worker, the courier and the ledger."""

from __future__ import annotations

import os

KILLS = int(os.environ.get("KLYUCHAR_KILLS", "15"))
"""Of one kind: sixty together in `make test`, a thousand in `make test-long`."""
