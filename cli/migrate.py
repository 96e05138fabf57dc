"""Bring the ledger to this version's tables, also where its server is still starting."""

from collections.abc import Callable
from contextlib import closing
from typing import TypeVar

from broker.connection import wait_until
from db.engine import Database
from db.errors import DatabaseUnavailable
from db.migrate import migrate as upgrade
from presentation.text import printable, say

_Given = TypeVar("_Given")

#: Most seconds between two tries.
_MOST_PAUSE = 2.0


def migrate(url: str, *, wait: float) -> None:
    """Make or update the tables; a database that is not up is waited for. Raises DatabaseUnavailable."""
    with closing(Database(url)) as database:
        when_up(lambda: upgrade(database), wait=wait)


def when_up(attempt: Callable[[], _Given], *, wait: float) -> _Given:
    """Give what an attempt gives; while the database is away try again, for `wait` seconds. Says so once.

    Raises DatabaseUnavailable.
    """

    def tell(why: str) -> None:
        say(f"waiting: {printable(why)}", error=True)

    return wait_until(attempt, DatabaseUnavailable, tell, wait=wait, most_pause=_MOST_PAUSE)
