"""Bring the ledger to this version's tables, also where its server is still starting."""

import sys
import time

from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import migrate as upgrade

#: Seconds between two tries.
_PAUSE_SECONDS = 0.5


def migrate(url: str, *, wait: float) -> None:
    """Make or update the tables; a database that is not up is waited for. Raises DatabaseUnavailable."""
    database = Database(url)
    until = time.monotonic() + wait
    told = False
    while True:
        try:
            upgrade(database)
        except DatabaseUnavailable as error:
            if time.monotonic() >= until:
                raise
            if not told:
                sys.stderr.write(f"waiting: {error}\n")
            told = True
            time.sleep(_PAUSE_SECONDS)
        else:
            break
    database.close()
