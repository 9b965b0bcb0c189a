"""`python -m ledger [SETTINGS]`: the ledger's process.

Exit codes: 0 asked to stop; 75 starting again may help; 78 a person has to mend something first.
"""

from __future__ import annotations

import os
import sys

from domain.errors import KlyucharError, Wrong
from ledger.serve import serve
from ledger.settings import DEFAULT_PATH, load


def main(arguments: list[str]) -> int:
    """Serve until asked to stop; the exit code."""
    try:
        serve(load(arguments[0] if arguments else DEFAULT_PATH))
    except KlyucharError as error:
        language = os.environ.get("KLYUCHAR_LANGUAGE", "ru")
        print(error.text.in_language(language), file=sys.stderr)
        return os.EX_CONFIG if isinstance(error, Wrong) else os.EX_TEMPFAIL
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
