"""New answers, each once, as they come."""

from db import intake, queries
from db.engine import Database
from db.queries import Result


class Tail:
    """The end of the ledger, from now on."""

    #: Milliseconds looked back, for answers that were committed after later ones.
    _OVERLAP_MS = 500

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since = intake.now_ms()
        self._shown: dict[tuple[int, int | None], int] = {}

    def new(self) -> list[Result]:
        """Give the answers not given before, the earliest first."""
        found = [
            result
            for result in queries.answered_since(self._database, self._since)
            if (result.id, result.recognized_ms) not in self._shown
        ]
        self._shown.update({(one.id, one.recognized_ms): one.recognized_ms or 0 for one in found})
        if self._shown:
            self._since = max(self._since, max(self._shown.values()) - self._OVERLAP_MS)
            self._shown = {key: when for key, when in self._shown.items() if when >= self._since}
        return found
