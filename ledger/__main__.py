"""`python -m ledger [SETTINGS]`: the ledger's process."""

from __future__ import annotations

import os
import sys

from domain.errors import CouldNotAsk, KlyucharError
from ledger.serve import serve
from ledger.settings import DEFAULT_PATH, load

_COULD_NOT_ASK = 75


def main(arguments: list[str]) -> int:
    """Serve until asked to stop; the exit code is 75 (EX_TEMPFAIL) where trying again may help."""
    try:
        serve(load(arguments[0] if arguments else DEFAULT_PATH))
    except KlyucharError as error:
        language = os.environ.get("KLYUCHAR_LANGUAGE", "ru")
        print(error.text.in_language(language), file=sys.stderr)
        return _COULD_NOT_ASK if isinstance(error, CouldNotAsk) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
