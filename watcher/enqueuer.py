"""Enqueue rows: new ones at once, and again those whose message the broker lost."""

import time
from collections.abc import Callable

import structlog

from broker.client import Client
from db import intake
from db.engine import Database
from watcher.resends import LONGEST_IN_QUEUE, LONGEST_PAUSE, Resends

_log = structlog.get_logger()


class Enqueuer:
    """Enqueues the rows that the ledger has queued for one folder.

    Logs the loss of the broker once, and its return.
    """

    def __init__(
        self, database: Database, client: Client, folder: str, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._client = client
        self._folder = folder
        self._clock = clock
        self._resends = Resends()
        self._lost = False

    def enqueue(self, ids: list[int]) -> None:
        """Enqueue new rows. While the broker is lost they wait for `reconcile`."""
        if ids:
            self._announce(lost=not self._client.enqueue(ids))

    def reconcile(self) -> None:
        """Enqueue the folder's rows that wait in the ledger although no message waits. Raises DatabaseUnavailable.

        While messages wait, as they always do under steady load, only rows that later ones have overtaken. Claimed rows
        are left out. A row that is enqueued twice is read once. One that still gets no answer is enqueued ever more
        seldom.
        """
        waiting = self._client.waiting()
        if self._lost and self._client.trouble():
            return
        self._announce(lost=waiting is None)
        if waiting is None:
            self._resends = Resends()  # what was enqueued may be lost with the broker
            return
        intake.mend_times(self._database)
        find = intake.overtaken if waiting else intake.owed
        owed = find(self._database, self._folder)
        longest = LONGEST_IN_QUEUE if waiting else LONGEST_PAUSE
        fresh, tried = self._due(owed.fresh, longest), self._due(owed.tried, longest)
        self.enqueue(fresh)
        self._client.enqueue_alone(tried)
        if fresh or tried:
            _log.info("enqueued again", fresh=len(fresh), tried=len(tried))

    def _due(self, ids: list[int], longest: float) -> list[int]:
        now = self._clock()
        self._resends.forget_old(now=now)
        return self._resends.due(ids, now=now, longest=longest)

    def _announce(self, *, lost: bool) -> None:
        if lost and not self._lost:
            _log.error("the broker is lost, files wait in the ledger until it is back", why=str(self._client.lost))
        elif self._lost and not lost:
            _log.info("the broker is back")
        self._lost = lost
