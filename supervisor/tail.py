"""New answers, each once, as they come."""

import time

from db import queries
from db.engine import Database
from db.queries import Result

#: Seconds for which the number of an answer that is not there is looked for. A transaction that took its number before
#: another one may end after it, and no transaction that answers takes as long.
PATIENCE_SECONDS = 60.0


class Tail:
    """The end of the ledger, from now on. It follows the numbers of answers, as a clock may be set back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._last = queries.last_answer(database)
        self._missing: dict[int, float] = {}

    def new(self) -> list[Result]:
        """Give the answers not given before, the earliest first."""
        found = queries.answered_after(self._database, self._last, self._missing)
        if not found and (latest := queries.last_answer(self._database)) < self._last:  # another ledger lies here now
            self._last, self._missing = latest, {}
        numbers = {one.answer for one in found if one.answer is not None}
        now = time.monotonic()
        last = max(numbers, default=self._last)
        awaited = self._missing | dict.fromkeys(range(self._last + 1, last), now + PATIENCE_SECONDS)
        self._missing = {number: until for number, until in awaited.items() if number not in numbers and now < until}
        self._last = max(self._last, last)
        return found
